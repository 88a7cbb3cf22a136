"""Carry what is drawn to another place: to the next slice, or to the other side of the head."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_cpam_stroke.config import PreprocessConfig
from napari_cpam_stroke.core.arrays import Mask
from napari_cpam_stroke.core.editing.box import clipped_box
from napari_cpam_stroke.core.editing.edit import BACKGROUND, Edit, fill, nothing, replace
from napari_cpam_stroke.core.editing.parts import component_voxels
from napari_cpam_stroke.core.head import locate_head
from napari_cpam_stroke.core.midline import rotation
from napari_cpam_stroke.core.volume import CTVolume
from napari_cpam_stroke.errors import InputError


@dataclass(frozen=True)
class Midline:
    """The line about which the head is symmetric: a (row, column) on it, and its turn from the columns' direction."""

    point_yx: tuple[float, float]
    degrees: float = 0.0

    def reflect(self, yx: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (2, N) pixel positions mirrored about the line."""
        point = np.asarray(self.point_yx)[:, None]
        turn = rotation(self.degrees)
        return np.asarray(turn @ np.diag([1.0, -1.0]) @ turn.T @ (yx - point) + point)


def copy_slice(mask: Mask, source: int, target: int, *, label: int | None = None, only_empty: bool = True) -> Edit:
    """Copy what is drawn on one slice to another.

    Parameters
    ----------
    mask
        uint8 (Z, Y, X).
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
    mask
        uint8 (Z, Y, X).
    at
        Voxel z, y, x.
    midline
        None: found from the volume, which takes longer than the edit itself; keep `find_midline(volume)`.
    """
    flat = component_voxels(mask, at)
    if not flat.size:
        return nothing(mask)
    zyx = np.stack(np.unravel_index(flat, mask.shape))
    line = midline or find_midline(volume)
    far = line.reflect(zyx[1:].astype(np.float64))
    first, last = zyx[0].min(), zyx[0].max()
    box = clipped_box([first, *np.floor(far.min(axis=1))], [last, *np.ceil(far.max(axis=1))], mask.shape)
    part = np.zeros((last - first + 1, *mask.shape[1:]), dtype=bool)
    part[zyx[0] - first, zyx[1], zyx[2]] = True
    rows_columns = np.stack(np.meshgrid(*(np.arange(s.start, s.stop) for s in box[1:]), indexing="ij"))
    back = np.rint(line.reflect(rows_columns.reshape(2, -1).astype(np.float64))).astype(np.int64)
    inside = ((back >= 0) & (back < np.array(mask.shape[1:])[:, None])).all(axis=0)
    y, x = np.where(inside, back, 0)
    region = (part[:, y, x] & inside).reshape(len(part), *rows_columns.shape[1:])
    return fill(mask, box, region, int(mask.reshape(-1)[flat[0]]))


def find_midline(volume: CTVolume) -> Midline:
    """Return the midline of a head in native pixels, from the symmetry of the whole series."""
    frame = locate_head(volume.hu, PreprocessConfig(align_midline=True))
    return Midline(frame.centre_yx, frame.degrees)
