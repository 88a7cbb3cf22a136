"""Grids as NIfTI knows them: even and orthogonal. The native frames where they are one, else one that covers them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_cpam_stroke.core import VolumeGeometry
from napari_cpam_stroke.core.arrays import Floats
from napari_cpam_stroke.core.geometry import TILT_FROM_DEGREES

LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
"""NIfTI's x grows to the right and y to the front, DICOM's to the left and the back."""

HASH_PREFIX = "cpam:"
"""Before the content hash in the header's description."""

MAX_RESAMPLED_PLANES = 2_000
"""Planes of a resampled grid."""


@dataclass(frozen=True)
class Grid:
    """An orthogonal grid in LPS mm: (X, Y, Z) shape and the affine of its indices."""

    shape: tuple[int, int, int]
    affine: Floats


def is_native_grid(geometry: VolumeGeometry) -> bool:
    """Whether the native frames form one orthogonal, even grid, as a qform needs."""
    return geometry.uniform and geometry.tilt_degrees < TILT_FROM_DEGREES


def native_affine(geometry: VolumeGeometry) -> Floats:
    """Return the affine (4, 4) from indices x, y, z to LPS mm of an even, untilted series."""
    dy, dx = geometry.pixel_spacing_mm
    step = geometry.normal * float(geometry.slice_interval_mm.mean())
    return _affine(geometry.row_direction * dx, geometry.column_direction * dy, step, geometry.positions_mm[0])


def native_grids(geometry: VolumeGeometry, shape: tuple[int, int, int]) -> tuple[Grid, ...]:
    """Return the grids a mask on the native voxels may state: as stacked, sheared by the tilt, or straightened.

    None where the slices are not evenly spaced; the straightened one only where the tilt is rounding.
    """
    if not geometry.uniform:
        return ()
    dy, dx = geometry.pixel_spacing_mm
    size = (shape[2], shape[1], shape[0])
    path = geometry.positions_mm[-1] - geometry.positions_mm[0]
    step = path / (shape[0] - 1) if shape[0] > 1 else geometry.normal * float(geometry.thickness_mm[0])
    stacked = _affine(geometry.row_direction * dx, geometry.column_direction * dy, step, geometry.positions_mm[0])
    straight = (Grid(size, native_affine(geometry)),) if is_native_grid(geometry) else ()
    return (Grid(size, stacked), *straight)


def orthogonal_grid(geometry: VolumeGeometry, shape: tuple[int, int, int]) -> Grid:
    """Return a grid with the series' own rows, columns and normal that covers all its voxels, evenly spaced."""
    dy, dx = geometry.pixel_spacing_mm
    step = _plane_step(geometry)
    along = geometry.positions_mm @ np.stack([geometry.row_direction, geometry.column_direction, geometry.normal]).T
    low, high = along.min(axis=0), along.max(axis=0)
    size = np.array([(shape[2] - 1) * dx, (shape[1] - 1) * dy, 0.0])
    spacing = np.array([dx, dy, step])
    count = np.ceil((high - low + size) / spacing - 1e-6).astype(int) + 1
    origin = low @ np.stack([geometry.row_direction, geometry.column_direction, geometry.normal])
    affine = _affine(geometry.row_direction * dx, geometry.column_direction * dy, geometry.normal * step, origin)
    return Grid((int(count[0]), int(count[1]), int(count[2])), affine)


def _plane_step(geometry: VolumeGeometry) -> float:
    """Return the shortest step, but no more planes than `MAX_RESAMPLED_PLANES`."""
    steps = geometry.steps_mm
    return max(float(steps.min()), float(steps.sum()) / MAX_RESAMPLED_PLANES)


def _affine(x: Floats, y: Floats, z: Floats, origin: Floats) -> Floats:
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 1], affine[:3, 2], affine[:3, 3] = x, y, z, origin
    return affine
