"""Bounding boxes and distances in mm: edits look at the part of the volume they can change and at no more."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from napari_cpam_stroke.core.arrays import Floats, Mask
from napari_cpam_stroke.core.boxes import smallest_box
from napari_cpam_stroke.core.editing.edit import Box
from napari_cpam_stroke.core.volume import CTVolume


def label_box(mask: Mask, label: int, pad: tuple[int, int, int] = (0, 0, 0)) -> Box | None:
    """Return the box around one label of a (Z, Y, X) mask, padded by (z, y, x) voxels; None where nothing has it."""
    inner = smallest_box(mask, label)
    low, high = [part.start for part in inner], [part.stop - 1 for part in inner]
    return clipped_box(np.subtract(low, pad), np.add(high, pad), mask.shape) if high[0] >= 0 else None


def clipped_box(
    first: Sequence[int] | NDArray[np.int64], last: Sequence[int] | NDArray[np.int64], shape: Sequence[int]
) -> Box:
    """Return the box from `first` to `last`, two (3,) indices z, y, x, both included, as far as it is in `shape`."""
    low = np.clip(first, 0, shape)
    high = np.clip(np.add(last, 1), low, shape)
    z, y, x = (slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    return z, y, x


def pixel_spacing(volume: CTVolume) -> tuple[float, float]:
    """Return mm between rows and columns; without geometry 1, so that mm mean pixels."""
    return volume.geometry.pixel_spacing_mm if volume.geometry is not None else (1.0, 1.0)


def slice_origins(volume: CTVolume) -> Floats:
    """Return (Z, 3) mm of each slice's first voxel along (normal, column direction, row direction).

    Under gantry tilt the two in-plane columns shift from slice to slice. Without geometry slices lie 1 apart.
    """
    geometry = volume.geometry
    if geometry is None:
        return np.asarray(np.arange(volume.shape[0])[:, None] * np.array([[1.0, 0.0, 0.0]]))
    return np.asarray(
        geometry.positions_mm @ np.stack([geometry.normal, geometry.column_direction, geometry.row_direction]).T
    )


def box_around(volume: CTVolume, centre: Sequence[float], radius_mm: float, slices: range) -> Box:
    """Return the box that holds a ball around a (z, y, x) index, limited to some slices."""
    origins = slice_origins(volume)
    here = round(centre[0])
    shift = origins - origins[here]
    reached = [z for z in slices if abs(shift[z, 0]) <= radius_mm] or [here]
    low, high = reached[0], reached[-1]
    sway = np.abs(shift[low : high + 1, 1:]).max(axis=0)
    reach = np.ceil((radius_mm + sway) / pixel_spacing(volume))
    first = [low, int(centre[1] - reach[0]), int(centre[2] - reach[1])]
    last = [high, int(centre[1] + reach[0]) + 1, int(centre[2] + reach[1]) + 1]
    return clipped_box(first, last, volume.shape)


def squared_distance_mm(volume: CTVolume, centre: Sequence[float], box: Box) -> Floats:
    """Return (Z, Y, X) squared distances in mm2 of a box's voxels from an index z, y, x on a whole slice."""
    origins = slice_origins(volume)
    shift = (origins[box[0]] - origins[round(centre[0])])[:, :, None, None]
    dy, dx = pixel_spacing(volume)
    rows = (np.arange(box[1].start, box[1].stop) - centre[1])[None, :, None] * dy
    columns = (np.arange(box[2].start, box[2].stop) - centre[2])[None, None, :] * dx
    return np.asarray(shift[:, 0] ** 2 + (rows + shift[:, 1]) ** 2 + (columns + shift[:, 2]) ** 2)
