from __future__ import annotations

import subprocess
import sys

import pytest

import napari_cpam_stroke

from .conftest import Run

COMMANDS = [
    "demo", "open", "series", "predict", "models list", "models show", "models import", "models verify", "models use",
    "models rollback", "store check", "store export", "store import",
]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(run: Run, command: str) -> None:
    done = run(*command.split(), "--help")
    assert done.code == 0
    assert "Usage" in done.out


def test_version(run: Run) -> None:
    done = run("--version")
    assert done.code == 0
    assert napari_cpam_stroke.__version__ in done.out


def test_a_wrong_option_is_two(run: Run) -> None:
    assert run("series", "--nothing").code == 2
    assert run("predict", "somewhere").code == 2


def test_help_loads_nothing_heavy() -> None:
    program = (
        "import sys\nfrom napari_cpam_stroke.cli import app\n"
        "try: app(['predict', '--help'])\nexcept SystemExit: pass\n"
        "heavy = {'torch', 'numpy', 'pydicom', 'skimage', 'sqlalchemy', 'napari', 'qtpy'} & set(sys.modules)\n"
        "raise SystemExit(f'loaded {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
