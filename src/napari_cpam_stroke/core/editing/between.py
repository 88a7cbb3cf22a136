"""Fill the slices between drawn ones by shape-based interpolation."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_cpam_stroke.core.arrays import Mask, Region
from napari_cpam_stroke.core.editing.box import label_box, pixel_spacing, slice_origins
from napari_cpam_stroke.core.editing.edit import Edit, fill, nothing
from napari_cpam_stroke.core.volume import CTVolume

Distances = NDArray[np.float32]


def fill_between(
    mask: Mask, volume: CTVolume, label: int, *, around: int | None = None, overwrite: bool = False
) -> Edit:
    """Draw a class on the empty slices between two slices that show it.

    The signed distances to the outlines of both slices are weighed by how far away each slice really lies
    (Raya and Udupa, IEEE TMI 1990). Outlines that do not overlap leave the slices between them empty.

    Parameters
    ----------
    mask
        uint8 (Z, Y, X).
    around
        Fill only the gap that holds this slice; None fills every gap.
    """
    box = label_box(mask, label, (0, 1, 1))
    if box is None:
        return nothing(mask)
    cut = mask[box] == label
    drawn = np.flatnonzero(cut.any(axis=(1, 2)))
    gaps = [(a, b) for a, b in pairwise(drawn) if b - a > 1]
    if around is not None:
        gaps = [(a, b) for a, b in gaps if a < around - box[0].start < b]
    if not gaps:
        return nothing(mask)
    along = slice_origins(volume)[box[0], 0]
    distances = {int(z): signed_distance(cut[z], pixel_spacing(volume)) for z in {z for gap in gaps for z in gap}}
    filled = np.zeros(cut.shape, dtype=bool)
    for a, b in gaps:
        for z in range(a + 1, b):
            share = np.float32((along[z] - along[a]) / (along[b] - along[a]))
            filled[z] = (1 - share) * distances[int(a)] + share * distances[int(b)] > 0
    return fill(mask, box, filled, label, overwrite=overwrite)


def signed_distance(outline: Region, spacing_mm: tuple[float, float]) -> Distances:
    """Return mm to the outline of a (Y, X) shape, positive inside."""
    inside = ndimage.distance_transform_edt(outline, sampling=spacing_mm)
    outside = ndimage.distance_transform_edt(~outline, sampling=spacing_mm)
    return np.asarray(inside - outside, dtype=np.float32)
