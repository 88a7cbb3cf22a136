"""One correction of a mask as a value: which voxels change, and into what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_cpam_stroke.core.arrays import Mask, Region
from napari_cpam_stroke.errors import InputError

Box = tuple[slice, slice, slice]

BACKGROUND = 0


@dataclass(frozen=True, eq=False)
class Edit:
    """Voxels that get another label; a voxel that already has its label is not in it.

    Attributes
    ----------
    shape
        (Z, Y, X) of the mask it belongs to.
    flat
        (N,) flat indices (C order), each once.
    values
        uint8 (N,) new labels.
    """

    shape: tuple[int, int, int]
    flat: NDArray[np.int64]
    values: Mask

    @property
    def voxels(self) -> int:
        """Number of voxels that change; 0 when there is nothing to do."""
        return int(self.flat.size)

    @property
    def indices(self) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
        """Three (N,) index arrays z, y, x, as `mask[edit.indices]` or a Labels layer's `data_setitem` take them."""
        z, y, x = np.unravel_index(self.flat, self.shape)
        return z, y, x

    @property
    def slices(self) -> tuple[int, ...]:
        """Slices that change, ascending."""
        return tuple(int(z) for z in np.unique(self.flat // (self.shape[1] * self.shape[2])))

    def flipped(self, flips: tuple[bool, bool, bool]) -> Edit:
        """Return the edit for the mask with some axes (z, y, x) flipped, as the radiological view shows it."""
        moved = [n - 1 - i if f else i for i, n, f in zip(self.indices, self.shape, flips, strict=True)]
        return Edit(self.shape, np.asarray(np.ravel_multi_index(moved, self.shape), dtype=np.int64), self.values)

    def apply_to(self, mask: Mask) -> None:
        """Write the new labels into `mask` (Z, Y, X) itself."""
        if mask.shape != self.shape:
            raise InputError("The edit belongs to a mask of another shape", got=mask.shape, expected=f"{self.shape}")
        mask[self.indices] = self.values

    def applied(self, mask: Mask) -> Mask:
        """Return a corrected copy of `mask` (Z, Y, X)."""
        copy = mask.copy()
        self.apply_to(copy)
        return copy


def nothing(mask: Mask) -> Edit:
    """Return an edit that changes no voxel of a (Z, Y, X) mask."""
    return Edit(shape_of(mask), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.uint8))


def relabel(mask: Mask, flat: NDArray[np.int64], label: int) -> Edit:
    """Return the edit of a (Z, Y, X) mask that gives voxels `flat` (N,), all of another label now, one label."""
    return Edit(shape_of(mask), flat, np.full(flat.size, label, dtype=np.uint8))


def replace(mask: Mask, box: Box, wanted: Mask) -> Edit:
    """Return the edit of a (Z, Y, X) mask that turns `mask[box]` into `wanted`, an array of the box's size."""
    changed = np.nonzero(mask[box] != wanted)
    moved = tuple(axis + part.start for axis, part in zip(changed, box, strict=True))
    flat = np.ravel_multi_index(moved, mask.shape)
    return Edit(shape_of(mask), np.asarray(flat, dtype=np.int64), wanted[changed])


def redraw(mask: Mask, slices: Mapping[int, Mask]) -> Edit:
    """Return the edit of a (Z, Y, X) mask that turns some slices into others (Y, X), given by index."""
    size = mask.shape[1] * mask.shape[2]
    flat, values = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.uint8)]
    for z, wanted in sorted(slices.items()):
        changed = np.flatnonzero(wanted.reshape(-1) != mask[z].reshape(-1))
        flat.append(changed + z * size)
        values.append(wanted.reshape(-1)[changed])
    return Edit(shape_of(mask), np.concatenate(flat), np.concatenate(values))


def fill(mask: Mask, box: Box, region: Region, label: int, *, overwrite: bool = False) -> Edit:
    """Return the edit of a (Z, Y, X) mask that gives a region one label; other classes stay unless `overwrite`.

    Parameters
    ----------
    region
        bool, of the box's size.
    """
    free = region if overwrite or label == BACKGROUND else region & (mask[box] == BACKGROUND)
    return replace(mask, box, np.where(free, np.uint8(label), mask[box]))


def shape_of(array: NDArray[np.generic]) -> tuple[int, int, int]:
    """Return (Z, Y, X) of a three-dimensional array."""
    z, y, x = array.shape
    return (z, y, x)
