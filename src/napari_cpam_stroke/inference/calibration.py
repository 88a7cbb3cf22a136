"""From what a network says of slices to calibrated probabilities of slices and of the series. No torch."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from napari_cpam_stroke.core.labels import CLASS_NAMES

PROBABILITY_MARGIN = 1e-6
"""Probabilities are kept this far from 0 and 1 before they become logits."""


def calibrated(raw: NDArray[np.float32], temperature: Mapping[str, float]) -> NDArray[np.float32]:
    """Return (n, 2) probabilities whose logits are divided by the temperature of their class."""
    return on_logit(raw, 1 / np.array([temperature[name] for name in CLASS_NAMES])).astype(np.float32)


def series_probability(
    slice_probabilities: NDArray[np.float32], top_slices: int, calibration: Mapping[str, tuple[float, float]]
) -> dict[str, float]:
    """Return per class the mean of the `top_slices` highest of (Z, 2) slice probabilities, calibrated.

    Parameters
    ----------
    calibration
        Slope and offset on the logit of a class; without them the mean itself is the probability.
    """
    means = np.sort(slice_probabilities, axis=0)[-top_slices:].mean(axis=0, dtype=np.float64)
    return {
        name: float(on_logit(mean, *calibration[name]) if name in calibration else mean)
        for name, mean in zip(CLASS_NAMES, means, strict=True)
    }


def on_logit(
    probability: NDArray[np.floating] | float, slope: NDArray[np.float64] | float, offset: float = 0.0
) -> NDArray[np.float64]:
    """Return the probability whose logit is `slope` times that of the one given, 0..1 of any shape, plus `offset`."""
    safe = np.clip(np.asarray(probability, dtype=np.float64), PROBABILITY_MARGIN, 1 - PROBABILITY_MARGIN)
    return np.asarray(1 / (1 + np.exp(-(np.log(safe / (1 - safe)) * slope + offset))))
