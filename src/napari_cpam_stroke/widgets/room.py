"""The reading room as a whole: docks in their places, keys, closing, and the doors other modules come in by.

`open_room(viewer)` docks everything and returns the `ReviewSession` (see `session` for what scripts may call).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from weakref import ref

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QByteArray, QEvent, QObject, Qt, QTimer
from qtpy.QtWidgets import QDockWidget, QMainWindow, QMessageBox, QWidget

from napari_cpam_stroke.samples.installed import installed_stroke_case
from napari_cpam_stroke.widgets.docks.cases import CasesDock
from napari_cpam_stroke.widgets.docks.correct import CorrectDock
from napari_cpam_stroke.widgets.docks.findings import FindingsDock
from napari_cpam_stroke.widgets.docks.history import HistoryDock
from napari_cpam_stroke.widgets.docks.models import ModelsDock
from napari_cpam_stroke.widgets.docks.window import WindowDock
from napari_cpam_stroke.widgets.reading.keys import bind_keys
from napari_cpam_stroke.widgets.reading.session import ReviewSession, session_of
from napari_cpam_stroke.widgets.viewer import compat
from napari_cpam_stroke.widgets.viewer.layers import PLACEHOLDER
from napari_cpam_stroke.widgets.viewer.placement import placement
from napari_cpam_stroke.widgets.viewer.three_layers import ORIGINAL

if TYPE_CHECKING:
    from napari.viewer import Viewer

PlainLayer = tuple[NDArray[np.int16], dict[str, object], str]
"""Layer data as napari takes it from a reader: HU (Z, Y, X), settings, kind of layer."""

DOCKS: dict[str, tuple[type[QWidget], str, str]] = {
    "cases": (CasesDock, "Cases", "left"),
    "window": (WindowDock, "Window and view", "left"),
    "findings": (FindingsDock, "Findings", "right"),
    "models": (ModelsDock, "AI models", "right"),
    "history": (HistoryDock, "History and export", "right"),
    "correct": (CorrectDock, "Correct and save", "bottom"),
}
"""Name in commands: class, title as in the manifest, area."""

LEFT_WIDTH, RIGHT_WIDTH = 250, 300


def make_dock(name: str, viewer: Viewer) -> QWidget:
    """Return one dock for a viewer; each works alone."""
    session = session_of(viewer)
    bind_keys(compat.unwrapped(viewer), session)
    kind = DOCKS[name][0]
    return kind(session)


def open_room(viewer: Viewer) -> ReviewSession:
    """Dock everything that is not docked yet, in its place, and return the session."""
    own = compat.unwrapped(viewer)
    session = session_of(own)
    docked = own.window.dock_widgets
    made: dict[str, QDockWidget] = {}
    for name, (_, title, area) in DOCKS.items():
        if title not in docked:
            made[name] = own.window.add_dock_widget(make_dock(name, own), name=title, area=area)
    if made:
        main = next(iter(made.values())).window()
        _arrange(main, made)
        if len(made) == len(DOCKS):
            _restore(main, session)
        watch_window(main, session)
    return session


def ask_for_folder(viewer: Viewer) -> None:
    """Open the room and let the reader choose a folder."""
    open_room(viewer)
    docked = compat.unwrapped(viewer).window.dock_widgets
    docked[DOCKS["cases"][1]].ask_for_folder()


def open_in_current_viewer(path: Path | str) -> bool:
    """Open a path in the room of the viewer in front; return False where there is none."""
    import napari

    viewer = napari.current_viewer()
    if viewer is None:
        return False
    open_room(viewer).open_path(path)
    return True


def plain_layer(path: Path | str) -> PlainLayer:
    """Return the CT of a path as layer data, for napari without a window."""
    from napari_cpam_stroke.dicom import read_series, scan_folder
    from napari_cpam_stroke.errors import InputError

    report = scan_folder(path)
    if report.proposed is None:
        raise InputError(f"No readable head CT series in {path}", remedy="see cpam-stroke series")
    volume = read_series(report.proposed)
    place = placement(volume, (False, False, False))
    return (volume.hu, {"name": ORIGINAL, "contrast_limits": (0, 80), "colormap": "gray", **place}, "image")


def open_sample() -> list[PlainLayer]:
    """Write the synthetic stroke case where it is not there yet, and open it."""
    import napari

    folder = installed_stroke_case()
    layer = plain_layer(folder)
    viewer = napari.current_viewer()
    if viewer is not None:
        layer[1]["metadata"] = {PLACEHOLDER: True}
        open_room(viewer).open_path(folder)
    return [layer]


def watch_window(main: QMainWindow, session: ReviewSession) -> None:
    """Ask about unsaved work when the window closes, and let go of everything after it."""
    if main.findChild(WindowWatch) is None:
        here = session.main_window = ref(main)
        session.ask = lambda question, answers: ask_reader(here(), question, answers)
        main.installEventFilter(WindowWatch(main, session))
        main.destroyed.connect(session.shut)


class WindowWatch(QObject):
    """Sees the main window close."""

    def __init__(self, main: QMainWindow, session: ReviewSession) -> None:
        super().__init__(main)
        self._session = session

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Keep the window open where the reader wants to stay; without a visible window keep a draft."""
        if event.type() == QEvent.Type.Close and isinstance(watched, QMainWindow):
            if watched.isVisible() and not self._session.may_leave():
                event.ignore()
                return True
            self._session.drafts.keep()
            state = bytes(watched.saveState()).hex()
            self._session.settings.change(window_state=f"{watched.width()}x{watched.height()} {state}")
        return False


