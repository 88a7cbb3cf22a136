"""A division that ignores patients, as the paper made it; only on explicit request, and every report must say so."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cpam_train.data.slices import SliceRow
from napari_cpam_stroke.annotations.splits import DEFAULT_FRACTIONS

STAMP = "SPLIT BY SLICE: slices of one patient are in training and test, so these figures say nothing of new patients."
"""Must stand on every figure made with `split_by_slice`."""


def split_by_slice(
    rows: Sequence[SliceRow], *, fractions: tuple[float, float, float] = DEFAULT_FRACTIONS, seed: int = 0
) -> tuple[list[SliceRow], list[SliceRow], list[SliceRow]]:
    """Return train, validation and test rows dealt at random, whoever they belong to."""
    order = np.random.default_rng(seed).permutation(len(rows))
    first, second = np.cumsum(np.rint(np.array(fractions[:2]) * len(rows)).astype(int))
    parts = np.split(order, [first, second])
    train, validation, test = ([rows[int(i)] for i in sorted(part)] for part in parts)
    return train, validation, test
