"""Masks as NIfTI: on the native grid where it is one, resampled to an orthogonal grid where it is not."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from nibabel.filebasedimages import ImageFileError
from numpy.typing import NDArray

from napari_cpam_stroke.core import CTVolume, LesionClass, VolumeGeometry
from napari_cpam_stroke.dicom.limits import TILT_FROM_DEGREES
from napari_cpam_stroke.errors import GeometryMismatchError, InputError

Floats = NDArray[np.float64]

LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
"""NIfTI's x grows to the right and y to the front, DICOM's to the left and the back."""

HASH_PREFIX = "cpam:"
"""Before the content hash in the header's description."""

GRID_TOLERANCE_MM = 0.05
"""Two grids whose corners differ by less are the same."""

MAX_RESAMPLED_PLANES = 2_000
"""Planes of a resampled grid."""


MAX_MASK_VOXELS = 2**30
"""Voxels of a mask file that is read."""


@dataclass(frozen=True)
class Grid:
    """An orthogonal grid in LPS mm: (X, Y, Z) shape and the affine of its indices."""

    shape: tuple[int, int, int]
    affine: Floats


def write_nifti(path: Path | str, mask: NDArray[np.uint8], volume: CTVolume) -> tuple[Path, tuple[str, ...]]:
    """Write a mask as NIfTI (RAS, qform and sform) and return its path and notes for the user.

    Parameters
    ----------
    mask
        uint8 (Z, Y, X) on the volume's frames.

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
    if mask.shape != volume.shape:
        raise GeometryMismatchError(
            "The mask has another shape than the series", got=mask.shape, expected=f"{volume.shape}"
        )
    if geometry is None:
        raise InputError("A case without positions cannot be written as NIfTI", remedy="its slices have no place")
    notes: tuple[str, ...] = ()
    if is_native_grid(geometry):
        data, affine = mask.transpose(2, 1, 0), native_affine(geometry)
    else:
        grid = orthogonal_grid(geometry, volume.shape)
        data, affine = _resample(mask, geometry, grid), grid.affine
        notes = (_note(geometry, grid),)
    image = nib.as_closest_canonical(nib.Nifti1Image(np.ascontiguousarray(data), LPS_TO_RAS @ affine))
    image.set_sform(image.affine, code=1)
    image.set_qform(image.affine, code=1)
    image.header.set_xyzt_units("mm")
    image.header["descrip"] = f"{HASH_PREFIX}{volume.content_hash}"
    return _save(Path(path), image), notes


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
        image = nib.load(path, mmap=False)
        voxels = np.prod(image.shape, dtype=np.float64)
        values = np.asanyarray(image.dataobj) if voxels <= MAX_MASK_VOXELS else np.zeros(0)
    except (OSError, ValueError, EOFError, ImageFileError, zlib.error) as error:
        raise InputError(f"{path.name} cannot be read as NIfTI", got=error) from error
    if values.ndim == 4 and values.shape[-1] == 1:
        values = values.reshape(values.shape[:3])
    if values.ndim != 3 or not values.size or not _are_labels(values):
        raise InputError(f"{path.name} is no stroke mask", got=f"shape {image.shape}", expected="3D labels 0, 1, 2")
    return _onto(values.astype(np.uint8), LPS_TO_RAS @ image.affine, _hash_of(image), volume)


def is_native_grid(geometry: VolumeGeometry) -> bool:
    """Whether the native frames form one orthogonal, even grid, as a qform needs."""
    return geometry.uniform and geometry.tilt_degrees < TILT_FROM_DEGREES


def native_affine(geometry: VolumeGeometry) -> Floats:
    """Return the 4 x 4 affine from (x, y, z) indices to LPS mm of an even, untilted series."""
    dy, dx = geometry.pixel_spacing_mm
    step = geometry.normal * float(geometry.slice_interval_mm.mean())
    return _affine(geometry.row_direction * dx, geometry.column_direction * dy, step, geometry.positions_mm[0])


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


def _resample(mask: NDArray[np.uint8], geometry: VolumeGeometry, grid: Grid) -> NDArray[np.uint8]:
    """Return (X, Y, Z): each plane of the grid takes its nearest slice, shifted by whole pixels in the plane."""
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


def _onto(values: NDArray[np.uint8], affine: Floats, found: str, volume: CTVolume) -> NDArray[np.uint8]:
    geometry = volume.geometry
    if found and found != volume.content_hash:
        raise _other_series("its content hash differs")
    if geometry is None:
        raise InputError("A case without positions takes no NIfTI mask")
    inverse: Floats = np.asarray(np.linalg.inv(affine), dtype=np.float64)
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


def _other_series(got: str) -> GeometryMismatchError:
    return GeometryMismatchError(
        "This mask belongs to another series", got=got, remedy="open the series it was made for"
    )


def _hash_of(image: nib.Nifti1Image) -> str:
    text = bytes(image.header.get("descrip", b"")).rstrip(b"\0").decode("latin-1") if "descrip" in image.header else ""
    return text.removeprefix(HASH_PREFIX) if text.startswith(HASH_PREFIX) else ""


def _affine(x: Floats, y: Floats, z: Floats, origin: Floats) -> Floats:
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 1], affine[:3, 2], affine[:3, 3] = x, y, z, origin
    return affine


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
    path.parent.mkdir(parents=True, exist_ok=True)
    suffix = "".join(path.suffixes[-2:]) if path.name.endswith(".nii.gz") else path.suffix
    if suffix not in (".nii", ".nii.gz"):
        raise InputError("A NIfTI file must end in .nii or .nii.gz", got=path.name)
    temporary = path.with_name(f".{path.name.removesuffix(suffix)}.part{suffix}")
    nib.save(image, temporary)
    temporary.replace(path)
    return path
