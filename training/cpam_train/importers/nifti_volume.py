"""NIfTI files as axial slices on their own grid, with the position of every slice."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
from nibabel.filebasedimages import ImageFileError
from nibabel.spatialimages import SpatialImage
from numpy.typing import NDArray

from napari_cpam_stroke.core import VolumeGeometry
from napari_cpam_stroke.core.volume import AIR_HU
from napari_cpam_stroke.errors import InputError

RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
"""NIfTI's axes point right, anterior, superior; DICOM's left, posterior, superior."""

SUPERIOR = 2
"""Row of the superior axis in an affine."""

AFFINE_TOLERANCE_MM = 0.1
"""An image and its mask may differ by so much anywhere and still be one grid."""

MAX_HU = 32767


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
        finite = np.nan_to_num(self.values, nan=AIR_HU)
        return np.clip(np.rint(finite), AIR_HU, MAX_HU).astype(np.int16)


def read_nifti(path: Path) -> NiftiVolume:
    """Read a 3D file.

    Raises
    ------
    InputError
        When the file is damaged, is no NIfTI, or has no three axes.
    """
    try:
        image = _image(path)
        values = np.asarray(image.get_fdata(dtype=np.float32))
    except (OSError, EOFError, ValueError, zlib.error, ImageFileError) as error:
        raise InputError("NIfTI file cannot be read", got=path.name, remedy="copy the file again") from error
    values = values[..., 0] if values.ndim == 4 and values.shape[3] == 1 else values
    if values.ndim != 3:
        raise InputError("NIfTI file must hold one volume", got=f"{path.name} of shape {values.shape}")
    return _axial(values, RAS_TO_LPS @ np.asarray(image.affine, dtype=np.float64))


def _image(path: Path) -> SpatialImage:
    image = nib.load(path)
    if not isinstance(image, SpatialImage):
        raise ImageFileError("not an image with a grid")
    return image


def require_same_grid(image: NiftiVolume, mask: NiftiVolume, name: str) -> None:
    """Refuse a mask that lies elsewhere than its image."""
    same = image.values.shape == mask.values.shape and np.allclose(
        image.geometry.positions_mm, mask.geometry.positions_mm, atol=AFFINE_TOLERANCE_MM
    )
    if not same:
        raise InputError(
            f"Mask of {name} lies on another grid than its image",
            got=mask.values.shape,
            expected=f"{image.values.shape} at the same position",
        )


def _axial(values: NDArray[np.float32], affine: NDArray[np.float64]) -> NiftiVolume:
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
    return NiftiVolume(np.ascontiguousarray(stack), geometry, backwards)
