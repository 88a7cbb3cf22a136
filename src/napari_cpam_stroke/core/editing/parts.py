"""Edits of whole components: erase, swap their class, drop islands."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from napari_cpam_stroke.core.arrays import Mask
from napari_cpam_stroke.core.components import find_components, find_label
from napari_cpam_stroke.core.editing.edit import BACKGROUND, Edit, relabel
from napari_cpam_stroke.core.labels import LesionClass
from napari_cpam_stroke.core.volume import CTVolume
from napari_cpam_stroke.errors import InputError

OTHER_CLASS = {LesionClass.ISCHEMIA: LesionClass.HEMORRHAGE, LesionClass.HEMORRHAGE: LesionClass.ISCHEMIA}


def component_voxels(mask: Mask, at: Sequence[int], *, only_slice: bool = False) -> NDArray[np.int64]:
    """Return sorted flat indices of the component of one class under a voxel; empty on the background.

    Parameters
    ----------
    mask
        uint8 (Z, Y, X).
    at
        (z, y, x) index.
    only_slice
        Only what is connected within that slice.
    """
    z, y, x = (int(i) for i in at)
    label = mask[z, y, x]
    if label == BACKGROUND:
        return np.zeros(0, dtype=np.int64)
    if not only_slice:
        components = find_label(mask, label)
        return components.flat_indices(components.only((z, y, x)))
    components = find_components(mask[z : z + 1] == label)
    flat = components.flat_indices(components.only((0, y, x)))
    return np.asarray(flat + z * mask.shape[1] * mask.shape[2])


def erase_component(mask: Mask, at: Sequence[int], *, only_slice: bool = False) -> Edit:
    """Erase the component of a (Z, Y, X) mask under voxel `at` (z, y, x)."""
    return relabel(mask, component_voxels(mask, at, only_slice=only_slice), BACKGROUND)


def swap_class(mask: Mask, at: Sequence[int], *, only_slice: bool = False) -> Edit:
    """Turn the component of a (Z, Y, X) mask under voxel `at` (z, y, x) from ischemia into hemorrhage, or back."""
    flat = component_voxels(mask, at, only_slice=only_slice)
    label = int(mask[int(at[0]), int(at[1]), int(at[2])])
    return relabel(mask, flat, OTHER_CLASS[LesionClass(label)] if flat.size else label)


def remove_islands(
    mask: Mask,
    volume: CTVolume,
    *,
    below_ml: float | None = None,
    below_voxels: int | None = None,
    label: int | None = None,
) -> Edit:
    """Erase components smaller than a volume or a number of voxels.

    Parameters
    ----------
    mask
        uint8 (Z, Y, X).
    below_ml
        Smallest volume that stays; needs geometry.
    below_voxels
        Smallest number of voxels that stays.
    label
        Only this class; None means both.

    Raises
    ------
    InputError
        Without a limit, or for ml where the series gives no geometry.
    """
    if below_ml is None and below_voxels is None:
        raise InputError("Removing islands needs a smallest size", remedy="give below_ml or below_voxels")
    classes = [int(c) for c in LesionClass] if label is None else [label]
    small = [_islands(mask, volume, c, below_ml, below_voxels) for c in classes]
    return relabel(mask, np.sort(np.concatenate(small)), BACKGROUND)


def _islands(
    mask: Mask, volume: CTVolume, label: int, below_ml: float | None, below_voxels: int | None
) -> NDArray[np.int64]:
    components = find_label(mask, label)
    small = np.zeros(components.count, dtype=bool)
    if below_voxels is not None:
        small |= components.voxels < below_voxels
    if below_ml is not None:
        if volume.geometry is None:
            raise InputError("This series gives no volumes in ml", remedy="limit islands by their number of voxels")
        per_slice = volume.geometry.voxel_volumes_ml
        small |= components.sums(components.length * per_slice[components.run_slices]) < below_ml
    return components.flat_indices(small)
