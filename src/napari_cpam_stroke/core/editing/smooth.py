"""Smooth outlines without shrinking what is small."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_cpam_stroke.core.arrays import Mask
from napari_cpam_stroke.core.components import find_components
from napari_cpam_stroke.core.editing.box import clipped_box, label_box, pixel_spacing, slice_origins
from napari_cpam_stroke.core.editing.edit import BACKGROUND, Edit, nothing, replace
from napari_cpam_stroke.core.volume import CTVolume

REACH_SIGMAS = 2.0
"""An outline moves no farther than this many sigma."""

SMALLEST_VOXELS = 9
"""What is smaller has no outline to smooth."""


def smooth(
    mask: Mask,
    volume: CTVolume,
    label: int,
    *,
    sigma_mm: float = 1.0,
    across_slices: bool = False,
    at: Sequence[int] | None = None,
) -> Edit:
    """Smooth each component of a class with a Gaussian, keeping its size; other classes stay.

    In plane every slice of a component keeps its number of voxels; across slices the component as a whole does.

    Parameters
    ----------
    mask
        uint8 (Z, Y, X).
    sigma_mm
        Width of the Gaussian.
    across_slices
        Smooth along z too, by the median distance between slices.
    at
        (z, y, x): only the component under this voxel.
    """
    pad, sigma = _reach(volume, sigma_mm, across_slices=across_slices)
    box = label_box(mask, label, pad)
    if box is None:
        return nothing(mask)
    wanted = mask[box].copy()
    components = find_components(wanted == label)
    chosen = components.voxels >= SMALLEST_VOXELS
    if at is not None:
        chosen &= components.only([int(a) - part.start for a, part in zip(at, box, strict=True)])
    for whole in components.each(chosen):
        for part in [whole] if across_slices else _by_slice(whole, wanted.shape):
            _smooth_part(wanted, part, label, pad, sigma)
    return replace(mask, box, wanted)


def _by_slice(flat: NDArray[np.int64], shape: tuple[int, ...]) -> list[NDArray[np.int64]]:
    """Return sorted flat indices parted by slice, without what is too small on its slice."""
    ends = np.searchsorted(flat, np.arange(1, shape[0]) * shape[1] * shape[2])
    return [part for part in np.split(flat, ends) if part.size >= SMALLEST_VOXELS]


def _reach(
    volume: CTVolume, sigma_mm: float, *, across_slices: bool
) -> tuple[tuple[int, int, int], tuple[float, float, float]]:
    """Return by how many voxels outlines may move along z, y, x, and the Gaussian's sigma in voxels."""
    steps = np.diff(slice_origins(volume)[:, 0])
    dy, dx = pixel_spacing(volume)
    along = sigma_mm / float(np.median(steps)) if across_slices and steps.size else 0.0
    sigma = (along, sigma_mm / dy, sigma_mm / dx)
    pad = [int(np.ceil(REACH_SIGMAS * s)) for s in sigma]
    return (pad[0], pad[1], pad[2]), sigma


def _smooth_part(
    labels: Mask, flat: NDArray[np.int64], label: int, pad: tuple[int, int, int], sigma: tuple[float, float, float]
) -> None:
    """Smooth one connected part inside `labels`: as many voxels as before, where the blurred shape is highest.

    Along a straight edge the blur is the same: such voxels come or go together, whichever keeps the number better.
    """
    zyx = np.stack(np.unravel_index(flat, labels.shape))
    box = clipped_box(zyx.min(axis=1) - pad, zyx.max(axis=1) + pad, labels.shape)
    own = np.zeros([part.stop - part.start for part in box], dtype=bool)
    own[tuple(axis - part.start for axis, part in zip(zyx, box, strict=True))] = True
    blurred = ndimage.gaussian_filter(own.astype(np.float32), sigma, truncate=REACH_SIGMAS, mode="nearest")
    blurred[~own & (labels[box] != BACKGROUND)] = 0.0
    level = np.partition(blurred, -flat.size, axis=None)[-flat.size]
    kept, fewer = blurred >= max(float(level), np.finfo(np.float32).tiny), blurred > level
    if np.count_nonzero(kept) - flat.size > flat.size - np.count_nonzero(fewer):
        kept = fewer
    labels[box][own] = BACKGROUND
    labels[box][kept] = label
