"""The three layers of a case in napari: made anew, or those of the case before showing this one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_cpam_stroke.config import Window
from napari_cpam_stroke.core.arrays import Mask
from napari_cpam_stroke.widgets.viewer import compat
from napari_cpam_stroke.widgets.viewer.colours import class_colormap
from napari_cpam_stroke.widgets.viewer.mask_edges import edge_mask
from napari_cpam_stroke.widgets.viewer.turned import TurnedSeries

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image, Labels

ORIGINAL, AI, READING = "Original", "AI", "Reading"

CASE = "cpam_stroke_case"
"""Metadata key of the layers of a case: its case id."""

CT_RANGE_HU = (-1024.0, 3071.0)
READING_OPACITY = 0.35
"""Of the inside of filled masks."""

SLICED_DIMS = 3
AI_CONTOUR = 2
"""Width in voxels; across slices one voxel is thick enough."""


@dataclass(frozen=True, eq=False)
class ThreeLayers:
    """The CT, the mask of the AI, and the mask that is edited."""

    original: Image
    ai: Labels
    reading: Labels

    @property
    def all(self) -> tuple[Image, Labels, Labels]:
        """From the bottom to the top."""
        return (self.original, self.ai, self.reading)


def new_layers(series: TurnedSeries, reading: Mask, window: Window) -> ThreeLayers:
    """Make the layers of a series, in no viewer yet (any thread: the first ones of napari take long).

    Parameters
    ----------
    reading
        uint8 (Z, Y, X) on native frames; the layer edits this very array.
    window
        First display window.
    """
    from napari.layers import Image

    original = Image(
        series.turned(series.volume.hu), name=ORIGINAL, colormap="gray", contrast_limits=(window.low, window.high),
        interpolation2d="linear", metadata={CASE: series.volume.case_id}, rgb=False, multiscale=False, **series.place,
    )  # fmt: skip
    original.contrast_limits_range = CT_RANGE_HU
    ai = _labels(series, np.zeros(series.volume.shape, dtype=np.uint8), name=AI)
    ai.visible, ai.contour = False, AI_CONTOUR
    return ThreeLayers(original, ai, _labels(series, reading, name=READING))


def adding(viewer: ViewerModel, layers: ThreeLayers) -> Iterator[None]:
    """Add layers to a viewer, one for each step."""
    if viewer.dims.ndim < SLICED_DIMS:
        viewer.dims.ndim = SLICED_DIMS  # napari makes its sliders then, else with the first layer
        yield
    for layer in layers.all:
        for overlay in compat.drawing_overlays(layer):
            overlay.visible = False
        viewer.add_layer(layer)
        compat.lock(layer)
        yield
    for overlay in compat.drawing_overlays(layers.reading):  # nobody draws on the others
        overlay.visible = True
        yield


def reusing(layers: ThreeLayers, series: TurnedSeries, reading: Mask) -> Iterator[None]:
    """Show a series in the layers of another one, step by step: napari takes long to remove a layer and to make one.

    Parameters
    ----------
    reading
        uint8 (Z, Y, X) on native frames; from now on the layer edits this very array.

    Notes
    -----
    From the first step to the last, no mask is in sight and nothing can be drawn: two cases are never seen together.
    The undo steps of the case before are forgotten with it.
    """
    if layers.ai.visible:
        layers.ai.visible = False
        yield
    mode = layers.reading.mode
    layers.reading.opacity, layers.reading.editable = 0, False  # to hide it takes napari longer
    yield
    empty = np.zeros(series.volume.shape, dtype=np.uint8)
    shown = (series.turned(series.volume.hu), series.turned(empty), series.turned(reading))
    for layer, array in zip(layers.all, shown, strict=True):
        layer.data = array
        layer.metadata = {CASE: series.volume.case_id}
        yield
        layer.scale = series.place["scale"]
        yield
        layer.translate = series.place["translate"]
        yield
    forget_steps(layers.reading)
    layers.reading.mode, layers.reading.opacity = mode, 1.0


def forget_steps(layer: Labels) -> None:
    """Make napari forget the undo steps of a layer: they belong to pixels that are others now."""
    mode = layer.mode
    layer.editable = False  # the public way
    layer.editable, layer.mode = True, mode


def _labels(series: TurnedSeries, mask: Mask, *, name: str) -> Labels:
    from napari.layers import Labels

    layer = Labels(
        series.turned(mask), name=name, colormap=class_colormap(),
        metadata={CASE: series.volume.case_id}, multiscale=False, **series.place,
    )  # fmt: skip
    edge_mask(layer, READING_OPACITY)
    return layer
