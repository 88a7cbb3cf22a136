"""Drawing only where its effect can be seen: off in the 3D view; napari sees to hidden layers itself."""

from __future__ import annotations

from qtpy.QtCore import QObject, QTimer, Signal

from napari_cpam_stroke.widgets.viewer.layers import CaseLayers

DRAWING = {"paint", "erase", "fill", "polygon"}
"""napari's modes of a Labels layer that change pixels."""

IN_3D = "Drawing is off in the 3D view, where its effect cannot be seen; Ctrl+Y shows the slices again."


class DrawingGuard(QObject):
    """Takes napari's brush away where it would draw unseen, and gives it back afterwards.

    Signals
    -------
    said
        Why drawing is off; empty once it is on again.
    """

    said = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._layers: CaseLayers | None = None
        self._taken = ""

    def attach(self, layers: CaseLayers) -> None:
        """Guard a case."""
        self._layers, self._taken = layers, ""
        for event in (layers.reading.events.mode, layers.turned_to):
            event.connect(self._on_change)

    def detach(self) -> None:
        """Forget the case."""
        layers, self._layers = self._layers, None
        if layers is not None:
            for event in (layers.reading.events.mode, layers.turned_to):
                event.disconnect(self._on_change)

    @property
    def reason(self) -> str:
        """Why drawing is off; empty where it is on."""
        return "" if self._layers is None or self._layers.flat else IN_3D

    def _on_change(self, _: object = None) -> None:
        """Look once napari has told everyone of the change, or its buttons would show what is no longer so."""
        QTimer.singleShot(0, self._follow)

    def _follow(self) -> None:
        if self._layers is None:
            return
        reading, reason = self._layers.reading, self.reason
        if reason and str(reading.mode) in DRAWING:
            self._taken = str(reading.mode)
            reading.mode = "pan_zoom"
            self.said.emit(reason)
        elif not reason and self._taken:
            reading.mode, self._taken = self._taken, ""
            self.said.emit("")
