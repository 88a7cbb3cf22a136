"""Stacks of slices as scanners lay them: any order of steps, tilt and orientation."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from napari_cpam_stroke.core import VolumeGeometry

Direction = tuple[float, float, float]

FRAME_OF_REFERENCE_UID = "1.2.826.0.1.3680043.8.498.1000.1"
"""Frame of reference of the phantom's own series (invented)."""


def stack_geometry(
    distances_mm: Sequence[float],
    *,
    shape_yx: tuple[int, int],
    pixel_spacing_mm: tuple[float, float],
    thickness_mm: float | Sequence[float],
    centre_mm: Direction = (0.0, 0.0, 0.0),
    row: Direction = (1.0, 0.0, 0.0),
    column: Direction = (0.0, 1.0, 0.0),
    tilt_degrees: float = 0.0,
) -> VolumeGeometry:
    """Return the geometry of a stack whose image centres pass through `centre_mm`.

    Parameters
    ----------
    distances_mm
        Place of each slice along the normal, ascending, 0 at `centre_mm`.
    row, column
        Unit vectors along which columns and rows are counted (DICOM's ImageOrientationPatient).
    tilt_degrees
        Gantry tilt: the planes turn about the row direction, the table still moves along the untilted normal, so
        the stack is sheared.
    """
    along, down = np.asarray(row, dtype=np.float64), np.asarray(column, dtype=np.float64)
    table = np.cross(along, down)
    tilt = math.radians(tilt_degrees)
    down = down * math.cos(tilt) + table * math.sin(tilt)
    distance = np.asarray(distances_mm, dtype=np.float64)
    centres = np.asarray(centre_mm) + distance[:, None] * table / math.cos(tilt)
    (rows, columns), (dy, dx) = shape_yx, pixel_spacing_mm
    corner = along * dx * (columns - 1) / 2 + down * dy * (rows - 1) / 2
    return VolumeGeometry(
        positions_mm=centres - corner,
        row_direction=along,
        column_direction=down,
        pixel_spacing_mm=pixel_spacing_mm,
        thickness_mm=np.broadcast_to(np.asarray(thickness_mm, dtype=np.float64), distance.shape),
        frame_of_reference_uid=FRAME_OF_REFERENCE_UID,
    )


def even_steps(slices: int, step_mm: float) -> list[float]:
    """Return `slices` distances with equal steps around 0."""
    return [(i - (slices - 1) / 2) * step_mm for i in range(slices)]
