"""Whether a window can be opened here, found out in another process: a broken Qt or GL may end the one that asks."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec

from napari_cpam_stroke.errors import add_extra

PROBE_SECONDS = 90

LINUX_PACKAGES = (
    "libgl1 libegl1 libgl1-mesa-dri libglib2.0-0 libfontconfig1 libdbus-1-3 libxkbcommon-x11-0 libxcb-icccm4 "
    "libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render-util0 libxcb-shape0 libxcb-xinerama0"
)
"""What napari's window needs on a bare Debian or Ubuntu."""

NEEDS_DISPLAY = (
    f"a window needs a display (DISPLAY or WAYLAND_DISPLAY) and, on Debian or Ubuntu: apt-get install {LINUX_PACKAGES}"
)
NEEDS_NAPARI = f"a window needs napari with Qt; {add_extra('pyqt5')}"

NO_SCREEN = ("offscreen", "minimal", "vnc", "linuxfb")
"""Qt platforms on which nobody sees a window."""

PROBE = """
import napari.viewer
import napari.qt
from OpenGL.GL import GL_VERSION, glGetString
from qtpy.QtGui import QOffscreenSurface, QOpenGLContext
from qtpy.QtWidgets import QApplication
app = QApplication([])
surface = QOffscreenSurface()
surface.create()
context = QOpenGLContext()
drawing = context.create() and context.makeCurrent(surface) and glGetString(GL_VERSION)
raise SystemExit(0 if drawing else 3)
"""


@dataclass(frozen=True)
class WindowCheck:
    """Whether a window can be opened; if not, what it needs, as a clause without a full stop."""

    possible: bool
    needs: str = ""


def check_window() -> WindowCheck:
    """Find out whether napari can open a window here; nothing is imported into this process."""
    if find_spec("napari") is None or find_spec("qtpy") is None:
        return WindowCheck(possible=False, needs=NEEDS_NAPARI)
    if not _has_screen():
        return WindowCheck(possible=False, needs=NEEDS_DISPLAY)
    try:
        probe = [sys.executable, "-c", PROBE]
        done = subprocess.run(probe, capture_output=True, timeout=PROBE_SECONDS, check=False)  # noqa: S603 - our own code
    except (OSError, subprocess.TimeoutExpired):
        return WindowCheck(possible=False, needs=NEEDS_DISPLAY)
    return WindowCheck(possible=True) if done.returncode == 0 else WindowCheck(possible=False, needs=NEEDS_DISPLAY)


def _has_screen() -> bool:
    """Whether there is anything to try: no Qt platform without a screen, and on Linux a display server."""
    if os.environ.get("QT_QPA_PLATFORM", "").partition(":")[0] in NO_SCREEN:
        return False
    served = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return not sys.platform.startswith("linux") or bool(served)
