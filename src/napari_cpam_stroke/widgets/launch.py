"""napari with the reading room on one path, from the command line."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from napari_cpam_stroke.errors import CpamError
from napari_cpam_stroke.widgets.viewer import compat

if TYPE_CHECKING:
    from napari.viewer import Viewer

    from napari_cpam_stroke.widgets.reading.session import ReviewSession

WINDOW_SIZE = (1600, 950)
"""Pixels of the window on a screen that has more; on a smaller one it fills the screen."""
SETTLE_MS = 600
"""Time for the docks to draw themselves before a picture is taken."""


def open_window(
    path: Path,
    *,
    run_models: bool = False,
    model: str | None = None,
    device: str | None = None,
    screenshot: Path | None = None,
    own_folder: Path | None = None,
) -> None:
    """Open a window with all docks on what lies at a path, and stay until it is closed.

    Parameters
    ----------
    run_models
        Run the model at once.
    model, device
        From now on; None: as chosen before.
    screenshot
        Save a picture of the whole window there and close it instead of staying.
    own_folder
        Keep settings and readings there and leave the user's own as they are.

    Raises
    ------
    CpamError
        If a picture was wanted and no case could be shown, or the model failed.
    """
    if sys.platform == "win32" and run_models:
        import torch  # noqa: F401 - before Qt: on Windows the other order fails to load torch's libraries
    import napari

    viewer = napari.Viewer(title="CPAM stroke", show_welcome_screen=False)
    _fit_screen(viewer)
    session = _room(viewer, own_folder)
    session.models.choose(ref=model, device=device)
    session.open_path(path, wait=screenshot is not None or run_models)
    if run_models and session.review is not None:
        _run_models(session)
    if screenshot is None:
        napari.run()
        return
    failure = session.models.last_failure if session.review is not None else f"No series in {path} can be shown."
    _take_picture(viewer, screenshot)
    session.ask = lambda *_: "discard"
    viewer.close()
    if failure:
        raise CpamError(failure.rstrip("."))


def _fit_screen(viewer: Viewer) -> None:
    main = compat.main_window(viewer)
    room = main.screen().availableGeometry()
    viewer.window.resize(*WINDOW_SIZE)
    if room.width() < WINDOW_SIZE[0] or room.height() < WINDOW_SIZE[1]:
        main.move(room.topLeft())
        main.showMaximized()


def _room(viewer: Viewer, own_folder: Path | None) -> ReviewSession:
    from napari_cpam_stroke.widgets.reading.settings import SettingsFile
    from napari_cpam_stroke.widgets.room import open_room

    session = open_room(viewer)
    if own_folder is not None:
        session.settings = SettingsFile(own_folder / "room.json", trouble=session.fail)
        session.records.move(str(own_folder / "annotations"), ask=False)
    return session


def _run_models(session: ReviewSession) -> None:
    """Run the model, and go to the slice with most of what it marked."""
    session.models.run(wait=True)
    prediction = session.models.prediction
    if prediction is not None and prediction.mask.any():
        session.go_to_slice(int((prediction.mask > 0).sum(axis=(1, 2)).argmax()))


def _take_picture(viewer: Viewer, path: Path) -> None:
    from qtpy.QtTest import QTest

    QTest.qWait(SETTLE_MS)
    path.parent.mkdir(parents=True, exist_ok=True)
    viewer.window.screenshot(str(path), canvas_only=False, flash=False)
