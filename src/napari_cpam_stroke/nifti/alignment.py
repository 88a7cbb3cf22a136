"""Bring a mask into the axes of its image, and measure how far apart their grids lie; nothing is resampled."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from napari_cpam_stroke.core.arrays import Floats
from napari_cpam_stroke.core.geometry import SAME_GRID_MM
from napari_cpam_stroke.errors import GeometryMismatchError
from napari_cpam_stroke.nifti.file import NiftiFile
from napari_cpam_stroke.nifti.grid import Grid


@dataclass(frozen=True, eq=False)
class Reoriented:
    """A mask in the axis order and directions nearest to its image's, and the distance of the two grids.

    Attributes
    ----------
    values
        (I, J, K) in the image's axes.
    apart_mm
        Largest distance of corresponding corners.
    same_shape
        Whether the grids have as many voxels along each axis.
    """

    values: NDArray[Any]
    apart_mm: float
    same_shape: bool

    @property
    def same_grid(self) -> bool:
        """Whether every voxel is the image's own."""
        return self.same_shape and self.apart_mm <= SAME_GRID_MM


def reorient(values: NDArray[Any], affine: Floats, target: Grid) -> Reoriented:
    """Return (X, Y, Z) `values` in the axes of `target` by transposing and flipping alone; (4, 4) affines, mm."""
    turn = nib.io_orientation(np.linalg.inv(target.affine) @ affine)
    if np.isnan(turn).any():
        return Reoriented(values, _apart(affine, values.shape, target), same_shape=False)
    turned = nib.apply_orientation(values, turn)
    moved = affine @ nib.orientations.inv_ornt_aff(turn, values.shape)
    return Reoriented(turned, _apart(moved, turned.shape, target), turned.shape == target.shape)


def require_one_place(mask: NiftiFile, image: NiftiFile | None = None) -> None:
    """Refuse a mask whose header places it twice, unless its image does so in the same way.

    Raises
    ------
    GeometryMismatchError
        With the distance of qform and sform.
    """
    apart = _apart(mask.qform, mask.shape, Grid(mask.shape, mask.affine))
    if apart <= SAME_GRID_MM:
        return
    if image is not None and reorient(mask.values, mask.qform, Grid(image.shape, image.qform)).same_grid:
        return
    raise GeometryMismatchError(
        f"The header of {mask.name} says two places for the mask",
        got=f"qform and sform {apart:.2f} mm apart",
        expected=f"at most {SAME_GRID_MM} mm",
        remedy="delete the wrong one",
    )


def other_grid(mask: NiftiFile, found: Reoriented, target: Grid, of: str) -> GeometryMismatchError:
    """Return the refusal of a mask on another grid than its image, in mm; sizes only where they differ."""
    own = _grid_words(found.values.shape, mask.affine, np.linalg.inv(target.affine) @ mask.affine)
    wanted = _grid_words(target.shape, target.affine, np.eye(4))
    apart = f"corners up to {found.apart_mm:.2f} mm apart"
    unplaced = "" if mask.placed else ", for its header states no place (qform and sform code 0)"
    return GeometryMismatchError(
        f"Mask of {of} lies elsewhere, on another grid than its image{unplaced}",
        got=apart if own == wanted else f"{own}, {apart}",
        expected=f"at most {SAME_GRID_MM} mm" if own == wanted else wanted,
        remedy="resample the mask onto its image, or take the image it was drawn on",
    )


def _apart(affine: Floats, shape: tuple[int, ...], target: Grid) -> float:
    """Return the largest distance of corresponding corners, mm."""
    return float(np.linalg.norm(_corners(affine, shape) - _corners(target.affine, target.shape), axis=1).max())


def _corners(affine: Floats, shape: tuple[int, ...]) -> Floats:
    ends = np.array(list(product(*((0, n - 1) for n in shape))), dtype=np.float64)
    return np.asarray(ends @ affine[:3, :3].T + affine[:3, 3])


def _grid_words(shape: tuple[int, ...], affine: Floats, relative: Floats) -> str:
    """Return size and spacing of a grid, in the order of the image's axes."""
    order = np.argsort(np.abs(relative[:3, :3]).argmax(axis=0), kind="stable")
    spacing = np.linalg.norm(affine[:3, :3], axis=0)[order]
    return f"{' x '.join(map(str, shape))} voxels of {' x '.join(f'{s:.4g}' for s in spacing)} mm"
