"""ABC/2, the volume of a hemorrhage as it is estimated at the console, beside the one that is counted.

Kothari RU et al., The ABCs of measuring intracerebral hemorrhage volumes, Stroke 1996; 27: 1304-1305. Made for
hemorrhage of a rounded shape; for several parts, ragged ones, and infarcts it was not made.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull
from scipy.spatial.distance import pdist, squareform

from napari_cpam_stroke.core.arrays import Floats
from napari_cpam_stroke.core.geometry import VolumeGeometry

FULL_SHARE, HALF_SHARE = 0.75, 0.25
"""A slice with more than 75 % of the largest slice's area counts whole, from 25 % on half, below that not at all."""


@dataclass(frozen=True)
class Abc2:
    """The three lengths of one lesion in mm.

    Attributes
    ----------
    a_mm
        Largest diameter on the slice where the lesion's area is largest, from edge to edge of its pixels.
    b_mm
        Width of the lesion there, at right angles to A.
    c_mm
        Sum over slices of what each stands for, times 1, 0.5 or 0 by its share of the largest area.
    """

    a_mm: float
    b_mm: float
    c_mm: float

    @property
    def volume_ml(self) -> float:
        """A times B times C, halved, in millilitres."""
        return self.a_mm * self.b_mm * self.c_mm / 2 / 1000


def abc2_of_runs(
    z: NDArray[np.int64], y: NDArray[np.int64], start: NDArray[np.int64], length: NDArray[np.int64],
    geometry: VolumeGeometry,
) -> Abc2:  # fmt: skip
    """Measure one lesion.

    Parameters
    ----------
    z, y, start, length
        (R,) slice, row, first column and number of voxels of each of its runs along a row.
    geometry
        Pixel spacing, and what each slice stands for; lengths are in the plane of the slices, whatever the tilt.
    """
    areas = np.bincount(z, weights=length, minlength=geometry.slices)
    on_largest = z == int(areas.argmax())
    corners = _corners(y[on_largest], start[on_largest], length[on_largest])
    a_mm, b_mm = _diameters(corners * np.asarray(geometry.pixel_spacing_mm))
    share = areas / areas.max()
    weight = np.where(share > FULL_SHARE, 1.0, np.where(share >= HALF_SHARE, 0.5, 0.0))
    return Abc2(a_mm, b_mm, float(weight @ geometry.slice_interval_mm))


def _corners(y: NDArray[np.int64], start: NDArray[np.int64], length: NDArray[np.int64]) -> Floats:
    """Return (4 R, 2) row and column of the corners of runs; pixel centres lie on whole numbers."""
    rows = np.concatenate([y - 0.5, y + 0.5, y - 0.5, y + 0.5])
    columns = np.concatenate([start - 0.5, start - 0.5, start + length - 0.5, start + length - 0.5])
    return np.stack([rows, columns], axis=1)


def _diameters(points_mm: Floats) -> tuple[float, float]:
    """Return the largest distance of (N, 2) points, and the width of their cloud at right angles to it."""
    hull = points_mm[ConvexHull(points_mm).vertices]
    apart = squareform(pdist(hull))
    one, other = np.unravel_index(int(apart.argmax()), apart.shape)
    along = (hull[other] - hull[one]) / apart[one, other]
    return float(apart[one, other]), float(np.ptp(hull @ np.array([-along[1], along[0]])))
