"""What is dropped on the window of an open room: DICOM goes to the room without a question, all else to napari."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import QEvent, QObject, Qt, QTimer
from qtpy.QtGui import QDropEvent, QGuiApplication
from qtpy.QtWidgets import QLineEdit, QMainWindow, QWidget

from napari_cpam_stroke.widgets.reading.likely_dicom import may_be_dicom
from napari_cpam_stroke.widgets.reading.opening import Opener

DRAGS = (QEvent.Type.DragEnter, QEvent.Type.DragMove)


class Drops(QObject):
    """Sees drops on the window before napari does. With Alt held, napari asks for a reader as it always does.

    Parameters
    ----------
    main
        The window; from now on it takes drops wherever no part of it does, on the docks too.
    canvas
        napari's part of it that opens what is dropped.
    opener
        Opens what looks like DICOM.
    """

    def __init__(self, main: QMainWindow, canvas: QWidget, opener: Opener) -> None:
        super().__init__(main)
        self._main, self._canvas, self._opener = main, canvas, opener
        main.setAcceptDrops(True)
        inside = [part for part in canvas.findChildren(QWidget) if part.acceptDrops()]
        for part in (main, canvas, *inside):
            if not isinstance(part, QLineEdit):
                part.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Take what looks like DICOM, and hand to napari what was dropped beside its own part."""
        if event.type() in DRAGS and watched is self._main and event.mimeData().hasUrls():
            event.acceptProposedAction()
            return True
        if event.type() != QEvent.Type.Drop or not event.mimeData().hasUrls():
            return False
        paths = _dicom_paths(event)
        if paths:
            event.acceptProposedAction()
            QTimer.singleShot(0, lambda: self._opener.open_paths(paths))  # the other program waits for this drop
        elif watched is self._main:
            self._canvas.dropEvent(event)
        return bool(paths) or watched is self._main


def _dicom_paths(event: QDropEvent) -> list[Path]:
    """Return what was dropped if all of it looks like DICOM, else nothing."""
    if QGuiApplication.keyboardModifiers() & Qt.KeyboardModifier.AltModifier:
        return []
    urls = event.mimeData().urls()
    paths = [Path(url.toLocalFile()) for url in urls if url.isLocalFile()]
    try:
        return paths if len(paths) == len(urls) and all(map(may_be_dicom, paths)) else []
    except OSError:
        return []
