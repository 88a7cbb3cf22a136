"""Lesions of a reading, measured where there are any, and found again to be erased."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from napari_cpam_stroke.core import CTVolume, Lesion, LesionTable, measure_lesions
from napari_cpam_stroke.core.arrays import Mask
from napari_cpam_stroke.core.boxes import smallest_box
from napari_cpam_stroke.core.components import find_components
from napari_cpam_stroke.core.editing.edit import BACKGROUND, Box, Edit, relabel

CENTROID_TOLERANCE = 1e-3
"""Voxels; rounding of a mean, not a distance."""


def measure_drawn(mask: Mask, volume: CTVolume, drawn: NDArray[np.bool_]) -> LesionTable:
    """Return what `measure_lesions` returns, from the box around all lesions alone: cost follows the lesions.

    Parameters
    ----------
    drawn
        bool (Z,): slices with any lesion.
    """
    box = _box_of(mask, drawn)
    table = measure_lesions(mask[box], _cut(volume, box))
    return LesionTable(tuple(_moved(lesion, box) for lesion in table.lesions), table.volumes_ml)


def erasing(mask: Mask, lesion: Lesion) -> Edit:
    """Return the edit of a (Z, Y, X) mask that erases a lesion of `measure_lesions`; none where it is not drawn."""
    parts = find_components(mask[lesion.first_slice : lesion.last_slice + 1] == lesion.lesion_class)
    offset = lesion.first_slice * mask.shape[1] * mask.shape[2]
    for flat in parts.each(parts.voxels == lesion.voxels):
        centre = np.mean(np.unravel_index(flat + offset, mask.shape), axis=1)
        if np.abs(centre - lesion.centroid_zyx).max() < CENTROID_TOLERANCE:
            return relabel(mask, flat + offset, BACKGROUND)
    return relabel(mask, np.zeros(0, dtype=np.int64), BACKGROUND)


def _box_of(mask: Mask, drawn: NDArray[np.bool_]) -> Box:
    """Return the box of all lesions, and one slice more on each side: that keeps every slice's interval as it is."""
    slices = np.flatnonzero(drawn)
    if not slices.size:
        return (slice(0, 1), slice(0, 1), slice(0, 1))
    _, rows, columns = smallest_box(mask[slices[0] : slices[-1] + 1])
    return (slice(max(int(slices[0]) - 1, 0), int(slices[-1]) + 2), rows, columns)


def _cut(volume: CTVolume, box: Box) -> CTVolume:
    geometry = volume.geometry
    if geometry is not None:
        z, y, x = box
        dy, dx = geometry.pixel_spacing_mm
        aside = y.start * dy * geometry.column_direction + x.start * dx * geometry.row_direction
        geometry = replace(
            geometry, positions_mm=geometry.positions_mm[z] + aside, thickness_mm=geometry.thickness_mm[z]
        )
    return CTVolume(hu=volume.hu[box], geometry=geometry, case_id=volume.case_id)


def _moved(lesion: Lesion, box: Box) -> Lesion:
    z, y, x = (part.start + centre for part, centre in zip(box, lesion.centroid_zyx, strict=True))
    return replace(
        lesion,
        first_slice=lesion.first_slice + box[0].start,
        last_slice=lesion.last_slice + box[0].start,
        centroid_zyx=(z, y, x),
    )
