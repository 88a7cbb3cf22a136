"""The pixel threshold of one class, from what the model marked on validation slices at every threshold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cpam_train.config import OperatingConfig
from cpam_train.metrics.counts import Counts, dice, iou
from cpam_train.metrics.curve import best_threshold, counts_at_thresholds, thresholds
from napari_cpam_stroke.core.arrays import Floats

NEAR_TIE = 0.02
"""Sensitivities this close, or within one lesion slice, count as equal; Dice decides between them."""


@dataclass(frozen=True)
class MaskRates:
    """What a threshold gives on validation slices; None where they cannot tell.

    Attributes
    ----------
    found
        Share of the slices with a lesion on which the mark overlaps it enough (`OperatingConfig.hit_iou`).
    mean_dice
        Over the same slices.
    marked
        Share of the lesion-free slices that carry a mark.
    marks_per_case
        Mean number of marked slices of a case without any lesion.
    marked_cases
        Share of those cases with a mark on any slice.
    within_bounds
        Whether the last three keep the bounds of the settings.
    """

    found: float
    mean_dice: float
    marked: float | None
    marks_per_case: float | None
    marked_cases: float | None
    within_bounds: bool


@dataclass(frozen=True)
class MaskPoint:
    """A pixel threshold and what it gives."""

    threshold: float
    rates: MaskRates


def mask_point(histogram: NDArray[np.int64], cases: NDArray[np.str_], config: OperatingConfig) -> MaskPoint | None:
    """Return the pixel threshold of one class; None where no slice holds it.

    'sensitivity' takes the threshold that finds most lesions among those that keep all bounds on false positives;
    where none keeps them, or no lesion-free slice is there to ask, it falls back to 'max_dice' and says so.

    Parameters
    ----------
    histogram
        (N, 2, BINS) of the slices on which the class is known.
    cases
        (N,) case of each slice.
    """
    best = best_threshold(histogram)
    if best is None:
        return None
    curve = _Curve.of(histogram, cases, config)
    chosen = int(np.searchsorted(thresholds(), best.threshold))
    if config.point == "sensitivity" and curve.allowed.any():
        chosen = curve.most_sensitive()
    return MaskPoint(float(thresholds()[chosen]), curve.at(chosen))


@dataclass(frozen=True, eq=False)
class _Curve:
    """The rates at every threshold, each (BINS,); NaN where validation data cannot tell. Threshold 0 is never allowed.

    `lesion_slices` is the number of slices behind `found`.
    """

    found: Floats
    mean_dice: Floats
    marked: Floats
    marks_per_case: Floats
    marked_cases: Floats
    allowed: NDArray[np.bool_]
    lesion_slices: int

    @classmethod
    def of(cls, histogram: NDArray[np.int64], cases: NDArray[np.str_], config: OperatingConfig) -> _Curve:
        """Return the rates of (N, 2, BINS) histograms."""
        counts = counts_at_thresholds(histogram)
        holds = histogram[:, 1].sum(axis=-1) > 0
        lesions = Counts(*(part[holds] for part in (counts.tp, counts.fp, counts.fn, counts.tn)))
        smallest = np.maximum(config.smallest_mark * histogram.sum(axis=(1, 2)), 1)[:, None]
        marks = counts.tp + counts.fp >= smallest
        in_free = ~np.isin(cases, cases[holds])
        free_cases, case_of = np.unique(cases[in_free], return_inverse=True)
        per_free_case = np.zeros((len(free_cases), marks.shape[1]), dtype=np.int64)
        np.add.at(per_free_case, case_of, marks[in_free])
        marked = _mean(marks[~holds].sum(axis=0), int((~holds).sum()))
        per_case = _mean(per_free_case.sum(axis=0), len(free_cases))
        marked_cases = _mean((per_free_case > 0).sum(axis=0), len(free_cases))
        allowed = (
            (marked <= config.false_positive_bound)
            & ~(per_case > config.false_positives_per_case)
            & ~(marked_cases > config.marked_cases_bound)
        )
        allowed[0] = False
        found = (iou(lesions) >= config.hit_iou).mean(axis=0)
        return cls(found, dice(lesions).mean(axis=0), marked, per_case, marked_cases, allowed, int(holds.sum()))

    def most_sensitive(self) -> int:
        """Return the place of the allowed threshold that finds most; of nearly equal ones, the one of highest Dice."""
        enough = self.found[self.allowed].max() - max(NEAR_TIE, 1 / self.lesion_slices) - 1e-9
        return int(np.argmax(np.where(self.allowed & (self.found >= enough), self.mean_dice, -1.0)))

    def at(self, place: int) -> MaskRates:
        """Return the rates at one threshold."""
        return MaskRates(
            found=round(float(self.found[place]), 4),
            mean_dice=round(float(self.mean_dice[place]), 4),
            marked=_rounded(self.marked[place]),
            marks_per_case=_rounded(self.marks_per_case[place]),
            marked_cases=_rounded(self.marked_cases[place]),
            within_bounds=bool(self.allowed[place]),
        )


def _mean(total: NDArray[np.int64], number: int) -> Floats:
    return total / number if number else np.full(total.shape, np.nan)


def _rounded(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 4)