def ask_reader(parent: QWidget | None, question: str, answers: tuple[str, ...]) -> str:
    """Ask and return one of the answers; closing the question counts as the last one."""
    box = QMessageBox(QMessageBox.Icon.Question, "CPAM stroke", question, parent=parent)
    buttons = {box.addButton(answer, QMessageBox.ButtonRole.ActionRole): answer for answer in answers}
    box.setEscapeButton(list(buttons)[-1])
    box.exec_() if hasattr(box, "exec_") else box.exec()
    return buttons.get(box.clickedButton(), answers[-1])


def _restore(main: QMainWindow, session: ReviewSession) -> None:
    """Put the docks back as the reader left them, in a window of the same size."""
    size, _, state = session.settings.values.window_state.partition(" ")
    if state and size == f"{main.width()}x{main.height()}":
        QTimer.singleShot(0, lambda: main.restoreState(QByteArray.fromHex(state.encode())))


def _arrange(main: QMainWindow, made: dict[str, QDockWidget]) -> None:
    """Put our docks beside napari's own, which stay one click away as tabs of Cases."""
    for dock in made.values():
        dock.setMinimumSize(0, 0)  # Qt fixed the size its content had before napari's style was on it
    own = {dock.objectName(): dock for dock in main.findChildren(QDockWidget)}
    main.setCorner(Qt.Corner.BottomLeftCorner, Qt.DockWidgetArea.LeftDockWidgetArea)
    if "cases" in made:
        for theirs in ("layer list", "layer controls"):
            if theirs in own:
                main.tabifyDockWidget(made["cases"], own[theirs])
        QTimer.singleShot(0, made["cases"].raise_)
    if "findings" in made and "history" in made:
        main.tabifyDockWidget(made["findings"], made["history"])
        QTimer.singleShot(0, made["findings"].raise_)
    for names, width in ((("cases", "window"), LEFT_WIDTH), (("findings", "models"), RIGHT_WIDTH)):
        docks = [made[name] for name in names if name in made]
        main.resizeDocks(docks, [width] * len(docks), Qt.Orientation.Horizontal)
        main.resizeDocks(docks, [400, 200], Qt.Orientation.Vertical)
