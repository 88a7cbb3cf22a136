"""What a hand points at in the picture, as prompts: clicks, boxes, scribbles and lassos."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING
from weakref import ref

import numpy as np
from qtpy.QtCore import QObject, Signal

from napari_cpam_stroke.prompting import Prompt, PromptKind
from napari_cpam_stroke.widgets.viewer.layers import CaseLayers
from napari_cpam_stroke.widgets.viewer.mouse import LEFT_BUTTON, RIGHT_BUTTON, Drag, MouseEvent

if TYPE_CHECKING:
    from napari.components import ViewerModel

STILL_PIXELS = 4.0
"""On the screen: a hand that clicks moves the mouse so far."""

REMOVES = "Shift"
"""Held with the left button it does what the right one does; napari leaves it free where nothing is drawn."""


class Gestures(QObject):
    """Reads the mouse while a kind of prompt is chosen.

    Parameters
    ----------
    allowed
        Asked at every press; False where nothing may be drawn.

    Attributes
    ----------
    kind
        What the next gesture is; None leaves the mouse to napari.

    Signals
    -------
    drawing
        The prompt as far as it is drawn.
    drawn
        The whole one, when the button is let go.
    """

    drawing = Signal(object)
    drawn = Signal(object)

    def __init__(self, viewer: ViewerModel, *, allowed: Callable[[], bool], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._viewer_ref, self._allowed = ref(viewer), allowed
        self._layers: CaseLayers | None = None
        self.kind: PromptKind | None = None

    def attach(self, layers: CaseLayers) -> None:
        """Work on a case."""
        self._layers = layers

    def detach(self) -> None:
        """Forget the case."""
        self.take(None)
        self._layers = None

    def take(self, kind: PromptKind | None) -> None:
        """Read the mouse for a kind of prompt from now on, or not any more."""
        viewer = self._viewer_ref()
        self.kind = kind
        if viewer is None:
            return
        callbacks = viewer.mouse_drag_callbacks
        if kind is not None and self._on_drag not in callbacks:
            callbacks.insert(0, self._on_drag)  # before windowing by the right button, which sees what is taken
        elif kind is None and self._on_drag in callbacks:
            callbacks.remove(self._on_drag)

    def _on_drag(self, _: ViewerModel, event: MouseEvent) -> Drag:
        layers, kind = self._layers, self.kind
        if layers is None or kind is None or event.button not in (LEFT_BUTTON, RIGHT_BUTTON) or not self._allowed():
            return
        adds = event.button == LEFT_BUTTON and REMOVES not in event.modifiers
        if kind is PromptKind.POINT:
            yield from self._click(layers, event, adds=adds)
        else:
            yield from self._stroke(layers, kind, event, adds=adds)

    def _click(self, layers: CaseLayers, event: MouseEvent, *, adds: bool) -> Drag:
        """Take a press that is let go where it was; a drag with the left button stays the camera's."""
        z, place, start = *_place(layers, event.position), np.asarray(event.pos, dtype=float)
        event.handled = event.button == RIGHT_BUTTON
        yield
        while event.type == "mouse_move":
            if np.linalg.norm(np.asarray(event.pos, dtype=float) - start) > STILL_PIXELS:
                return
            yield
        event.handled = True
        self.drawn.emit(Prompt(PromptKind.POINT, z, (place,), adds))

    def _stroke(self, layers: CaseLayers, kind: PromptKind, event: MouseEvent, *, adds: bool) -> Drag:
        z, place = _place(layers, event.position)
        path = [place]
        event.handled = True
        yield
        while event.type == "mouse_move":
            event.handled = True
            path.append(_place(layers, event.position)[1])
            if len(path) >= kind.places and layers is self._layers:
                self.drawing.emit(_prompt(kind, z, path, adds=adds))
            yield
        end = _place(layers, event.position)[1]
        path += [] if end == path[-1] else [end]  # napari hands on moves with a delay, the last not before this
        if layers is self._layers and len(path) >= kind.places:
            self.drawn.emit(_prompt(kind, z, path, adds=adds))


def _prompt(kind: PromptKind, z: int, path: Sequence[tuple[float, float]], *, adds: bool) -> Prompt:
    places = (path[0], path[-1]) if kind is PromptKind.BOX else tuple(path)
    return Prompt(kind, z, places, adds)


def _place(layers: CaseLayers, world: Sequence[float]) -> tuple[int, tuple[float, float]]:
    """Return the native slice and the (row, column), voxels, under a world position (..., z, y, x)."""
    shown = layers.original.world_to_data(tuple(world)[-3:])
    z, row, column = layers.turned_index([float(v) for v in shown])
    return round(z), (row, column)
