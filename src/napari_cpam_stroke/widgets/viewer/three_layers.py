"""The three layers of a case in napari: made anew, or those of the case before showing this one."""

from __future__ import annotations

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

AI_CONTOUR = 2
"""Width in voxels; across slices one voxel is thick enough."""


@dataclass(frozen=True, eq=False)
class ThreeLayers:
    """The CT, the mask of the AI, and the mask that is edited."""

    original: Image
    ai: Labels
    reading: Labels


def make_layers(viewer: ViewerModel, series: TurnedSeries, reading: Mask, window: Window) -> ThreeLayers:
    """Add the layers of a series to a viewer.

    Parameters
    ----------
    reading
        uint8 (Z, Y, X) on native frames; the layer edits this very array.
    window
        First display window.
    """
    original: Image = viewer.add_image(
        series.turned(series.volume.hu), name=ORIGINAL, colormap="gray", contrast_limits=(window.low, window.high),
        interpolation2d="linear", metadata={CASE: series.volume.case_id}, **series.place,
    )  # fmt: skip
    original.contrast_limits_range = CT_RANGE_HU
    ai = _labels(viewer, series, np.zeros(series.volume.shape, dtype=np.uint8), name=AI)
    ai.contour = AI_CONTOUR
    mask = _labels(viewer, series, reading, name=READING)
    for layer in (original, ai, mask):
        compat.lock(layer)
    return ThreeLayers(original, ai, mask)


def reuse_layers(layers: ThreeLayers, series: TurnedSeries, reading: Mask) -> None:
    """Show a series in the layers of another one: napari takes long to remove a layer and to make one.

    Parameters
    ----------
    reading
        uint8 (Z, Y, X) on native frames; from now on the layer edits this very array.
    """
    empty = np.zeros(series.volume.shape, dtype=np.uint8)
    for layer, array in ((layers.original, series.volume.hu), (layers.ai, empty), (layers.reading, reading)):
        layer.data = series.turned(array)
        layer.scale, layer.translate = series.place["scale"], series.place["translate"]
    for layer in (layers.original, layers.ai, layers.reading):
        layer.metadata = {CASE: series.volume.case_id}
    forget_steps(layers.reading)


def forget_steps(layer: Labels) -> None:
    """Make napari forget the undo steps of a layer: they belong to pixels that are others now."""
    mode = layer.mode
    layer.editable = False  # the public way
    layer.editable, layer.mode = True, mode


def _labels(viewer: ViewerModel, series: TurnedSeries, mask: Mask, *, name: str) -> Labels:
    layer: Labels = viewer.add_labels(
        series.turned(mask), name=name, colormap=class_colormap(),
        metadata={CASE: series.volume.case_id}, **series.place,
    )  # fmt: skip
    edge_mask(layer, READING_OPACITY)
    return layer
