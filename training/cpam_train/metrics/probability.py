"""How good probabilities are: ranking, operating points, calibration; every function also takes sample weights.

Weights (R, N) give R results at once, so that a bootstrap of R resamplings is one call.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_cpam_stroke.core.arrays import Floats

CALIBRATION_BINS = 10
"""Equal steps of the probability for ECE and the calibration plot."""


def auc(probability: Floats, present: NDArray[np.bool_], weights: Floats | None = None) -> Floats:
    """Return the area under the ROC curve, ties counted half.

    Parameters
    ----------
    probability, present
        (N,).
    weights
        (R, N); None: one result with equal weights.

    Returns
    -------
    (R,); NaN where a resampling holds one class only.
    """
    w = _weights(weights, len(probability))
    steps = _curve(probability, present, w)
    area = ((steps.fp[:, 1:] - steps.fp[:, :-1]) * (steps.tp[:, 1:] + steps.tp[:, :-1])).sum(axis=1) / 2
    return _divide(area, steps.tp[:, -1] * steps.fp[:, -1])


def sensitivity_at_specificity(
    probability: Floats, present: NDArray[np.bool_], specificity: float, weights: Floats | None = None
) -> Floats:
    """Return (R,) highest sensitivities whose specificity is at least the one given; NaN without both classes."""
    steps = _curve(probability, present, _weights(weights, len(probability)))
    allowed = steps.fp <= (1 - specificity) * steps.fp[:, -1:] + 1e-9
    best = _divide(np.where(allowed, steps.tp, 0.0).max(axis=1), steps.tp[:, -1])
    return np.where(steps.fp[:, -1] > 0, best, np.nan)


def brier(probability: Floats, present: NDArray[np.bool_], weights: Floats | None = None) -> Floats:
    """Return (R,) mean squared differences between probability and truth."""
    w = _weights(weights, len(probability))
    return _divide(w @ (probability - present) ** 2, w.sum(axis=1))


def ece(probability: Floats, present: NDArray[np.bool_], weights: Floats | None = None) -> Floats:
    """Return (R,) expected calibration errors: mean distance of probability and frequency per bin, weighted by size."""
    w = _weights(weights, len(probability))
    member = np.eye(CALIBRATION_BINS)[calibration_bin(probability)]
    gap = w @ (member * (probability - present)[:, None])
    return _divide(np.abs(gap).sum(axis=1), w.sum(axis=1))


def calibration_bin(probability: Floats) -> NDArray[np.int64]:
    """Return int (N,), 0..CALIBRATION_BINS - 1: the bin of each probability."""
    return np.clip((np.asarray(probability) * CALIBRATION_BINS).astype(np.int64), 0, CALIBRATION_BINS - 1)


class _Curve:
    """Weighted positives and negatives at or above each distinct probability, from the highest down; starts at 0."""

    def __init__(self, tp: Floats, fp: Floats) -> None:
        self.tp, self.fp = tp, fp


def _curve(probability: Floats, present: NDArray[np.bool_], weights: Floats) -> _Curve:
    order = np.argsort(-probability, kind="stable")
    ordered, positive = probability[order], present[order].astype(np.float64)
    last_of_tie = np.flatnonzero(np.r_[np.diff(ordered) != 0, True])
    w = weights[:, order]
    start = np.zeros((len(w), 1))
    tp = np.cumsum(w * positive, axis=1)[:, last_of_tie]
    fp = np.cumsum(w * (1 - positive), axis=1)[:, last_of_tie]
    return _Curve(np.hstack([start, tp]), np.hstack([start, fp]))


def _weights(weights: Floats | None, length: int) -> Floats:
    return np.ones((1, length)) if weights is None else np.asarray(weights, dtype=np.float64)


def _divide(above: Floats, below: Floats) -> Floats:
    return np.divide(above, below, out=np.full(np.shape(above), np.nan), where=below > 0)
