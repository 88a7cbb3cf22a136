"""Distances between the outlines of two masks in millimetres (MONAI)."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from monai.metrics import compute_hausdorff_distance, compute_surface_dice

from napari_cpam_stroke.core.arrays import Region
from napari_cpam_stroke.core.boxes import smallest_box

TOLERANCES_MM = (1.0, 2.0, 5.0)
MARGIN_VOXELS = 2
"""Kept around both masks when the rest of the volume is cut off: outlines need their outside."""


@dataclass(frozen=True)
class SurfaceDistance:
    """Surface Dice at each of `TOLERANCES_MM`, and the 95th percentile Hausdorff distance in mm.

    `hd95_mm` is None where nothing was marked: there is no distance to nothing.
    """

    surface_dice: tuple[float, ...]
    hd95_mm: float | None


def surface_distance(predicted: Region, reference: Region, spacing_mm: Sequence[float]) -> SurfaceDistance | None:
    """Compare the outlines of two masks.

    Parameters
    ----------
    predicted, reference
        bool (Z, Y, X), or (Y, X) for a single slice.
    spacing_mm
        Distance of voxels along each axis.

    Returns
    -------
    None without reference: such cases are judged by their false-positive volume.
    """
    if not reference.any():
        return None
    if not predicted.any():
        return SurfaceDistance((0.0,) * len(TOLERANCES_MM), None)
    box = smallest_box(predicted | reference)
    a, b = (torch.from_numpy(_padded(mask[box])[None, None].astype(np.float32)) for mask in (predicted, reference))
    spacing = tuple(float(s) for s in spacing_mm)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # MONAI's, about its own internals
        shares = tuple(
            float(compute_surface_dice(a, b, [t], include_background=True, spacing=spacing)) for t in TOLERANCES_MM
        )
        far = float(compute_hausdorff_distance(a, b, include_background=True, percentile=95, spacing=spacing))
    return SurfaceDistance(shares, far)


def _padded(mask: Region) -> Region:
    return np.pad(mask, MARGIN_VOXELS)
