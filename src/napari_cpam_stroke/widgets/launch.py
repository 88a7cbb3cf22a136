"""napari with the reading room on one path, from the command line."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from napari_cpam_stroke.errors import SeriesError

WINDOW_SIZE = (1600, 950)
SETTLE_MS = 600
"""Time for the docks to draw themselves before a picture is taken."""


def open_window(
    path: Path,
    *,
    run_models: bool = False,
    model: str | None = None,
    device: str | None = None,
    screenshot: Path | None = None,
) -> None:
    """Open a window with all docks on what lies at a path, and stay until it is closed.

    Parameters
    ----------
    run_models
        Run the model at once.
    model, device
        For this run and later ones; None: as chosen before.
    screenshot
        Save a picture of the whole window there and close it instead of staying.

    Raises
    ------
    SeriesError
        If a picture was wanted and there is no case to show.
    """
    if sys.platform == "win32" and run_models:
        import torch  # noqa: F401 - before Qt: on Windows the other order fails to load torch's libraries
    import napari

    from napari_cpam_stroke.widgets.room import open_room

    viewer = napari.Viewer(title="CPAM stroke")
    viewer.window.resize(*WINDOW_SIZE)
    session = open_room(viewer)
    session.models.choose(ref=model, device=device)
    session.open_path(path, wait=screenshot is not None or run_models)
    if run_models and session.review is not None:
        session.models.run(wait=True)
        session.next_finding(1)
    if screenshot is None:
        napari.run()
        return
    opened = session.review is not None
    if opened:
        _take_picture(viewer, screenshot)
    session.ask = lambda _question, _answers: "discard"
    viewer.close()
    if not opened:
        raise SeriesError(f"No series in {path} can be shown", remedy=f"see cpam-stroke series {path}")


def _take_picture(viewer: Any, path: Path) -> None:
    from qtpy.QtTest import QTest

    QTest.qWait(SETTLE_MS)
    path.parent.mkdir(parents=True, exist_ok=True)
    viewer.window.screenshot(str(path), canvas_only=False, flash=False)
