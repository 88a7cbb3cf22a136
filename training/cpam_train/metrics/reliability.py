"""Whether pixels called so probable are so often lesion: calibration of masks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cpam_train.metrics.bootstrap import Statistic
from cpam_train.metrics.probability import CALIBRATION_BINS, calibration_bin
from napari_cpam_stroke.core.arrays import Floats, Region

STEPS = 256
"""Probabilities are given in 255 steps (`Prediction.probabilities`)."""

LOWEST_BIN = 1
"""Pixels under 0.1 do not count: nearly all of a head lies there, and would make any model look calibrated."""


@dataclass(frozen=True, eq=False)
class Reliability:
    """Pixels of one case by the probability they were given, in equal bins, each (CALIBRATION_BINS,).

    Attributes
    ----------
    pixels
        How many there are.
    expected, observed
        Sum of their probabilities, and how many of them are lesion.
    """

    pixels: Floats
    expected: Floats
    observed: Floats


def reliability(probabilities: NDArray[np.uint8], reference: Region) -> Reliability:
    """Return the reliability of probabilities 0..255 against a reference of the same shape."""
    inside = np.bincount(probabilities[reference], minlength=STEPS).astype(np.float64)
    every = np.bincount(probabilities.ravel(), minlength=STEPS).astype(np.float64)
    step = np.arange(STEPS) / (STEPS - 1)
    member = np.eye(CALIBRATION_BINS)[calibration_bin(step)].T
    return Reliability(member @ every, member @ (every * step), member @ inside)


def pixel_ece(cases: Sequence[Reliability]) -> Statistic:
    """Return the expected calibration error of pixels called at least 0.1, as a statistic of the cases."""
    gaps = np.stack([c.expected - c.observed for c in cases])[:, LOWEST_BIN:]
    pixels = np.stack([c.pixels for c in cases])[:, LOWEST_BIN:].sum(axis=1)

    def statistic(weights: Floats) -> Floats:
        total = weights @ pixels
        return np.divide(np.abs(weights @ gaps).sum(axis=1), total, out=np.full(len(total), np.nan), where=total > 0)

    return statistic
