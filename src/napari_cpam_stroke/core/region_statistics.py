"""What a drawn region holds: HU and area, on any plane of a stack and with what its pixels really measure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from skimage.draw import polygon2mask

from napari_cpam_stroke.core.arrays import Floats, Region
from napari_cpam_stroke.core.geometry import VolumeGeometry

Outline = Literal["ellipse", "polygon"]
"""What the corners of a region are: of the box around an ellipse, turned or not, or of the region itself."""


@dataclass(frozen=True)
class RegionStatistics:
    """HU of the pixels whose centres lie in a region.

    Attributes
    ----------
    pixels
        Their number, at least 1.
    mean_hu, sd_hu, min_hu, max_hu
        The standard deviation is that of a sample (n - 1); 0 for one pixel.
    area_mm2
        What these pixels cover; None where the source gives no positions.
    """

    pixels: int
    mean_hu: float
    sd_hu: float
    min_hu: int
    max_hu: int
    area_mm2: float | None


def region_statistics(
    hu: NDArray[np.int16], inside: Region, pixel_areas_mm2: Floats | None = None
) -> RegionStatistics | None:
    """Measure a region of one plane; None where it holds no pixel.

    Parameters
    ----------
    hu, inside
        (rows, columns) of the plane.
    pixel_areas_mm2
        Broadcast to the plane; see `pixel_areas_mm2`.
    """
    values = hu[inside].astype(np.float64)
    if not values.size:
        return None
    area = None if pixel_areas_mm2 is None else float(np.broadcast_to(pixel_areas_mm2, hu.shape)[inside].sum())
    spread = float(values.std(ddof=1)) if values.size > 1 else 0.0
    return RegionStatistics(int(values.size), float(values.mean()), spread, int(values.min()), int(values.max()), area)


def pixels_inside(corners: ArrayLike, shape: tuple[int, int], outline: Outline) -> Region:
    """Return bool (rows, columns): the pixels whose centres lie in a region; centres lie on whole numbers.

    Parameters
    ----------
    corners
        (N, 2) row and column; four, in order, for an ellipse.
    """
    points = np.asarray(corners, dtype=np.float64)
    if outline == "polygon":
        return np.asarray(polygon2mask(shape, points))
    centre, across, along = points.mean(axis=0), (points[1] - points[0]) / 2, (points[3] - points[0]) / 2
    axes = np.stack([across, along], axis=1)
    if abs(np.linalg.det(axes)) < np.finfo(float).eps:
        return np.zeros(shape, dtype=bool)
    offset = np.indices(shape).reshape(2, -1) - centre[:, None]
    return np.asarray(((np.linalg.solve(axes, offset) ** 2).sum(axis=0) <= 1).reshape(shape))


def pixel_areas_mm2(geometry: VolumeGeometry, axis: int) -> Floats:
    """Return what a pixel covers on planes at right angles to an array axis, to be broadcast to (rows, columns).

    Parameters
    ----------
    axis
        Of the array (z, y, x): 0 the slices themselves, 1 and 2 planes across them. There a row is a slice, leaning by
        the gantry's tilt and as high as the way to its neighbours.
    """
    dy, dx = geometry.pixel_spacing_mm
    if axis == 0 or geometry.slices == 1:
        edge = {0: dy, 1: geometry.thickness_mm[0], 2: geometry.thickness_mm[0]}[axis]
        return np.array([[edge * (dy if axis == 2 else dx)]])
    other = dx * geometry.row_direction if axis == 1 else dy * geometry.column_direction
    steps = np.gradient(geometry.positions_mm, axis=0)
    return np.asarray(np.linalg.norm(np.cross(steps, other), axis=1)[:, None])


def length_mm(geometry: VolumeGeometry, points_zyx: ArrayLike) -> float:
    """Return the length in the patient of a line through (N, 3) native indices (z, y, x), mm."""
    places = geometry.index_to_patient(points_zyx)
    return float(np.linalg.norm(np.diff(places, axis=0), axis=1).sum())
