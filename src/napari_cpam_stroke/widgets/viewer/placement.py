"""Where a turned volume lies in napari's world."""

from __future__ import annotations

from typing import TypedDict

import numpy as np

from napari_cpam_stroke.core import CTVolume


class Placement(TypedDict, total=False):
    """What napari is told of every layer of a case; `translate` and `units` only where the positions are known.

    Attributes
    ----------
    scale
        Step along (z, y, x) in mm; 1 without positions.
    translate
        LPS (z, y, x) in mm of the first displayed voxel.
    """

    scale: tuple[float, float, float]
    translate: tuple[float, float, float]
    units: tuple[str, str, str]
    axis_labels: tuple[str, str, str]


def placement(volume: CTVolume, flips: tuple[bool, bool, bool]) -> Placement:
    """Return scale, translate, units and axis names of a turned volume.

    Notes
    -----
    napari cannot slice sheared or uneven stacks, so z is shown with the median step; measurements never use this.
    World coordinates are LPS mm at the first displayed voxel.
    """
    geometry = volume.geometry
    if geometry is None:
        return {"scale": (1.0, 1.0, 1.0), "axis_labels": ("slice", "row", "column")}
    step = float(np.median(geometry.steps_mm)) if geometry.slices > 1 else float(geometry.thickness_mm[0])
    corner = [n - 1 if flip else 0 for n, flip in zip(volume.shape, flips, strict=True)]
    x, y, z = geometry.index_to_patient([corner])[0]
    return {
        "scale": (abs(step) or 1.0, *geometry.pixel_spacing_mm),
        "translate": (float(z), float(y), float(x)),
        "units": ("mm", "mm", "mm"),
        "axis_labels": ("foot-head", "front-back", "right-left"),
    }
