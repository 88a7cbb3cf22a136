"""The house rules that a machine can check: style, types, direction of imports."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = Path(sys.executable).parent

CHECKS = {
    "ruff check": ["ruff", "check", "--no-cache", "."],
    "ruff format": ["ruff", "format", "--no-cache", "--check", "."],
    "import contracts": ["lint-imports", "--no-cache"],
    "types": ["mypy", "--no-incremental"],
    "spelling": ["typos"],
}


@pytest.mark.parametrize("name", CHECKS)
@pytest.mark.timeout(600)
def test_house_rule(name: str) -> None:
    tool, *arguments = CHECKS[name]
    done = subprocess.run([str(SCRIPTS / tool), *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{name} found faults:\n{done.stdout[-4000:]}{done.stderr[-2000:]}"


MOVED = re.compile(r"\b\w*viewer\.(camera|scene|canvas|axes|scale_bar|text_overlay|grid|_?overlays)\b")
BINDING = re.compile(r"\b(import|from) (PyQt5|PyQt6|PySide2|PySide6)\b")


def test_what_moved_in_napari_is_named_in_one_file_and_no_qt_binding_anywhere() -> None:
    sources = {path: path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py")}
    assert [path.name for path, text in sources.items() if MOVED.search(text)] == ["compat.py"]
    assert [path.name for path, text in sources.items() if BINDING.search(text)] == []
