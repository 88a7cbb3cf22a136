"""Carry what is drawn to another place: to the next slice, or to the other side of the head."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_cpam_stroke.core.editing.box import clipped_box, pixel_spacing
from napari_cpam_stroke.core.editing.edit import BACKGROUND, Edit, Mask, fill, nothing, replace
from napari_cpam_stroke.core.editing.parts import component_voxels
from napari_cpam_stroke.core.volume import CTVolume
from napari_cpam_stroke.errors import InputError

BONE_MIN_HU = 300.0
"""The skull, whose outer edges give the midline."""

TISSUE_MIN_HU = 5.0
"""What stands for the head where a source kept no HU of bone."""


@dataclass(frozen=True)
class Midline:
    """The line x = column + slope * y, in pixels, about which the head is symmetric."""

    column: float
    slope: float = 0.0


def copy_slice(mask: Mask, source: int, target: int, *, label: int | None = None, only_empty: bool = True) -> Edit:
    """Copy what is drawn on one slice to another.

    Parameters
    ----------
    source, target
        Slice indices.
    label
        Only this class; None means both.
    only_empty
        True: nothing already drawn on the target changes. False: the class is replaced there; the other class stays.
    """
    z = mask.shape[0]
    if not (0 <= source < z and 0 <= target < z):
        raise InputError("There is no such slice to copy", got=f"{source} to {target}", expected=f"0 to {z - 1}")
    box = (slice(target, target + 1), slice(0, mask.shape[1]), slice(0, mask.shape[2]))
    before, drawn = mask[target], mask[source]
    chosen = drawn != BACKGROUND if label is None else drawn == label
    wanted = before.copy()
    if not only_empty:
        wanted[(before != BACKGROUND) if label is None else (before == label)] = BACKGROUND
    wanted = np.where(chosen & (wanted == BACKGROUND), drawn, wanted)
    return replace(mask, box, wanted[None])


def mirror_component(mask: Mask, volume: CTVolume, at: Sequence[int], *, midline: Midline | None = None) -> Edit:
    """Draw the mirror image of the component under a voxel on the other side of the head; nothing drawn changes.

    Parameters
    ----------
    midline
        None: found from the skull on the component's own slices.
    """
    flat = component_voxels(mask, at)
    if not flat.size:
        return nothing(mask)
    zyx = np.stack(np.unravel_index(flat, mask.shape))
    line = midline or find_midline(volume.hu[zyx[0].min() : zyx[0].max() + 1])
    far = _reflected(zyx[1:].astype(np.float64), line, pixel_spacing(volume))
    low, high = np.floor(far.min(axis=1)).astype(int), np.ceil(far.max(axis=1)).astype(int)
    box = clipped_box([zyx[0].min(), *low], [zyx[0].max(), *high], mask.shape)
    if any(part.start >= part.stop for part in box):
        return nothing(mask)
    grid = np.meshgrid(*(np.arange(part.start, part.stop) for part in box), indexing="ij")
    there = np.stack(grid[1:]).reshape(2, -1).astype(np.float64)
    back = np.rint(_reflected(there, line, pixel_spacing(volume))).astype(np.int64)
    inside = ((back >= 0) & (back < np.array(mask.shape[1:])[:, None])).all(axis=0)
    source = np.ravel_multi_index((grid[0].ravel(), *np.where(inside, back, 0)), mask.shape)
    region = (inside & np.isin(source, flat)).reshape(grid[0].shape)
    return fill(mask, box, region, int(mask[tuple(at)]))


def find_midline(hu: NDArray[np.int16]) -> Midline:
    """Fit the line halfway between the left and right edge of the skull over the rows of some (Z, Y, X) slices.

    Rows whose middle lies far from the line are left out of a second fit. Without a head: the middle column.
    """
    bone = hu.max(axis=0) > BONE_MIN_HU
    head = bone if bone.any() else hu.max(axis=0) > TISSUE_MIN_HU
    rows = np.flatnonzero(head.any(axis=1))
    if rows.size < 3:
        return Midline((hu.shape[2] - 1) / 2)
    middle = (head[rows].argmax(axis=1) + hu.shape[2] - 1 - head[rows, ::-1].argmax(axis=1)) / 2
    slope, column = np.polyfit(rows, middle, 1)
    off = np.abs(middle - column - slope * rows)
    good = off <= 2 * np.median(off) + 0.5
    slope, column = np.polyfit(rows[good], middle[good], 1)
    return Midline(float(column), float(slope))


def _reflected(yx: NDArray[np.float64], line: Midline, spacing_mm: tuple[float, float]) -> NDArray[np.float64]:
    """Return (2, N) pixel positions mirrored in mm about a line."""
    dy, dx = spacing_mm
    along = np.array([dy, line.slope * dx]) / np.hypot(dy, line.slope * dx)
    offset = np.stack([yx[0] * dy, (yx[1] - line.column) * dx])
    mirrored = 2 * along[:, None] * (along @ offset) - offset
    return np.stack([mirrored[0] / dy, mirrored[1] / dx + line.column])
