"""NIfTI files as axial slices on their own grid, with the position of every slice."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_cpam_stroke.core import VolumeGeometry
from napari_cpam_stroke.core.hounsfield_units import whole_hu
from napari_cpam_stroke.nifti.alignment import other_grid, reorient, require_one_place
from napari_cpam_stroke.nifti.file import NiftiFile, open_nifti
from napari_cpam_stroke.nifti.grid import Grid

RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
"""NIfTI's axes point right, anterior, superior; DICOM's left, posterior, superior."""

SUPERIOR = 2
"""Row of the superior axis in an affine."""


@dataclass(frozen=True, eq=False)
class NiftiVolume:
    """Values and position of one file.

    Attributes
    ----------
    values
        float32 (Z, Y, X): z is the axis nearest to feet-head, slices ascending along the normal.
    reversed_slices
        Whether the file holds the slices in the opposite order.
    """

    values: NDArray[np.float32]
    geometry: VolumeGeometry
    reversed_slices: bool

    @property
    def hu(self) -> NDArray[np.int16]:
        """int16 (Z, Y, X) Hounsfield units; padding far below air counts as air."""
        return whole_hu(self.values)


def read_nifti(path: Path) -> NiftiVolume:
    """Read a 3D file.

    Raises
    ------
    InputError
        When the file is damaged, is no NIfTI, or has no three axes.
    """
    file = open_nifti(path)
    return _axial(file.values, RAS_TO_LPS @ file.affine)


def read_pair(image: Path, mask: Path, name: str) -> tuple[NiftiVolume, NDArray[np.generic], NiftiFile]:
    """Read an image and the mask drawn on it, whatever axis order and directions the mask is stored in.

    Returns
    -------
    The image; the mask's values (Z, Y, X), voxel by voxel the image's; and the mask's file for what its header tells.

    Raises
    ------
    InputError
        As `read_nifti`.
    GeometryMismatchError
        When the mask lies on another grid, with mm.
    """
    pixels, drawn = open_nifti(image), open_nifti(mask)
    require_one_place(drawn, pixels)
    grid = Grid(pixels.shape, pixels.affine)
    found = reorient(drawn.values, drawn.affine, grid)
    if not found.same_grid:
        raise other_grid(drawn, found, grid, name)
    affine = RAS_TO_LPS @ pixels.affine
    return _axial(pixels.values, affine), _stacked(found.values, affine)[0], drawn


def _axial(values: NDArray[Any], affine: NDArray[np.float64]) -> NiftiVolume:
    """Bring a volume and its place into the order (z, y, x)."""
    stack, geometry, backwards = _stacked(values, affine)
    return NiftiVolume(np.ascontiguousarray(stack, dtype=np.float32), geometry, backwards)


def _stacked(values: NDArray[Any], affine: NDArray[np.float64]) -> tuple[NDArray[Any], VolumeGeometry, bool]:
    """Bring axes into the order (z, y, x) by moving and reversing them; nothing is resampled."""
    directions = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    z_axis = int(np.argmax(np.abs(directions[SUPERIOR])))
    x_axis, y_axis = (axis for axis in range(3) if axis != z_axis)
    stack = np.transpose(values, (z_axis, y_axis, x_axis))
    steps = {name: affine[:3, axis] for name, axis in (("z", z_axis), ("y", y_axis), ("x", x_axis))}
    origins = affine[:3, 3] + np.arange(len(stack))[:, None] * steps["z"]
    spacing = (float(np.linalg.norm(steps["y"])), float(np.linalg.norm(steps["x"])))
    backwards = bool(np.cross(steps["x"], steps["y"]) @ steps["z"] < 0)
    if backwards:
        stack, origins = stack[::-1], origins[::-1]
    geometry = VolumeGeometry(
        positions_mm=origins,
        row_direction=steps["x"] / spacing[1],
        column_direction=steps["y"] / spacing[0],
        pixel_spacing_mm=spacing,
        thickness_mm=np.full(len(stack), float(np.linalg.norm(steps["z"]))),
    )
    return stack, geometry, backwards
