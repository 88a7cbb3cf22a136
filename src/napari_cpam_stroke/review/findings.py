"""Lesions of a reading, measured where there are any, and found again to be erased."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from napari_cpam_stroke.core import CTVolume, Lesion, LesionTable, measure_lesions
from napari_cpam_stroke.core.components import find_components
from napari_cpam_stroke.core.editing.edit import BACKGROUND, Edit, relabel

Mask = NDArray[np.uint8]

CENTROID_TOLERANCE = 1e-3
"""Voxels; rounding of a mean, not a distance."""


def measure_drawn(mask: Mask, volume: CTVolume, drawn: NDArray[np.bool_]) -> LesionTable:
    """Return what `measure_lesions` returns, from the drawn slices alone: cost follows the lesions.

    Parameters
    ----------
    drawn
        bool (Z,): slices with any lesion. One slice more on each side keeps every slice's interval as it is.
    """
    indices = np.flatnonzero(drawn)
    first, last = (int(indices[0]), int(indices[-1])) if indices.size else (0, 0)
    part = slice(max(first - 1, 0), last + 2)
    table = measure_lesions(mask[part], _cut(volume, part))
    return LesionTable(tuple(_moved(lesion, part.start) for lesion in table.lesions), table.volumes_ml)


def erasing(mask: Mask, lesion: Lesion) -> Edit:
    """Return the edit that erases a lesion of `measure_lesions`; it changes nothing where the lesion is not drawn."""
    parts = find_components(mask[lesion.first_slice : lesion.last_slice + 1] == lesion.lesion_class)
    offset = lesion.first_slice * mask.shape[1] * mask.shape[2]
    for flat in parts.each(parts.voxels == lesion.voxels):
        centre = np.mean(np.unravel_index(flat + offset, mask.shape), axis=1)
        if np.abs(centre - lesion.centroid_zyx).max() < CENTROID_TOLERANCE:
            return relabel(mask, flat + offset, BACKGROUND)
    return relabel(mask, np.zeros(0, dtype=np.int64), BACKGROUND)


def _cut(volume: CTVolume, part: slice) -> CTVolume:
    geometry = volume.geometry
    if geometry is not None:
        geometry = replace(geometry, positions_mm=geometry.positions_mm[part], thickness_mm=geometry.thickness_mm[part])
    return CTVolume(hu=volume.hu[part], geometry=geometry, case_id=volume.case_id)


def _moved(lesion: Lesion, slices: int) -> Lesion:
    z, y, x = lesion.centroid_zyx
    return replace(
        lesion,
        first_slice=lesion.first_slice + slices,
        last_slice=lesion.last_slice + slices,
        centroid_zyx=(z + slices, y, x),
    )
