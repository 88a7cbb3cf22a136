"""What is dropped on the window of an open room: DICOM goes to the room without a question, all else to napari."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from qtpy.QtCore import QEvent, QObject, Qt, QTimer
from qtpy.QtGui import QDropEvent, QGuiApplication
from qtpy.QtWidgets import QLineEdit, QMainWindow, QWidget

from napari_cpam_stroke.dicom import is_mask
from napari_cpam_stroke.widgets.reading.likely_dicom import may_be_dicom

DRAGS = (QEvent.Type.DragEnter, QEvent.Type.DragMove)


class Drops(QObject):
    """Sees drops on the window before napari does. With Alt held, napari asks for a reader as it always does.

    Parameters
    ----------
    main
        The window; from now on it takes drops wherever no part of it does, on the docks too.
    canvas
        napari's part of it that opens what is dropped.
    open_paths
        Opens what looks like DICOM.
    offer_mask
        Offers a mask for the open case; returns False where there is no case it could belong to.
    """

    def __init__(
        self,
        main: QMainWindow,
        canvas: QWidget,
        *,
        open_paths: Callable[[list[Path]], object],
        offer_mask: Callable[[Path], bool],
    ) -> None:
        super().__init__(main)
        self._main, self._canvas, self._open_paths, self._offer_mask = main, canvas, open_paths, offer_mask
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
        paths = _local_paths(event)
        taken = bool(paths) and (self._takes_mask(paths) or self._takes_dicom(paths))
        if taken:
            event.acceptProposedAction()
        elif watched is self._main:
            self._canvas.dropEvent(event)
        return taken or watched is self._main

    def _takes_mask(self, paths: list[Path]) -> bool:
        return len(paths) == 1 and is_mask(paths[0]) and self._offer_mask(paths[0])

    def _takes_dicom(self, paths: list[Path]) -> bool:
        try:
            ours = all(map(may_be_dicom, paths))
        except OSError:
            return False
        if ours:
            QTimer.singleShot(0, lambda: self._open_paths(paths))  # the other program waits for this drop
        return ours


def _local_paths(event: QDropEvent) -> list[Path]:
    """Return the files and folders that were dropped; nothing where others are among them, or Alt is held."""
    if QGuiApplication.keyboardModifiers() & Qt.KeyboardModifier.AltModifier:
        return []
    urls = event.mimeData().urls()
    paths = [Path(url.toLocalFile()) for url in urls if url.isLocalFile()]
    return paths if len(paths) == len(urls) else []
