"""From which probability on a series counts as positive, and between which ones the model leaves it to a reader."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

from cpam_train.config import OperatingConfig
from napari_cpam_stroke.core.arrays import Floats

EVERYTHING = (0.0, 1.0)
"""The refer band of a model of which too little is known: a reader decides on every series."""

NOTHING = np.inf
"""The cut above every probability."""


@dataclass(frozen=True, eq=False)
class Series:
    """Validation series of one class whose truth is known, N of them.

    Attributes
    ----------
    probabilities, labels
        (N,) probability of the whole series; 0 absent, 1 present.
    patients
        (N,). Patients differ more than series of one patient do: each patient counts once per label, shared between
        his series.
    """

    probabilities: Floats
    labels: NDArray[np.int8]
    patients: NDArray[np.str_]

    @property
    def weights(self) -> Floats:
        """(N,) share of a series in its patient, per label."""
        shares = np.empty(len(self.labels))
        for label in np.unique(self.labels):
            mine = self.labels == label
            _, who, count = np.unique(self.patients[mine], return_inverse=True, return_counts=True)
            shares[mine] = 1.0 / count[who]
        return shares

    def of(self, label: int) -> tuple[Floats, Floats]:
        """Return (n,) probabilities of one label and their (n,) weights, which sum to the number of patients."""
        mine = self.labels == label
        return self.probabilities[mine], self.weights[mine]


@dataclass(frozen=True)
class SeriesRates:
    """What threshold and refer band give on the validation series they were chosen on, every patient counted once.

    Attributes
    ----------
    sensitivity, false_positives
        Share of the positive, and of the negative, series at or above the threshold.
    referred
        Share of all series inside the band.
    """

    sensitivity: float
    false_positives: float
    referred: float
    positive_patients: int
    negative_patients: int


@dataclass(frozen=True)
class SeriesPoint:
    """How the probability of a series becomes absent, refer or present."""

    threshold: float
    refer_band: tuple[float, float]
    rates: SeriesRates


def series_point(series: Series, config: OperatingConfig) -> SeriesPoint:
    """Return the operating point of one class; both labels must be there."""
    threshold = series_threshold(series, config)
    band = refer_band(series, threshold, config)
    return SeriesPoint(threshold, band, _rates(series, threshold, band))


def series_threshold(series: Series, config: OperatingConfig) -> float:
    """Return a threshold midway between the probabilities beside it; 1 where no series may count as positive.

    'max_dice': the highest Youden index, sensitivity + specificity - 1. 'sensitivity': the highest sensitivity among
    thresholds with at most `false_positive_bound` of the negatives above, and of equal ones the most specific.
    """
    positive, negative = series.of(1), series.of(0)
    values = np.unique(series.probabilities)
    cuts = np.concatenate([[values[0] / 2], (values[1:] + values[:-1]) / 2, [NOTHING]])
    sensitivity, false_positives = _share_from(cuts, *positive), _share_from(cuts, *negative)
    if config.point == "max_dice":
        return float(cuts[int(np.argmax(sensitivity - false_positives))])
    allowed = false_positives <= config.false_positive_bound + 1e-9
    return min(float(cuts[allowed & (sensitivity >= sensitivity[allowed].max() - 1e-9)].max()), 1.0)


def refer_band(series: Series, threshold: float, config: OperatingConfig) -> tuple[float, float]:
    """Return the band in which a reader decides; the threshold lies in it.

    Below it the model may say "absent": with `refer_confidence`, at most `refer_error` of all positive series lie
    there. Above it it may say "present": the same for negative series. These are bounds for series to come, not
    shares of the few seen: with too few patients of one label (at 0.1 and 0.9: fewer than 22) nothing can be promised,
    that end of the band is 0 or 1, and the model never says so. Only where the data do support both ends on the
    threshold is there nothing to refer.
    """
    positive, weights = series.of(1)
    low = _rarely_below(positive, weights, config)
    negative, weights = series.of(0)
    high = 1 - _rarely_below(1 - negative, weights, config)
    return min(low, threshold), max(high, threshold)


def _rarely_below(values: Floats, weights: Floats, config: OperatingConfig) -> float:
    """Return the highest cut with at most the allowed share below it, by an upper confidence bound; 0 if there is none.

    Clopper and Pearson's bound, which on order statistics is the distribution-free tolerance limit of Wilks; a
    weighted count takes the place of the whole one.
    """
    cuts = np.unique(values)
    below = np.array([weights[values < cut].sum() for cut in cuts])
    worst = beta.ppf(config.refer_confidence, below + 1, weights.sum() - below)
    return float(cuts[worst <= config.refer_error].max(initial=0.0))


def _share_from(cuts: Floats, values: Floats, weights: Floats) -> Floats:
    """Return for each cut the weighted share of the values at or above it."""
    return np.asarray((values[None, :] >= cuts[:, None]) @ weights / weights.sum(), dtype=np.float64)


def _rates(series: Series, threshold: float, band: tuple[float, float]) -> SeriesRates:
    cut = np.array([threshold])
    values, weights = (np.concatenate(parts) for parts in zip(series.of(0), series.of(1), strict=True))
    inside = (values >= band[0]) & (values <= band[1])
    return SeriesRates(
        sensitivity=round(float(_share_from(cut, *series.of(1))[0]), 4),
        false_positives=round(float(_share_from(cut, *series.of(0))[0]), 4),
        referred=round(float(weights[inside].sum() / weights.sum()), 4),
        positive_patients=len(np.unique(series.patients[series.labels == 1])),
        negative_patients=len(np.unique(series.patients[series.labels == 0])),
    )
