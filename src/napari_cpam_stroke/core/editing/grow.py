"""Grow a region from one voxel over neighbours of like density."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_cpam_stroke.core.arrays import Mask, Region
from napari_cpam_stroke.core.components import Components, find_components
from napari_cpam_stroke.core.editing.box import box_around, squared_distance_mm
from napari_cpam_stroke.core.editing.edit import Box, Edit, fill
from napari_cpam_stroke.core.volume import CTVolume

NOISE_SIGMA_PIXELS = 1.0
"""In-plane smoothing before HU are compared: noise (5 HU) is as large as the contrast of an infarct."""

SMOOTHING_REACH_PIXELS = 3
"""Pixels around the box that the smoothing sees."""

HOLE_VOXELS = 16
"""Holes within a slice up to this size are noise and filled."""


def grow(
    mask: Mask,
    volume: CTVolume,
    seed: Sequence[int],
    label: int,
    *,
    tolerance_hu: float = 6.0,
    radius_mm: float = 40.0,
    reach_slices: int | None = None,
    overwrite: bool = False,
) -> Edit:
    """Give the connected voxels whose (smoothed) HU are close to those of the seed one label.

    Parameters
    ----------
    mask
        uint8 (Z, Y, X).
    seed
        (z, y, x) index.
    tolerance_hu
        Largest difference to the seed's own smoothed HU.
    radius_mm
        Nothing farther from the seed changes.
    reach_slices
        Slices above and below the seed that may change; 0 keeps to its slice, None sets no limit but the radius.
    overwrite
        Also grow over the other class; otherwise it is a wall.
    """
    z = int(seed[0])
    reach = volume.shape[0] if reach_slices is None else reach_slices
    slices = range(max(z - reach, 0), min(z + reach + 1, volume.shape[0]))
    box = box_around(volume, seed, radius_mm, slices)
    inner = [int(s) - part.start for s, part in zip(seed, box, strict=True)]
    hu = _smoothed(volume.hu, box)
    alike = np.abs(hu - hu[tuple(inner)]) <= tolerance_hu
    alike &= squared_distance_mm(volume, seed, box) <= radius_mm**2
    if not overwrite:
        alike &= (mask[box] == 0) | (mask[box] == label)
    return fill(mask, box, _without_holes(_holding(alike, inner)), label, overwrite=overwrite)


def _smoothed(hu: NDArray[np.int16], box: Box) -> NDArray[np.float32]:
    """Return smoothed HU of a box, the same whatever box a voxel lies in."""
    z, y, x = box
    pad = SMOOTHING_REACH_PIXELS
    top, left = max(y.start - pad, 0), max(x.start - pad, 0)
    wide = hu[z, top : y.stop + pad, left : x.stop + pad].astype(np.float32)
    sigma = NOISE_SIGMA_PIXELS
    smooth = ndimage.gaussian_filter(wide, (0, sigma, sigma), truncate=pad / sigma, mode="nearest")
    size_y, size_x = y.stop - y.start, x.stop - x.start
    return np.asarray(smooth[:, y.start - top :, x.start - left :][:, :size_y, :size_x])


def _holding(region: Region, voxel: Sequence[int]) -> Region:
    """Return the connected part of a region that holds a voxel."""
    components = find_components(region)
    part = np.zeros(region.shape, dtype=bool)
    part.reshape(-1)[components.flat_indices(components.only(voxel))] = True
    return part


def _without_holes(region: Region) -> Region:
    """Fill small holes, slice by slice."""
    filled = region.copy()
    for z in np.flatnonzero(region.any(axis=(1, 2))):
        gaps = find_components(~region[z : z + 1])
        filled[z].reshape(-1)[gaps.flat_indices(_enclosed(gaps) & (gaps.voxels <= HOLE_VOXELS))] = True
    return filled


def _enclosed(gaps: Components) -> NDArray[np.bool_]:
    """Return bool (count,): gaps of one slice that do not touch the border of the box; the others go on outside it."""
    _, rows, columns = gaps.shape
    row, first = np.divmod(gaps.start, columns)
    at_border = (row == 0) | (row == rows - 1) | (first == 0) | (first + gaps.length == columns)
    return np.asarray(gaps.sums(at_border) == 0)
