"""The point in which the three planes of a case meet, and its lines in the picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast
from weakref import ref

import numpy as np
from qtpy.QtCore import QObject, Signal

from napari_cpam_stroke.core.arrays import Floats
from napari_cpam_stroke.widgets.viewer.layers import CaseLayers
from napari_cpam_stroke.widgets.viewer.placement import Placement

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Vectors

CROSS_HAIR = "Cross-hair"
COLOUR, WIDTH, OPACITY = "#f0e442", 1.0, 0.7
"""Width in voxels."""


class CrossHair(QObject):
    """Where the planes meet: napari's own point of all three axes, so that its slider and F7 go through it.

    Signals
    -------
    moved
        It lies elsewhere, or on another case.
    """

    moved = Signal()

    def __init__(self, viewer: ViewerModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._viewer_ref = ref(viewer)
        self._layers: CaseLayers | None = None
        self._shown = False

    def attach(self, layers: CaseLayers) -> None:
        """Begin in the middle of a case."""
        self._layers = layers
        viewer = self._viewer_ref()
        if viewer is not None:
            viewer.dims.events.current_step.connect(self._on_step)
        self.show(on=self._shown)

    def detach(self) -> None:
        """Forget the case; the lines go with it."""
        viewer = self._viewer_ref()
        if viewer is not None and self._layers is not None:
            viewer.dims.events.current_step.disconnect(self._on_step)
        self._layers = None

    @property
    def index(self) -> tuple[float, float, float]:
        """The displayed index (z, y, x), inside the series."""
        viewer, layers = self._viewer_ref(), self._layers
        if viewer is None or layers is None:
            return (0.0, 0.0, 0.0)
        here = layers.original.world_to_data(viewer.dims.point[-3:])
        z, y, x = np.clip(np.round(here), 0, np.array(layers.volume.shape) - 1)
        return (float(z), float(y), float(x))

    def move(self, index: Sequence[float]) -> None:
        """Let the planes meet at a displayed index (z, y, x)."""
        viewer, layers = self._viewer_ref(), self._layers
        if viewer is None or layers is None:
            return
        world = layers.original.data_to_world(np.clip(np.round(index), 0, np.array(layers.volume.shape) - 1))
        axes = range(viewer.dims.ndim - 3, viewer.dims.ndim)
        viewer.dims.set_point(list(axes), [float(v) for v in world[-3:]])

    def move_to_mouse(self, native: tuple[int, int, int] | None) -> None:
        """Let the planes meet at a native voxel (z, y, x), None: beside the series."""
        if native is not None and self._layers is not None:
            self.move(self._layers.turned_index(native))

    def show(self, *, on: bool) -> None:
        """Draw the lines in the picture, or not."""
        self._shown = on
        layers = self._layers
        if layers is None:
            return
        if on and CROSS_HAIR not in layers.extra:
            layers.show_extra(CROSS_HAIR, self._make, above=True)
        elif not on:
            layers.hide_extra(CROSS_HAIR)
        self.moved.emit()

    def _make(self, viewer: ViewerModel, place: Placement) -> Vectors:
        return viewer.add_vectors(
            self._lines(), name=CROSS_HAIR, edge_color=COLOUR, edge_width=WIDTH, opacity=OPACITY, vector_style="line",
            **place,
        )  # fmt: skip

    def _lines(self) -> Floats:
        """Return (3, 2, 3): start and direction of the line along each axis (z, y, x)."""
        assert self._layers is not None  # noqa: S101 - asked only while a case is open
        ends = np.array(self._layers.volume.shape) - 1.0
        lines = np.zeros((3, 2, 3))
        for axis, length in enumerate(ends):
            lines[axis, 0] = self.index
            lines[axis, 0, axis], lines[axis, 1, axis] = 0, length
        return lines

    def _on_step(self, _: object = None) -> None:
        layers = self._layers
        if layers is not None and CROSS_HAIR in layers.extra:
            cast("Vectors", layers.extra[CROSS_HAIR]).data = self._lines()
        self.moved.emit()
