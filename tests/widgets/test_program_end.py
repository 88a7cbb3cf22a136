"""However a program with a room ends, it ends without a fault: nothing of ours is asked after Qt took it away."""

from __future__ import annotations

import subprocess
import sys

import pytest

ROOM = """
import napari
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QApplication
from napari_cpam_stroke.widgets.room import open_room

viewer = napari.Viewer()
session = open_room(viewer)
session.wait()
"""

ENDS = {
    "the window is closed": "QTimer.singleShot(300, viewer.close); napari.run(force=True)",
    "the application ends": "QTimer.singleShot(300, QApplication.quit); napari.run(force=True)",
    "a script is done": "session.close_case(ask=False)",
}


@pytest.mark.window
@pytest.mark.parametrize("end", ENDS)
def test_a_program_with_a_room_ends_without_a_fault(end: str) -> None:
    program = [sys.executable, "-c", ROOM + ENDS[end]]
    done = subprocess.run(program, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Traceback" not in done.stderr


FAILS = """
def day():
    import napari
    from napari_cpam_stroke.samples.installed import installed_stroke_case
    from napari_cpam_stroke.widgets.room import open_room

    session = open_room(napari.Viewer())
    session.open_path(installed_stroke_case())
    session.wait()
    yield 1 / 0

for _ in day():
    pass
"""


@pytest.mark.window
def test_a_script_that_fails_with_a_room_open_says_its_own_fault_alone() -> None:
    done = subprocess.run([sys.executable, "-c", FAILS], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 1, done.stderr[-2000:]
    assert done.stderr.rstrip().endswith("ZeroDivisionError: division by zero")
