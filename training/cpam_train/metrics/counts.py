"""True and false positives and negatives, and the ratios made of them.

One rule for empty masks, here only: a ratio whose denominator says nothing is NaN, and Dice and IoU of a case without
reference pixels are NaN; such cases are judged by their false-positive volume instead.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_cpam_stroke.core.arrays import Floats


@dataclass(frozen=True, eq=False)
class Counts:
    """Pixel counts of any one shape (cases, classes, thresholds, ...); the ratios below, 0..1, have it too."""

    tp: Floats
    fp: Floats
    fn: Floats
    tn: Floats

    def pooled(self, axis: int = 0) -> Counts:
        """Return the sums along an axis, which is gone then."""
        return Counts(*(np.asarray(part).sum(axis=axis) for part in (self.tp, self.fp, self.fn, self.tn)))


def count(predicted: NDArray[np.bool_], reference: NDArray[np.bool_]) -> Counts:
    """Return the counts of two boolean arrays of one shape, as scalars."""
    both = float(np.count_nonzero(predicted & reference))
    only_predicted = float(np.count_nonzero(predicted)) - both
    only_reference = float(np.count_nonzero(reference)) - both
    rest = predicted.size - both - only_predicted - only_reference
    return Counts(*(np.asarray(v) for v in (both, only_predicted, only_reference, rest)))


def stacked(counts: Iterable[Counts]) -> Counts:
    """Return many counts as one, along a new first axis."""
    many = list(counts)
    return Counts(*(np.stack([getattr(c, name) for c in many]) for name in ("tp", "fp", "fn", "tn")))


def dice(c: Counts) -> Floats:
    """Return 2 tp / (2 tp + fp + fn), same shape as the counts; NaN without reference."""
    return _ratio(2 * c.tp, 2 * c.tp + c.fp + c.fn, where=c.tp + c.fn > 0)


def iou(c: Counts) -> Floats:
    """Return tp / (tp + fp + fn), same shape as the counts; NaN without reference."""
    return _ratio(c.tp, c.tp + c.fp + c.fn, where=c.tp + c.fn > 0)


def sensitivity(c: Counts) -> Floats:
    """Return tp / (tp + fn), also called recall, same shape as the counts; NaN without reference."""
    return _ratio(c.tp, c.tp + c.fn)


def specificity(c: Counts) -> Floats:
    """Return tn / (tn + fp), same shape as the counts; NaN without negatives."""
    return _ratio(c.tn, c.tn + c.fp)


def precision(c: Counts) -> Floats:
    """Return tp / (tp + fp), same shape as the counts; NaN where nothing was marked."""
    return _ratio(c.tp, c.tp + c.fp)


def _ratio(above: Floats, below: Floats, *, where: NDArray[np.bool_] | None = None) -> Floats:
    above, below = np.asarray(above, dtype=np.float64), np.asarray(below, dtype=np.float64)
    valid = (below > 0) if where is None else (below > 0) & where
    return np.divide(above, below, out=np.full(np.broadcast(above, below).shape, np.nan), where=valid)
