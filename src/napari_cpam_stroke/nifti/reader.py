"""Read NIfTI masks back onto the frames of their series."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_cpam_stroke.core import CTVolume, LesionClass, VolumeGeometry
from napari_cpam_stroke.core.arrays import Floats, Mask
from napari_cpam_stroke.core.label_map import LabelMap
from napari_cpam_stroke.core.label_values import OWN_VALUES, labels_from_values, meanings_of_values
from napari_cpam_stroke.core.mask_reading import MADE_BY, MaskMaker, MaskReading
from napari_cpam_stroke.core.notice import Notice, NoticeCode, warning
from napari_cpam_stroke.errors import GeometryMismatchError, InputError
from napari_cpam_stroke.nifti.alignment import Reoriented, other_grid, reorient, require_one_place
from napari_cpam_stroke.nifti.file import NiftiFile, open_nifti
from napari_cpam_stroke.nifti.grid import HASH_PREFIX, LPS_TO_RAS, Grid, native_grids, orthogonal_grid

PROGRAM = "napari-cpam-stroke"
"""What wrote a mask with a content hash."""


def read_nifti_mask(path: Path | str, volume: CTVolume, *, labels: LabelMap | None = None) -> Mask:
    """Return a NIfTI mask on the volume's frames, uint8 (Z, Y, X).

    A mask on the native grid comes back voxel by voxel, whatever its axis order and directions; one on the orthogonal
    grid that stands in for a tilted or uneven series is looked up at each voxel's centre.

    Parameters
    ----------
    labels
        What the user says its values are; by default 1 is ischemia and 2 hemorrhage.

    Raises
    ------
    GeometryMismatchError
        If it was written for another series (content hash), or lies on another grid; with mm.
    InputError
        If it is no NIfTI mask, or holds values without a meaning.
    """
    return nifti_reading(path, volume, labels=labels).mask


def nifti_reading(path: Path | str, volume: CTVolume, *, labels: LabelMap | None = None) -> MaskReading:
    """Return a NIfTI mask with the classes it speaks of, notices, and what made it.

    Raises
    ------
    As `read_nifti_mask`.
    """
    file = open_nifti(Path(path), kind="stroke mask")
    _require_series(file, volume)
    meanings = meanings_of_values(labels or LabelMap())
    values = labels_from_values(file.values, meanings, f"{file.name} is no stroke mask: it")
    mask = _onto(file, values, volume)
    return MaskReading(
        mask=mask,
        drawn=frozenset(kind for kind in meanings.values() if kind is not None),
        notices=default_values_notice(mask) if meanings is OWN_VALUES and not hash_of(file) else (),
        makers=makers_of(file),
    )


def makers_of(file: NiftiFile) -> tuple[MaskMaker, ...]:
    """Return what a mask's header tells of who made it: `write_nifti` keeps that in the intent's name."""
    made_by = next((kind for kind in MADE_BY if kind and kind == file.intent), None)
    return () if made_by is None else (MaskMaker(made_by, program=PROGRAM if hash_of(file) else ""),)


def hash_of(file: NiftiFile) -> str:
    """Return the content hash of the series that a mask was written for here; empty for masks of others."""
    return file.description.removeprefix(HASH_PREFIX) if file.description.startswith(HASH_PREFIX) else ""


def default_values_notice(labels: Mask) -> tuple[Notice, ...]:
    """Return what the reader is told where (Z, Y, X) values without names were read as this program writes them."""
    words = " and ".join(f"{int(kind)} as {kind.label}" for kind in LesionClass if (labels == kind).any())
    sentence = f"Nothing names the mask's values: {words} (--map says otherwise)."
    return (warning(NoticeCode.LABEL_VALUES_ASSUMED, sentence, values=words),) if words else ()


def _require_series(file: NiftiFile, volume: CTVolume) -> None:
    own = hash_of(file)
    if own and own != volume.content_hash:
        raise GeometryMismatchError(
            "This mask belongs to another series",
            got="its content hash differs",
            remedy="open the series it was made for",
        )


def _onto(file: NiftiFile, values: Mask, volume: CTVolume) -> Mask:
    """Return a file's labels on the native frames."""
    geometry = volume.geometry
    if geometry is None:
        raise InputError("A case without positions takes no NIfTI mask")
    require_one_place(file)
    affine = LPS_TO_RAS @ file.affine
    found: list[tuple[Reoriented, Grid]] = []
    for grid in native_grids(geometry, volume.shape):
        found.append((reorient(values, affine, grid), grid))
        if found[-1][0].same_grid:
            return np.ascontiguousarray(found[-1][0].values.transpose(2, 1, 0))
    grid = orthogonal_grid(geometry, volume.shape)
    turned = reorient(values, affine, grid)
    if turned.same_grid:
        return _looked_up(turned.values, np.asarray(np.linalg.inv(grid.affine), dtype=np.float64), volume, geometry)
    nearest, target = min([*found, (turned, grid)], key=lambda pair: pair[0].apart_mm)
    raise other_grid(file, nearest, target, file.name)


def _looked_up(values: Mask, inverse: Floats, volume: CTVolume, geometry: VolumeGeometry) -> Mask:
    placed = np.zeros(volume.shape, dtype=np.uint8)
    for z, index in enumerate(_indices_of(volume, geometry, inverse)):
        inside = ((index >= 0) & (index < values.shape)).all(axis=-1)
        placed[z][inside] = values[tuple(index[inside].T)]
    return placed


def _indices_of(volume: CTVolume, geometry: VolumeGeometry, inverse: Floats) -> Iterator[NDArray[np.intp]]:
    """Yield for each slice the nearest index (Y, X, 3) in the other grid of every pixel."""
    (dy, dx), turn = geometry.pixel_spacing_mm, inverse[:3, :3]
    down = np.arange(volume.shape[1])[:, None, None] * (turn @ geometry.column_direction * dy)
    across = np.arange(volume.shape[2])[None, :, None] * (turn @ geometry.row_direction * dx)
    plane = down + across
    for position in geometry.positions_mm:
        yield np.rint(plane + (turn @ position + inverse[:3, 3])).astype(np.intp)
