"""What the project depends on may be handed on: copyleft that reaches the whole program comes with the window alone."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "dependencies.md"
WINDOW = "`[pyqt5]`: the window"
REACHES_THE_PROGRAM = re.compile(r"\b(A?GPL|GNU (Affero )?General)")


def parts() -> dict[str, list[str]]:
    """Return the rows of the page by the part of the project that needs them."""
    _, *found = PAGE.read_text(encoding="utf-8").split("\n## ")
    return {part.partition("\n")[0]: [row for row in part.splitlines()[4:] if row] for part in found}


def test_the_page_is_what_is_installed():
    script = ROOT / ".ci" / "make_licences.py"
    made = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True).stdout
    assert PAGE.read_text(encoding="utf-8") == made, "make it anew: python .ci/make_licences.py > docs/dependencies.md"


def test_only_the_window_brings_the_gpl():
    reaching = {part: [row for row in rows if REACHES_THE_PROGRAM.search(row)] for part, rows in parts().items()}
    assert [row.split("|")[1].strip() for row in reaching.pop(WINDOW)] == ["pyqt5"]
    assert not any(reaching.values()), reaching


def test_every_package_says_its_licence():
    unknown = [row for rows in parts().values() for row in rows if row.split("|")[2].strip() in ("", "UNKNOWN")]
    assert not unknown
