"""`open`: napari with the reading room, where a window can be opened."""

from __future__ import annotations

from pathlib import Path

from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.widgets.launch import open_window
from napari_cpam_stroke.window_check import check_window


def open_in_window(path: Path) -> None:
    """Open a path in the reading room and stay until the window is closed.

    Raises
    ------
    InputError
        If there is nothing at `path`, or no window can be opened here.
    """
    if not path.exists():
        raise InputError("There is no such file or folder", got=path, remedy="check the path")
    check = check_window()
    if not check.possible:
        remedy = f"{check.needs}; without one use cpam-stroke series and cpam-stroke predict"
        raise InputError("No window can be opened here", remedy=remedy)
    open_window(path)
