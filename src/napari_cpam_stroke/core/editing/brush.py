"""A brush that keeps to a range of HU, and thresholds inside a region."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_cpam_stroke.core.arrays import Mask, Region
from napari_cpam_stroke.core.editing.box import box_around, squared_distance_mm
from napari_cpam_stroke.core.editing.edit import BACKGROUND, Box, Edit, fill, relabel
from napari_cpam_stroke.core.editing.parts import component_voxels
from napari_cpam_stroke.core.volume import CTVolume

Range = tuple[float, float]


def paint(
    mask: Mask,
    volume: CTVolume,
    centres: ArrayLike,
    label: int,
    *,
    radius_mm: float,
    hu_range: Range | None = None,
    ball: bool = False,
    overwrite: bool = False,
) -> Edit:
    """Paint a stroke.

    Parameters
    ----------
    centres
        (z, y, x) indices of one point or (N, 3) of a stroke on one slice.
    label
        1 or 2; 0 erases every class.
    radius_mm
        Of the disc, or of the ball. Without geometry mm mean voxels, here and in every other edit.
    hu_range
        Only voxels with lowest <= HU <= highest change.
    ball
        Paint neighbouring slices too, as far as the radius reaches in the patient (gantry tilt included).
    overwrite
        Also replace the other class.
    """
    points = np.atleast_2d(np.asarray(centres, dtype=np.float64))
    box, region = _stroke(volume, points, radius_mm, ball=ball)
    if hu_range is not None:
        region &= within(volume.hu[box], hu_range)
    return fill(mask, box, region, label, overwrite=overwrite)


def keep_in_range(mask: Mask, volume: CTVolume, at: Sequence[int], hu_range: Range) -> Edit:
    """Erase from the component of a (Z, Y, X) mask under voxel `at` (z, y, x) what lies outside a range of HU."""
    flat = component_voxels(mask, at)
    return relabel(mask, flat[~within(volume.hu.reshape(-1)[flat], hu_range)], BACKGROUND)


def fill_in_range(
    mask: Mask, volume: CTVolume, box: Box, label: int, *, hu_range: Range, overwrite: bool = False
) -> Edit:
    """Give every voxel of a box of a (Z, Y, X) mask whose HU lie in a range one label."""
    return fill(mask, box, within(volume.hu[box], hu_range), label, overwrite=overwrite)


def within(hu: NDArray[np.int16], hu_range: Range) -> Region:
    """Return where lowest <= HU <= highest; HU of any shape."""
    low, high = hu_range
    return np.asarray((hu >= low) & (hu <= high))


def _stroke(volume: CTVolume, points: NDArray[np.float64], radius_mm: float, *, ball: bool) -> tuple[Box, Region]:
    here = round(points[0, 0])
    slices = range(volume.shape[0]) if ball else range(here, here + 1)
    boxes = [box_around(volume, point, radius_mm, slices) for point in points]
    z, y, x = (slice(min(b[i].start for b in boxes), max(b[i].stop for b in boxes)) for i in range(3))
    region = np.zeros((z.stop - z.start, y.stop - y.start, x.stop - x.start), dtype=bool)
    for part, point in zip(boxes, points, strict=True):
        inner = tuple(slice(p.start - w.start, p.stop - w.start) for p, w in zip(part, (z, y, x), strict=True))
        region[inner] |= squared_distance_mm(volume, point, part) <= radius_mm**2
    return (z, y, x), region
