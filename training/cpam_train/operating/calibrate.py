"""Operating points, chosen on validation data only. All rules at one place, what to choose in `config.OperatingConfig`.

1. Slices: the image logits are divided by the temperature of least log loss (`fit_temperature`, `smoothed`).
2. Series: the mean of its highest slice probabilities (`series_means`), of which the highest is taken and which is
   therefore too high in long series, is calibrated in its turn (`fit_series`); the threshold follows `operating.point`,
   and a band in which a reader decides lies around it (`series_point`).
3. Masks: the pixel threshold follows `operating.point` (`mask_point`); the probabilities of pixels, and the threshold
   with them, are calibrated on their logit (`fit_pixels`), which changes no mask.

A class of which validation data know too little keeps neutral values, and every series is referred to a reader.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize, minimize_scalar
from scipy.special import expit, logit

from cpam_train.config import OperatingConfig
from cpam_train.metrics.curve import bin_centres
from cpam_train.operating.pixel_threshold import MaskRates, mask_point
from cpam_train.operating.series_threshold import EVERYTHING, Series, SeriesRates, series_point
from cpam_train.operating.validation_record import Origin, Record
from napari_cpam_stroke.core.arrays import Floats
from napari_cpam_stroke.inference.calibration import PROBABILITY_MARGIN, on_logit

TEMPERATURE_RANGE = (0.2, 10.0)
MIN_EXAMPLES = 5
"""Fewer known positives or negatives than this calibrate nothing: the neutral value stays."""

SLOPE_RANGE, OFFSET_RANGE = (0.1, 10.0), (-10.0, 10.0)
PIXEL_SLOPE_RANGE = (0.5, 2.0)
"""Far from the probabilities it was fitted on, a flatter line would make a lesion of every background."""

MIN_PIXELS = 1000
"""Fewer pixels of a lesion, or outside one, above the lowest bin of the histogram calibrate nothing."""

AS_IT_IS = (1.0, 0.0)
"""Slope and offset that change no probability."""


@dataclass(frozen=True)
class OperatingPoint:
    """What the card says about one class; neutral values where validation data cannot tell.

    Attributes
    ----------
    mask_rates, series_rates
        What the point gives on the validation data it was chosen on; None where they cannot tell.
    """

    threshold: float = 0.5
    pixel_calibration: tuple[float, float] = AS_IT_IS
    temperature: float = 1.0
    series_calibration: tuple[float, float] = AS_IT_IS
    series_threshold: float = 0.5
    refer_band: tuple[float, float] = EVERYTHING
    mask_rates: MaskRates | None = None
    series_rates: SeriesRates | None = None


def choose_operating_points(record: Record, origins: Sequence[Origin], config: OperatingConfig) -> list[OperatingPoint]:
    """Return one operating point per class.

    Parameters
    ----------
    record
        Of the whole validation split.
    origins
        (N,) of each slice of the record.
    """
    cases, patients = (np.asarray(names) for names in zip(*origins, strict=True))
    return [_point(record, k, cases, patients, config) for k in range(record.known.shape[1])]


def fit_temperature(logits: Floats, targets: Floats) -> float:
    """Return the temperature of least log loss between ``sigmoid(logit / temperature)`` and targets 0..1, (N,) each."""

    def log_loss(log_temperature: float) -> float:
        scaled = logits / np.exp(log_temperature)
        return float((np.logaddexp(0.0, scaled) - targets * scaled).mean())

    low, high = np.log(TEMPERATURE_RANGE)
    return float(np.exp(minimize_scalar(log_loss, bounds=(low, high), method="bounded").x))


def smoothed(labels: NDArray[np.int8], patients: NDArray[np.str_]) -> Floats:
    """Return the (N,) targets of Platt (1999): not 0 and 1, but what so many patients of each label can vouch for.

    Where the slices seen are parted without a fault, 0 and 1 would drive the temperature to 0 and every probability to
    certainty.
    """
    absent, present = (len(np.unique(patients[labels == label])) for label in (0, 1))
    return np.where(labels == 1, (present + 1) / (present + 2), 1 / (absent + 2))


def fit_series(series: Series) -> tuple[float, float]:
    """Return slope and offset on the logit of least log loss (Platt), every patient counted once per label."""
    targets = smoothed(series.labels, series.patients)
    return _fit_line(series.probabilities, targets, series.weights, SLOPE_RANGE)


def fit_pixels(histogram: NDArray[np.int64]) -> tuple[float, float]:
    """Return slope and offset on the logit of least log loss of the pixels; nothing is changed where they are few.

    Pixels of the lowest bin do not count: nearly all of a head lies there, whatever the network has learnt.

    Parameters
    ----------
    histogram
        (N, 2, BINS) of the slices on which the class is known.
    """
    outside, inside = histogram.sum(axis=0)[:, 1:].astype(np.float64)
    if min(outside.sum(), inside.sum()) < MIN_PIXELS:
        return AS_IT_IS
    counts = outside + inside
    observed = np.divide(inside, counts, out=np.zeros_like(counts), where=counts > 0)
    return _fit_line(bin_centres()[1:], observed, counts, PIXEL_SLOPE_RANGE)


def _fit_line(
    probabilities: Floats, targets: Floats, weights: Floats, slopes: tuple[float, float]
) -> tuple[float, float]:
    """Return slope and offset on the logit of least log loss between (N,) probabilities and targets 0..1 (Platt)."""
    logits = logit(np.clip(probabilities, PROBABILITY_MARGIN, 1 - PROBABILITY_MARGIN))

    def log_loss(point: Floats) -> float:
        scaled = logits * np.exp(point[0]) + point[1]
        return float(((np.logaddexp(0.0, scaled) - targets * scaled) * weights).sum() / weights.sum())

    bounds = [tuple(np.log(slopes)), OFFSET_RANGE]
    log_slope, offset = minimize(log_loss, np.zeros(2), bounds=bounds, method="L-BFGS-B").x
    return float(np.exp(log_slope)), float(offset)


def series_means(
    probabilities: Floats,
    labels: NDArray[np.int8],
    cases: NDArray[np.str_],
    patients: NDArray[np.str_],
    top_slices: int,
) -> Series:
    """Return every case of known label, present if on any slice, absent if on none, with the mean of its top slices.

    Parameters
    ----------
    probabilities, labels, cases, patients
        (N,) of N slices; probabilities 0..1, labels -1 unknown, 0 absent, 1 present.
    """
    values, truth, who = [], [], []
    for case in np.unique(cases):
        mine = cases == case
        label = 1 if (labels[mine] == 1).any() else 0 if (labels[mine] == 0).all() else -1
        if label >= 0:
            values.append(float(np.sort(probabilities[mine])[-top_slices:].mean()))
            truth.append(label)
            who.append(patients[mine][0])
    return Series(np.asarray(values), np.asarray(truth, dtype=np.int8), np.asarray(who, dtype=np.str_))


def _point(
    record: Record, k: int, cases: NDArray[np.str_], patients: NDArray[np.str_], config: OperatingConfig
) -> OperatingPoint:
    neutral = _masks(record, k, cases, config)
    labels = record.labels[:, k]
    known = labels >= 0
    if not _enough(labels):
        return neutral
    temperature = fit_temperature(record.logits[known, k].astype(np.float64), smoothed(labels[known], patients[known]))
    slices = expit(record.logits[:, k].astype(np.float64) / temperature)
    series = series_means(slices, labels, cases, patients, config.top_slices)
    if not _enough(series.labels):
        return replace(neutral, temperature=temperature)
    line = fit_series(series)
    point = series_point(replace(series, probabilities=on_logit(series.probabilities, *line)), config)
    return replace(
        neutral,
        temperature=temperature,
        series_calibration=line,
        series_threshold=point.threshold,
        refer_band=point.refer_band,
        series_rates=point.rates,
    )


def _masks(record: Record, k: int, cases: NDArray[np.str_], config: OperatingConfig) -> OperatingPoint:
    """Return what masks of a class need; neutral where the model draws none or no slice holds it."""
    if not record.histogram.shape[1]:
        return OperatingPoint()
    known = record.known[:, k]
    histogram = record.histogram[known, k]
    mask = mask_point(histogram, cases[known], config)
    if mask is None:
        return OperatingPoint()
    line = fit_pixels(histogram)
    return OperatingPoint(float(on_logit(mask.threshold, *line)), line, mask_rates=mask.rates)


def _enough(labels: NDArray[np.int8]) -> bool:
    return bool(min((labels == 0).sum(), (labels == 1).sum()) >= MIN_EXAMPLES)
