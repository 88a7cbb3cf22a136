"""95 % intervals by resampling patients, all at once, and the same for the difference of two models."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from napari_cpam_stroke.core.arrays import Floats

Statistic = Callable[[Floats], Floats]
"""Case weights (R, N) to results (R,)."""

RESAMPLINGS = 2000
LEVEL = 0.95
MIN_PATIENTS = 2
"""A single patient gives no interval."""


@dataclass(frozen=True)
class Estimate:
    """A figure, its interval (None where too few patients give none), and the cases behind it."""

    value: float | None
    low: float | None
    high: float | None
    cases: int
    patients: int

    def __str__(self) -> str:
        if self.value is None:
            return "-"
        if self.low is None or self.high is None:
            return f"{self.value:.3f}"
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def resampled(patients: Sequence[str], *, resamplings: int = RESAMPLINGS, seed: int = 0) -> Floats:
    """Return (R, N) case weights: how often the patient of each case was drawn, patients drawn with replacement."""
    names, member = np.unique(np.asarray(patients), return_inverse=True)
    draws = np.random.default_rng(seed).integers(0, len(names), (resamplings, len(names)))
    counts = np.zeros((resamplings, len(names)))
    np.add.at(counts, (np.arange(resamplings)[:, None], draws), 1)
    return counts[:, member]


def estimate(statistic: Statistic, patients: Sequence[str], *, resamplings: int = RESAMPLINGS) -> Estimate:
    """Return a statistic of all N cases, whose patients are given, with its percentile interval over patients."""
    cases, people = len(patients), len(set(patients))
    if not cases:
        return Estimate(None, None, None, 0, 0)
    value = float(statistic(np.ones((1, cases)))[0])
    if np.isnan(value):
        return Estimate(None, None, None, cases, people)
    if people < MIN_PATIENTS:
        return Estimate(value, None, None, cases, people)
    drawn = statistic(resampled(patients, resamplings=resamplings))
    low, high = np.nanquantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(value, float(low), float(high), cases, people)


def mean_of(values: Sequence[float] | Floats) -> Statistic:
    """Return the weighted mean of one value per case, (N,), as a statistic."""
    column = np.asarray(values, dtype=np.float64)

    def statistic(weights: Floats) -> Floats:
        total = weights.sum(axis=1)
        return np.divide(weights @ column, total, out=np.full(len(total), np.nan), where=total > 0)

    return statistic


def ratio_of(above: Sequence[float] | Floats, below: Sequence[float] | Floats) -> Statistic:
    """Return the ratio of two weighted sums (a pooled figure) over (N,) values per case as a statistic."""
    up, down = np.asarray(above, dtype=np.float64), np.asarray(below, dtype=np.float64)

    def statistic(weights: Floats) -> Floats:
        total = weights @ down
        return np.divide(weights @ up, total, out=np.full(len(total), np.nan), where=total > 0)

    return statistic


def median_of(values: Sequence[float] | Floats) -> Statistic:
    """Return the weighted (lower) median of one value per case, (N,), as a statistic."""
    column = np.asarray(values, dtype=np.float64)
    order = np.argsort(column, kind="stable")

    def statistic(weights: Floats) -> Floats:
        below = np.cumsum(weights[:, order], axis=1)
        place = (below >= below[:, -1:] / 2).argmax(axis=1)
        return np.where(below[:, -1] > 0, column[order][place], np.nan)

    return statistic


def paired_difference(
    first: Sequence[float] | Floats, second: Sequence[float] | Floats, patients: Sequence[str]
) -> Estimate:
    """Return the mean of first - second, (N,) each over the same cases, with its interval over patients."""
    return estimate(mean_of(np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64)), patients)
