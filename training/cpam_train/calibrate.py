"""Operating points chosen on validation data: mask thresholds, calibrated probabilities, what to refer to a reader."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import expit

from cpam_train.config import OperatingConfig
from cpam_train.metrics.counts import sensitivity
from cpam_train.metrics.curve import counts_at_thresholds, thresholds
from cpam_train.record import Record

TEMPERATURE_RANGE = (0.2, 10.0)
MIN_EXAMPLES = 5
"""Fewer known positives or negatives than this calibrate nothing: the neutral value stays."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class OperatingPoint:
    """What the card says about one class; neutral values where validation data cannot tell."""

    threshold: float = 0.5
    temperature: float = 1.0
    series_threshold: float = 0.5
    refer_band: tuple[float, float] = (0.5, 0.5)


def choose_operating_points(record: Record, cases: Sequence[str], config: OperatingConfig) -> list[OperatingPoint]:
    """Return one operating point per class.

    Parameters
    ----------
    record
        Of the whole validation split.
    cases
        (N,) case of each slice of the record.
    """
    classes = record.known.shape[1]
    return [_point(record, k, np.asarray(cases), config) for k in range(classes)]


def mask_threshold(histogram: NDArray[np.int64], config: OperatingConfig) -> float | None:
    """Return the pixel threshold of one class from (N, 2, BINS) histograms of slices on which it is known.

    'sensitivity' takes, among the thresholds that mark at most `false_positive_bound` of the lesion-free slices, the
    one that marks pixels of the most lesions; equally good ones are told apart by Dice.
    """
    from cpam_train.metrics.curve import best_threshold

    best = best_threshold(histogram)
    if best is None or config.point == "max_dice":
        return None if best is None else best.threshold
    counts = counts_at_thresholds(histogram)
    holds = histogram[:, 1].sum(axis=-1) > 0
    hits = (counts.tp[holds] > 0).mean(axis=0)
    alarms = ((counts.tp + counts.fp)[~holds] > 0).mean(axis=0) if (~holds).any() else np.zeros_like(hits)
    allowed = alarms <= config.false_positive_bound
    allowed[0] = False
    if not allowed.any():
        return best.threshold
    overlap = sensitivity(counts.pooled()) * 1e-3
    return float(thresholds()[int(np.argmax(np.where(allowed, hits + overlap, -1.0)))])


def fit_temperature(logits: Floats, labels: NDArray[np.int8]) -> float:
    """Return the temperature that minimises the log loss of ``sigmoid(logit / temperature)``."""
    sign = np.where(labels == 1, 1.0, -1.0)

    def log_loss(log_temperature: float) -> float:
        return float(np.logaddexp(0.0, -sign * logits / np.exp(log_temperature)).mean())

    low, high = np.log(TEMPERATURE_RANGE)
    return float(np.exp(minimize_scalar(log_loss, bounds=(low, high), method="bounded").x))


def series_probabilities(
    probabilities: Floats, labels: NDArray[np.int8], cases: NDArray[np.str_], top_slices: int
) -> tuple[Floats, NDArray[np.int8]]:
    """Return probability and label of every case: mean of the top slices; present if on any slice, absent if on none.

    A case is left out where its label is not known.
    """
    values, truth = [], []
    for case in np.unique(cases):
        mine = cases == case
        label = 1 if (labels[mine] == 1).any() else 0 if (labels[mine] == 0).all() else -1
        if label >= 0:
            values.append(float(np.sort(probabilities[mine])[-top_slices:].mean()))
            truth.append(label)
    return np.asarray(values), np.asarray(truth, dtype=np.int8)


def youden_threshold(probabilities: Floats, labels: NDArray[np.int8]) -> float:
    """Return the threshold with the highest sensitivity + specificity, midway between the probabilities beside it."""
    values = np.unique(probabilities)
    cuts = np.concatenate([[values[0] / 2], (values[1:] + values[:-1]) / 2])
    marked = probabilities[None, :] >= cuts[:, None]
    gain = marked[:, labels == 1].mean(axis=1) - marked[:, labels == 0].mean(axis=1)
    return float(cuts[int(np.argmax(gain))])


def refer_band(probabilities: Floats, labels: NDArray[np.int8], error: float) -> tuple[float, float]:
    """Return the band in which a reader decides.

    Below it lie at most `error` of the positives, above it at most `error` of the negatives; where the two ends
    cross, the model is sure enough everywhere and the band is empty, at their middle.
    """
    low = float(np.quantile(probabilities[labels == 1], error, method="lower"))
    high = float(np.quantile(probabilities[labels == 0], 1 - error, method="higher"))
    return (low, high) if low < high else ((low + high) / 2,) * 2


def _point(record: Record, k: int, cases: NDArray[np.str_], config: OperatingConfig) -> OperatingPoint:
    neutral = OperatingPoint()
    histogram = record.histogram[record.known[:, k], k] if record.histogram.shape[1] else None
    threshold = None if histogram is None or not len(histogram) else mask_threshold(histogram, config)
    mask = neutral.threshold if threshold is None else threshold
    labels = record.labels[:, k]
    known = labels >= 0
    if not _enough(labels):
        return OperatingPoint(threshold=mask)
    temperature = fit_temperature(record.logits[known, k].astype(np.float64), labels[known])
    slices = expit(record.logits[:, k].astype(np.float64) / temperature)
    series, truth = series_probabilities(slices, labels, cases, config.top_slices)
    if not _enough(truth):
        return OperatingPoint(threshold=mask, temperature=temperature)
    return OperatingPoint(
        mask, temperature, youden_threshold(series, truth), refer_band(series, truth, config.refer_error)
    )


def _enough(labels: NDArray[np.int8]) -> bool:
    return bool(min((labels == 0).sum(), (labels == 1).sum()) >= MIN_EXAMPLES)
