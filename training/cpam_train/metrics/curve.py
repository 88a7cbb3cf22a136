"""Counts at every threshold at once, from histograms of the probabilities inside and outside the reference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cpam_train.metrics.counts import Counts, dice

BINS = 64
"""Probabilities are sorted into this many equal steps; thresholds lie on their edges."""

Integers = NDArray[np.int64]


def thresholds() -> NDArray[np.float64]:
    """Return the (BINS,) thresholds: lower edges of the bins."""
    return np.arange(BINS) / BINS


def bin_centres() -> NDArray[np.float64]:
    """Return the (BINS,) probabilities in the middle of each bin."""
    return thresholds() + 0.5 / BINS


def histograms(probabilities: Tensor, truth: Tensor) -> Tensor:
    """Count probabilities outside and inside the reference.

    Parameters
    ----------
    probabilities, truth
        (B, K, H, W); truth is 0 or 1.

    Returns
    -------
    int64 (B, K, 2, BINS) on the device of the input.
    """
    b, k = probabilities.shape[:2]
    bins = (probabilities.float() * BINS).long().clamp_(0, BINS - 1)
    row = torch.arange(b * k, device=bins.device).view(b, k, 1, 1) * 2 + truth.long()
    return torch.bincount((row * BINS + bins).flatten(), minlength=b * k * 2 * BINS).view(b, k, 2, BINS)


def counts_at_thresholds(hist: Integers) -> Counts:
    """Return counts (..., BINS) of histograms (..., 2, BINS); a pixel counts as marked at or above the threshold."""
    above = hist[..., ::-1].cumsum(axis=-1)[..., ::-1].astype(np.float64)
    total = hist.sum(axis=-1, keepdims=True).astype(np.float64)
    fp, tp = above[..., 0, :], above[..., 1, :]
    return Counts(tp=tp, fp=fp, fn=total[..., 1, :] - tp, tn=total[..., 0, :] - fp)


@dataclass(frozen=True)
class BestThreshold:
    """The threshold of one class with the highest score, and what it gives."""

    threshold: float
    score: float
    mean_dice: float
    pooled_dice: float


def best_threshold(hist: Integers) -> BestThreshold | None:
    """Return the threshold with the highest mean of slice Dice and pooled Dice.

    The first looks at every lesion alike; the second also feels marks on lesion-free slices.

    Parameters
    ----------
    hist
        (N, 2, BINS) of the slices on which the class is known.

    Returns
    -------
    None where no slice holds the class.
    """
    holds = hist[:, 1].sum(axis=-1) > 0
    if not holds.any():
        return None
    counts = counts_at_thresholds(hist)
    mean, pooled = dice(Counts(*(p[holds] for p in _parts(counts)))).mean(axis=0), dice(counts.pooled())
    score = (mean + pooled) / 2
    best = int(np.argmax(score[1:])) + 1
    return BestThreshold(float(thresholds()[best]), float(score[best]), float(mean[best]), float(pooled[best]))


def _parts(counts: Counts) -> tuple[NDArray[np.float64], ...]:
    return counts.tp, counts.fp, counts.fn, counts.tn
