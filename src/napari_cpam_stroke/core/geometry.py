"""Where every voxel of a series lies in the patient, slice by slice; no mean spacing anywhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from napari_cpam_stroke.core.arrays import Floats
from napari_cpam_stroke.errors import InputError

UNIFORM_TOLERANCE_MM = 0.02
"""Steps between slices that differ by less are rounding (5 um jitter, decimal strings), not a variable spacing."""

TILT_FROM_DEGREES = 0.2
"""Smaller gantry tilts are rounding."""

SAME_GRID_MM = 0.1
"""A mask whose voxels lie this near to those of its image, at every corner, lies on the same grid: headers round."""

AXIAL_MIN_COSINE = 0.7
"""A normal within 45 degrees of the patient's long axis counts as axial (gantry tilt reaches 30 degrees)."""


@dataclass(frozen=True, eq=False)
class VolumeGeometry:
    """Positions, orientation and spacing of native frames in LPS millimetres.

    Attributes
    ----------
    positions_mm
        (Z, 3) centre of the first voxel (row 0, column 0) of each slice, ascending along `normal`.
    row_direction, column_direction
        (3,) unit vectors along which the column index x, and the row index y, grow.
    pixel_spacing_mm
        Distance between rows (along y), then between columns (along x), as in DICOM.
    thickness_mm
        (Z,) nominal slice thickness.
    frame_of_reference_uid
        DICOM UID, or empty where the source gives none.
    """

    positions_mm: Floats
    row_direction: Floats
    column_direction: Floats
    pixel_spacing_mm: tuple[float, float]
    thickness_mm: Floats
    frame_of_reference_uid: str = ""

    def __post_init__(self) -> None:
        """Refuse shapes and values that cannot be a geometry."""
        for name in ("positions_mm", "row_direction", "column_direction", "thickness_mm"):
            object.__setattr__(self, name, np.asarray(getattr(self, name), dtype=np.float64))
        z = len(self.positions_mm)
        if self.positions_mm.shape != (z, 3) or self.thickness_mm.shape != (z,) or z == 0:
            raise InputError(
                "Geometry needs one position and one thickness per slice",
                got=f"positions {self.positions_mm.shape} and thickness {self.thickness_mm.shape}",
                expected="(Z, 3) and (Z,)",
            )
        numbers = np.concatenate([self.positions_mm.ravel(), self.row_direction, self.column_direction])
        if not np.isfinite(numbers).all() or not (np.asarray(self.pixel_spacing_mm) > 0).all():
            raise InputError("Geometry holds a value that is not finite or a spacing that is not positive")

    @property
    def slices(self) -> int:
        """Number of slices Z."""
        return len(self.positions_mm)

    @property
    def normal(self) -> Floats:
        """(3,) unit vector row_direction × column_direction."""
        cross = np.cross(self.row_direction, self.column_direction)
        return np.asarray(cross / np.linalg.norm(cross))

    @property
    def distances_mm(self) -> Floats:
        """(Z,) position of each slice along the normal."""
        return np.asarray(self.positions_mm @ self.normal)

    @property
    def steps_mm(self) -> Floats:
        """(Z-1,) perpendicular distances between neighbouring slices."""
        return np.diff(self.distances_mm)

    @property
    def slice_interval_mm(self) -> Floats:
        """(Z,) what one slice stands for: half the way to each neighbour; the outer halves mirror the inner ones.

        A single slice stands for its thickness.
        """
        if self.slices == 1:
            return self.thickness_mm.copy()
        steps = self.steps_mm
        before, after = np.r_[steps[:1], steps], np.r_[steps, steps[-1:]]
        return np.asarray((before + after) / 2)

    @property
    def voxel_volumes_ml(self) -> Floats:
        """(Z,) volume of one voxel of each slice in millilitres."""
        return self.slice_interval_mm * float(np.prod(self.pixel_spacing_mm)) / 1000.0

    @property
    def uniform(self) -> bool:
        """Whether all moves from slice to slice are equal within `UNIFORM_TOLERANCE_MM`."""
        if self.slices < 3:
            return True
        moves = np.diff(self.positions_mm, axis=0)
        return bool(np.abs(moves - moves.mean(axis=0)).max() < UNIFORM_TOLERANCE_MM)

    @property
    def tilt_degrees(self) -> float:
        """Angle between the slice normal and the direction in which the slices are stacked; 0 without gantry tilt."""
        if self.slices < 2:
            return 0.0
        path = self.positions_mm[-1] - self.positions_mm[0]
        length = float(np.linalg.norm(path))
        if length == 0:
            return 0.0
        return float(np.degrees(np.arccos(np.clip(abs(path @ self.normal) / length, 0.0, 1.0))))

    @property
    def axial(self) -> bool:
        """Whether the slices are axial, gantry tilt allowed."""
        return bool(abs(self.normal[2]) >= AXIAL_MIN_COSINE)

    @property
    def display_flips(self) -> tuple[bool, bool, bool]:
        """Axes (z, y, x) to flip so that the feet come first, anterior is up and the patient's right is on the left."""
        if not self.axial:
            return (False, False, False)
        return (bool(self.normal[2] < 0), bool(self.column_direction[1] < 0), bool(self.row_direction[0] < 0))

    def index_to_patient(self, zyx: ArrayLike) -> Floats:
        """Return LPS mm of voxel indices.

        Parameters
        ----------
        zyx
            (N, 3) indices; integers are voxel centres. Between slices the position is interpolated, beyond the ends
            the last step is continued.

        Returns
        -------
        (N, 3) float64, mm.
        """
        index = np.atleast_2d(np.asarray(zyx, dtype=np.float64))
        origin = self._origin_at(index[:, 0])
        dy, dx = self.pixel_spacing_mm
        in_plane = index[:, 1:2] * dy * self.column_direction + index[:, 2:3] * dx * self.row_direction
        return np.asarray(origin + in_plane)

    def patient_to_index(self, lps_mm: ArrayLike) -> Floats:
        """Return (N, 3) fractional indices (z, y, x) of (N, 3) LPS mm; the inverse of `index_to_patient`."""
        points = np.atleast_2d(np.asarray(lps_mm, dtype=np.float64))
        z = self._slice_at(points @ self.normal)
        offset = points - self._origin_at(z)
        dy, dx = self.pixel_spacing_mm
        return np.stack([z, offset @ self.column_direction / dy, offset @ self.row_direction / dx], axis=1)

    def _origin_at(self, z: Floats) -> Floats:
        if self.slices == 1:
            return np.asarray(self.positions_mm[0] + z[:, None] * self.thickness_mm[0] * self.normal)
        below = np.clip(np.floor(z).astype(np.intp), 0, self.slices - 2)
        share = (z - below)[:, None]
        return np.asarray((1 - share) * self.positions_mm[below] + share * self.positions_mm[below + 1])

    def _slice_at(self, distance: Floats) -> Floats:
        along = self.distances_mm
        if self.slices == 1:
            return np.asarray((distance - along[0]) / self.thickness_mm[0])
        below = np.clip(np.searchsorted(along, distance, side="right") - 1, 0, self.slices - 2)
        return np.asarray(below + (distance - along[below]) / (along[below + 1] - along[below]))
