"""The reading room as a whole: docks in their places, keys, closing, and the doors other modules come in by.

`open_room(viewer)` docks everything and returns the `ReviewSession` (see `session` for what scripts may call).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import ref

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QByteArray, QEvent, QObject, QTimer
from qtpy.QtWidgets import QDockWidget, QMainWindow, QMessageBox, QWidget

from napari_cpam_stroke.dicom import is_mask
from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.samples.installed import installed_stroke_case
from napari_cpam_stroke.widgets.docks.room_docks import DOCKS, room_docks
from napari_cpam_stroke.widgets.reading.drops import Drops
from napari_cpam_stroke.widgets.reading.imported_masks import NO_CASE
from napari_cpam_stroke.widgets.reading.keys import bind_keys
from napari_cpam_stroke.widgets.reading.session import ReviewSession, session_of
from napari_cpam_stroke.widgets.viewer import compat
from napari_cpam_stroke.widgets.viewer.layers import PLACEHOLDER
from napari_cpam_stroke.widgets.viewer.placement import placement
from napari_cpam_stroke.widgets.viewer.three_layers import ORIGINAL

if TYPE_CHECKING:
    from magicgui.widgets import Widget
    from napari.viewer import Viewer

PlainLayer = tuple[NDArray[np.int16], dict[str, object], str]
"""Layer data as napari takes it from a reader: HU (Z, Y, X), settings, kind of layer."""


def open_room(viewer: Viewer) -> ReviewSession:
    """Dock everything that is not docked yet, in its place, and return the session; hidden docks stay hidden."""
    own = compat.unwrapped(viewer)
    session = session_of(own)
    new = room_docks(session).put_up()
    if len(new) == len(DOCKS):
        _restore(compat.main_window(own), session)
    _keep_watch(own, session)
    return session


def show_room(viewer: Viewer) -> ReviewSession:
    """Open the room and bring every dock back that was hidden or closed."""
    session = open_room(viewer)
    QTimer.singleShot(0, room_docks(session).bring_back)  # after they stand as they were left, hidden ones hidden
    return session


def show_dock(name: str, viewer: Viewer) -> None:
    """Show one dock in its place; each works alone."""
    own = compat.unwrapped(viewer)
    session = session_of(own)
    room_docks(session).show(name)
    _keep_watch(own, session)


def put_behind(form: Widget, name: str) -> Widget:
    """Return a form that, once napari has docked it, shares the place of one of our docks where that is open."""

    def share() -> None:
        dock = form.native.parent()
        if isinstance(dock, QDockWidget):
            ours = dock.window().findChild(QDockWidget, DOCKS[name][1])
            if ours is not None and ours.isVisible():
                dock.window().tabifyDockWidget(ours, dock)
                QTimer.singleShot(0, dock.raise_)  # Qt puts it behind first

    QTimer.singleShot(0, share)
    return form


def ask_for_folder(viewer: Viewer) -> None:
    """Open the room and let the reader choose a folder."""
    open_room(viewer).folder_wanted.emit()


def open_in_current_viewer(paths: Sequence[Path]) -> bool:
    """Open paths in the room of the viewer in front, with those named just before; return False where there is none."""
    import napari

    viewer = napari.current_viewer()
    if viewer is None:
        return False
    session = open_room(viewer)
    if not (len(paths) == 1 and is_mask(paths[0]) and _offer_mask(session, paths[0])):
        session.opener.join_paths(paths)
    return True


def plain_layer(paths: Sequence[Path]) -> PlainLayer:
    """Return the CT of some paths as layer data, for napari without a window."""
    from napari_cpam_stroke.dicom import read_series, scan_paths

    report = scan_paths(paths)
    if report.proposed is None:
        raise InputError(f"No readable head CT series in {paths[0]}", remedy="see cpam-stroke series")
    volume = read_series(report.proposed)
    place = placement(volume, (False, False, False))
    return (volume.hu, {"name": ORIGINAL, "contrast_limits": (0, 80), "colormap": "gray", **place}, "image")


def open_sample() -> list[PlainLayer]:
    """Write the synthetic stroke case where it is not there yet, and open it."""
    import napari

    folder = installed_stroke_case()
    layer = plain_layer([folder])
    viewer = napari.current_viewer()
    if viewer is not None:
        layer[1]["metadata"] = {PLACEHOLDER: True}
        open_room(viewer).open_path(folder)
    return [layer]


def _keep_watch(viewer: Viewer, session: ReviewSession) -> None:
    main = compat.main_window(viewer)
    bind_keys(viewer, session)
    watch_window(main, session)
    if main.findChild(Drops) is None:
        offer = partial(_offer_mask, session)
        Drops(main, compat.canvas_part(viewer), open_paths=session.opener.open_paths, offer_mask=offer)
        session.mask_wanted.connect(partial(_take_mask, session))


def _offer_mask(session: ReviewSession, path: Path) -> bool:
    """Ask what becomes of a mask of the open case; return False without one."""
    if session.review is None:
        return False
    docks = room_docks(session)
    QTimer.singleShot(0, lambda: docks.history.ask_for_mask(path))
    return True


def _take_mask(session: ReviewSession, path: Path) -> None:
    """Ask what becomes of a mask that was chosen; without a case say what to do."""
    if not _offer_mask(session, path):
        session.warn(NO_CASE)


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
            if not self._session.given_up:
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
        docks = room_docks(session)
        QTimer.singleShot(0, lambda: docks.restore(QByteArray.fromHex(state.encode())))
