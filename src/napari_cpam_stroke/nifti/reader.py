"""Read NIfTI masks back onto the frames of their series."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from nibabel.filebasedimages import ImageFileError
from numpy.typing import NDArray

from napari_cpam_stroke.core import CTVolume, LesionClass, VolumeGeometry
from napari_cpam_stroke.core.arrays import Floats
from napari_cpam_stroke.errors import GeometryMismatchError, InputError
from napari_cpam_stroke.nifti.grid import HASH_PREFIX, LPS_TO_RAS, is_native_grid, orthogonal_grid

MAX_MASK_VOXELS = 2**30
"""Voxels of a mask file that is read."""

GRID_TOLERANCE_MM = 0.05
"""Two grids whose corners differ by less are the same."""


def read_nifti_mask(path: Path | str, volume: CTVolume) -> NDArray[np.uint8]:
    """Return a NIfTI mask on the volume's frames, uint8 (Z, Y, X).

    A mask on the native grid comes back voxel by voxel, whatever its axis order; one on another grid is looked up at
    each voxel's centre.

    Raises
    ------
    GeometryMismatchError
        If it was written for another series (content hash), or lies elsewhere.
    InputError
        If it is no NIfTI mask.
    """
    path = Path(path)
    try:
        image = _nifti_image(path)
        voxels = np.prod(image.shape, dtype=np.float64)
        values = np.asanyarray(image.dataobj) if voxels <= MAX_MASK_VOXELS else np.zeros(0)
    except (OSError, ValueError, EOFError, ImageFileError, zlib.error) as error:
        raise InputError(f"{path.name} cannot be read as NIfTI", got=error) from error
    if values.ndim == 4 and values.shape[-1] == 1:
        values = values.reshape(values.shape[:3])
    if values.ndim != 3 or not values.size or not _are_labels(values):
        raise InputError(f"{path.name} is no stroke mask", got=f"shape {image.shape}", expected="3D labels 0, 1, 2")
    return _onto(values.astype(np.uint8), LPS_TO_RAS @ image.affine, _hash_of(image), volume)


def _nifti_image(path: Path) -> nib.Nifti1Image:
    image = nib.load(path, mmap=False)
    if not isinstance(image, nib.Nifti1Image):
        raise InputError(f"{path.name} is no NIfTI file", got=type(image).__name__)
    return image


def _onto(values: NDArray[np.uint8], affine: Floats, found: str, volume: CTVolume) -> NDArray[np.uint8]:
    geometry = volume.geometry
    if found and found != volume.content_hash:
        raise _other_series("its content hash differs")
    if geometry is None:
        raise InputError("A case without positions takes no NIfTI mask")
    inverse = _inverse(affine)
    _check_cover(values.shape, inverse, volume)
    mask = np.zeros(volume.shape, dtype=np.uint8)
    for z, index in enumerate(_indices_of(volume, geometry, inverse)):
        inside = ((index >= 0) & (index < values.shape)).all(axis=-1)
        mask[z][inside] = values[tuple(index[inside].T)]
    return mask


def _indices_of(volume: CTVolume, geometry: VolumeGeometry, inverse: Floats) -> Iterator[NDArray[np.intp]]:
    """Yield for each slice the nearest index (Y, X, 3) in the other grid of every pixel."""
    (dy, dx), turn = geometry.pixel_spacing_mm, inverse[:3, :3]
    down = np.arange(volume.shape[1])[:, None, None] * (turn @ geometry.column_direction * dy)
    across = np.arange(volume.shape[2])[None, :, None] * (turn @ geometry.row_direction * dx)
    plane = down + across
    for position in geometry.positions_mm:
        yield np.rint(plane + (turn @ position + inverse[:3, 3])).astype(np.intp)


def _are_labels(values: NDArray[Any]) -> bool:
    whole = values.dtype.kind in "iub" or not (values != np.rint(values)).any()
    return bool(whole and values.min() >= 0 and values.max() <= max(LesionClass))


def _check_cover(shape: tuple[int, ...], inverse: Floats, volume: CTVolume) -> None:
    """Refuse a mask without a hash whose grid is not the volume's own or its orthogonal one."""
    geometry = volume.geometry
    if geometry is None:
        return
    if is_native_grid(geometry):
        corners = np.array([[0, 0, 0], [volume.shape[0] - 1, volume.shape[1] - 1, volume.shape[2] - 1]])
        expected = sorted(volume.shape)
    else:
        grid = orthogonal_grid(geometry, volume.shape)
        ends = np.array([[0, 0, 0, 1], [*(n - 1 for n in grid.shape), 1]]) @ grid.affine.T
        corners, expected = ends[:, :3], sorted(grid.shape)
    points = geometry.index_to_patient(corners) if is_native_grid(geometry) else corners
    index = points @ inverse[:3, :3].T + inverse[:3, 3]
    spacing = np.linalg.norm(np.linalg.inv(inverse)[:3, :3], axis=0)
    edges = np.sort(index, axis=0), np.array([[0.0] * 3, [n - 1 for n in shape]])
    if sorted(shape) != expected or (np.abs(edges[0] - edges[1]) * spacing).max() > GRID_TOLERANCE_MM:
        raise _other_series(f"a grid of {shape} voxels that lies elsewhere")


def _inverse(affine: Floats) -> Floats:
    try:
        inverse = np.asarray(np.linalg.inv(affine), dtype=np.float64)
    except np.linalg.LinAlgError as error:
        raise InputError("The mask's header gives no grid (its affine cannot be inverted)") from error
    if not np.isfinite(inverse).all():
        raise InputError("The mask's header gives no grid (its affine is not finite)")
    return inverse


def _other_series(got: str) -> GeometryMismatchError:
    return GeometryMismatchError(
        "This mask belongs to another series", got=got, remedy="open the series it was made for"
    )


def _hash_of(image: nib.Nifti1Image) -> str:
    text = bytes(image.header.get("descrip", b"")).rstrip(b"\0").decode("latin-1") if "descrip" in image.header else ""
    return text.removeprefix(HASH_PREFIX) if text.startswith(HASH_PREFIX) else ""
