"""Tells when a step of the Reading layer is undone or done again: napari itself does not."""

from __future__ import annotations

from collections.abc import Callable
from types import MethodType
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from napari_cpam_stroke.widgets.viewer.layers import CaseLayers

if TYPE_CHECKING:
    from napari.layers import Labels

STEPS = ("undo", "redo")


class UndoWatch(QObject):
    """Watches the layer of one case after the other, by key, by button or by script.

    Signals
    -------
    undone, redone
        The mask is as it was before, or after, a step.
    """

    undone = Signal()
    redone = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._layer: Labels | None = None

    def attach(self, layers: CaseLayers) -> None:
        """Watch a case."""
        self._layer = layers.reading
        for name, tell in zip(STEPS, (self.undone.emit, self.redone.emit), strict=True):
            setattr(self._layer, name, MethodType(_telling(name, tell), self._layer))

    def detach(self) -> None:
        """Let the layer go as napari made it."""
        if self._layer is not None:
            for name in STEPS:
                delattr(self._layer, name)
        self._layer = None


def _telling(name: str, tell: Callable[[], object]) -> Callable[[Labels], None]:
    def step(layer: Labels) -> None:
        getattr(type(layer), name)(layer)
        tell()

    return step
