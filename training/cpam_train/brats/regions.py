"""Labels of BraTS and the nested regions they are judged by."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CHANNELS: tuple[str, ...] = ("flair", "t1", "t1ce", "t2")
"""MR sequences, in the order of the network's input channels."""

CLASSES: tuple[str, ...] = ("necrosis", "edema", "enhancing")
"""Names of our labels 1, 2, 3; BraTS writes enhancing tumour as 4."""

FROM_BRATS: dict[int, int] = {0: 0, 1: 1, 2: 2, 4: 3}
"""BraTS value -> our label."""

REGIONS: dict[str, tuple[int, ...]] = {"WT": (1, 2, 3), "TC": (1, 3), "ET": (3,)}
"""Whole tumour, tumour core, enhancing tumour as sets of our labels ({1, 2, 4}, {1, 4}, {4} in BraTS's)."""


def region_masks(labels: NDArray[np.uint8]) -> dict[str, NDArray[np.bool_]]:
    """Return bool arrays, one for each region, of the same shape as the labels (0..3, any axes)."""
    return {name: np.isin(labels, values) for name, values in REGIONS.items()}
