"""Write masks as NIfTI: on the native grid where it is one, resampled to an orthogonal grid where it is not."""

from __future__ import annotations

import gzip
from pathlib import Path

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from napari_cpam_stroke.core import CTVolume, VolumeGeometry
from napari_cpam_stroke.core.arrays import Floats
from napari_cpam_stroke.core.geometry import TILT_FROM_DEGREES
from napari_cpam_stroke.core.mask_reading import MadeBy
from napari_cpam_stroke.core.volume import require_mask_shape
from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.files import write_whole
from napari_cpam_stroke.nifti.grid import (
    HASH_PREFIX,
    LPS_TO_RAS,
    Grid,
    is_native_grid,
    native_affine,
    orthogonal_grid,
)

GZIP_LEVEL = 1
"""A mask is mostly runs of zeros: higher levels take longer and save next to nothing."""


def write_nifti(
    path: Path | str, mask: NDArray[np.uint8], volume: CTVolume, *, algorithm_type: MadeBy = ""
) -> tuple[Path, tuple[str, ...]]:
    """Write a mask as NIfTI (RAS, qform and sform) and return its path and notes for the user.

    Parameters
    ----------
    mask
        uint8 (Z, Y, X) on the volume's frames.
    algorithm_type
        Kept as the intent's name, so that an untouched model mask is not taken for a drawn one later.

    Returns
    -------
    Path, and sentences: empty where the native grid was written, otherwise what was resampled. A sheared or variable
    grid fits no qform; each plane of the new grid then shows its nearest native slice, nearest neighbour.

    Raises
    ------
    GeometryMismatchError
        If the shapes differ.
    InputError
        If the case has no positions.
    """
    geometry = volume.geometry
    require_mask_shape(mask, volume)
    if geometry is None:
        raise InputError("A case without positions cannot be written as NIfTI", remedy="its slices have no place")
    notes: tuple[str, ...] = ()
    if is_native_grid(geometry):
        data, affine = mask.transpose(2, 1, 0), native_affine(geometry)
    else:
        grid = orthogonal_grid(geometry, volume.shape)
        data, affine = resample_mask(mask, geometry, grid), grid.affine
        notes = (_note(geometry, grid),)
    image = nib.as_closest_canonical(nib.Nifti1Image(np.ascontiguousarray(data), LPS_TO_RAS @ affine))
    image.set_sform(image.affine, code=1)
    image.set_qform(image.affine, code=1)
    image.header.set_xyzt_units("mm")
    image.header["descrip"] = f"{HASH_PREFIX}{volume.content_hash}"
    image.header["intent_name"] = algorithm_type
    return _save(Path(path), image), notes


def resample_mask(mask: NDArray[np.uint8], geometry: VolumeGeometry, grid: Grid) -> NDArray[np.uint8]:
    """Return (X, Y, Z) on `grid` of a (Z, Y, X) mask: each plane takes its nearest slice, shifted by whole pixels."""
    data = np.zeros(grid.shape, dtype=np.uint8)
    for k in range(grid.shape[2]):
        z = _nearest_slice(geometry, (grid.affine @ [0, 0, k, 1])[:3])
        x, y = _offset(geometry, grid, z)
        data[x : x + mask.shape[2], y : y + mask.shape[1], k] = mask[z].T[: grid.shape[0] - x, : grid.shape[1] - y]
    return data


def _nearest_slice(geometry: VolumeGeometry, point: Floats) -> int:
    return int(np.abs(geometry.distances_mm - point @ geometry.normal).argmin())


def _offset(geometry: VolumeGeometry, grid: Grid, z: int) -> tuple[int, int]:
    """Return where a slice's first pixel lies in the grid's plane."""
    index = np.linalg.inv(grid.affine) @ [*geometry.positions_mm[z], 1]
    return round(float(index[0])), round(float(index[1]))


def _note(geometry: VolumeGeometry, grid: Grid) -> str:
    causes = []
    if geometry.tilt_degrees >= TILT_FROM_DEGREES:
        causes.append(f"the gantry tilt of {geometry.tilt_degrees:.1f} degrees")
    if not geometry.uniform:
        causes.append("the variable slice distance")
    step = float(np.linalg.norm(grid.affine[:3, 2]))
    return (
        f"NIfTI cannot hold {' and '.join(causes)}: the mask was resampled (nearest neighbour) to an even grid of "
        f"{grid.shape[0]} x {grid.shape[1]} x {grid.shape[2]} voxels, {step:.2f} mm apart along the stack."
    )


def _save(path: Path, image: nib.Nifti1Image) -> Path:
    if not path.name.endswith((".nii", ".nii.gz")):
        raise InputError("A NIfTI file must end in .nii or .nii.gz", got=path.name)
    content = image.to_bytes()
    write_whole(path, gzip.compress(content, GZIP_LEVEL, mtime=0) if path.suffix == ".gz" else content)
    return path
