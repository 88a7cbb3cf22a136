"""Operating points are chosen for the goal that was asked for, and stay neutral without data."""

from __future__ import annotations

import numpy as np
import pytest

from cpam_train.config import OperatingConfig
from cpam_train.metrics.curve import BINS, best_threshold, bin_centres
from cpam_train.operating.calibrate import (
    choose_operating_points,
    fit_pixels,
    fit_series,
    fit_temperature,
    series_means,
    smoothed,
)
from cpam_train.operating.series_threshold import Series
from cpam_train.operating.validation_record import Origin, Record, joined
from napari_cpam_stroke.inference.calibration import on_logit


def test_temperature_is_found_again():
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, 4000)
    labels = (rng.random(4000) < 1 / (1 + np.exp(-logits))).astype(np.int8)
    targets = smoothed(labels, np.arange(4000).astype(str))
    assert fit_temperature(logits * 3, targets) == pytest.approx(3, rel=0.1)


@pytest.mark.parametrize("patients", [5, 50])
def test_slices_parted_without_a_fault_are_not_certain(patients):
    labels = np.repeat([0, 1], 500).astype(np.int8)
    who = np.array([f"{label}-{i % patients}" for i, label in enumerate(labels)])
    temperature = fit_temperature(np.where(labels == 1, 2.0, -2.0), smoothed(labels, who))
    assert 1 / (1 + np.exp(-2 / temperature)) == pytest.approx((patients + 1) / (patients + 2), abs=1e-3)


def test_a_series_is_judged_by_the_mean_of_its_highest_slices():
    cases = np.array(["a", "a", "a", "b", "b", "c"])
    patients = np.array(["p", "p", "p", "q", "q", "r"])
    labels = np.array([0, 1, 0, 0, 0, -1], dtype=np.int8)
    found = series_means(np.array([0.1, 0.9, 0.7, 0.2, 0.4, 0.9]), labels, cases, patients, 2)
    np.testing.assert_allclose(found.probabilities, [0.8, 0.3])
    assert found.labels.tolist() == [1, 0]
    assert found.patients.tolist() == ["p", "q"]


def platt(logits, labels, patients):
    return fit_series(Series(1 / (1 + np.exp(-logits)), labels.astype(np.int8), patients.astype(str)))


def test_series_get_the_frequency_they_have():
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 3, 4000)
    labels = rng.random(4000) < 1 / (1 + np.exp(-(0.5 * logits - 1)))
    slope, offset = platt(logits, labels, np.arange(4000))
    assert (slope, offset) == (pytest.approx(0.5, abs=0.06), pytest.approx(-1, abs=0.12))


def test_many_series_of_one_patient_weigh_no_more_than_one():
    rng = np.random.default_rng(1)
    logits, labels = rng.normal(0, 2, 200), np.arange(200) % 2
    logits += labels
    once = platt(logits, labels, np.arange(200))
    repeat = np.where(np.arange(200) == 0, 300, 1)
    often = platt(*(np.repeat(part, repeat) for part in (logits, labels, np.arange(200))))
    assert often == pytest.approx(once, abs=1e-3)


def test_series_that_are_parted_without_a_fault_are_not_made_certain():
    logits, labels = np.repeat([-4.0, 4.0], 10), np.repeat([0, 1], 10)
    slope, offset = platt(logits, labels, np.arange(20))
    assert 1 / (1 + np.exp(-(4 * slope + offset))) == pytest.approx(11 / 12, abs=0.01)


def pixels(slope, offset, per_bin=100_000):
    """Return the (2, BINS) histogram of pixels whose frequency is that of the line through their logit."""
    observed = on_logit(bin_centres(), slope, offset)
    return np.round(np.stack([1 - observed, observed]) * per_bin).astype(np.int64)


@pytest.mark.parametrize("line", [(0.7, -1.0), (1.0, 0.0), (1.5, 0.8)])
def test_pixels_get_the_frequency_they_have(line):
    assert fit_pixels(pixels(*line)[None]) == (pytest.approx(line[0], abs=0.01), pytest.approx(line[1], abs=0.01))


def test_background_calibrates_no_pixel():
    plain = pixels(0.7, -1.0)
    with_air = plain.copy()
    with_air[0, 0] += 10**9
    assert fit_pixels(with_air[None]) == fit_pixels(plain[None])


def test_few_pixels_calibrate_nothing():
    assert fit_pixels(pixels(0.7, -1.0, per_bin=10)[None]) == (1.0, 0.0)


def test_a_calibrated_threshold_marks_the_same_pixels():
    n = 20
    hist = np.repeat(np.stack([pixels(0.6, -0.8, 1000), pixels(1.0, 0.0, 0)])[None], n, axis=0)
    labels = np.repeat([[1, 0]], n, axis=0).astype(np.int8)
    found = choose_operating_points(record(n, np.zeros((n, 2)), labels, hist), origins(n), OperatingConfig())[0]
    raw = bin_centres() - 0.5 / BINS
    chosen = best_threshold(hist[:, 0]).threshold
    np.testing.assert_array_equal(on_logit(raw, *found.pixel_calibration) >= found.threshold - 1e-12, raw >= chosen)
    assert found.threshold < chosen


def record(n, logits, labels, histogram=None):
    hist = np.zeros((n, 2, 2, BINS), dtype=np.int64) if histogram is None else histogram
    return Record(hist, np.full((n, 2), histogram is not None), labels, logits, np.arange(n))


def origins(n):
    return [Origin(str(i), str(i)) for i in range(n)]


def test_a_class_without_examples_keeps_neutral_values_and_refers_everything():
    labels = np.full((60, 2), -1, dtype=np.int8)
    labels[:, 0] = [0, 1] * 30
    logits = np.stack([np.array([-2.0, 2.0] * 30), np.zeros(60)], axis=1).astype(np.float32)
    seen, unseen = choose_operating_points(record(60, logits, labels), origins(60), OperatingConfig())
    assert seen.temperature < 1
    assert 0.1 < seen.series_threshold < 0.9
    assert seen.refer_band == (seen.series_threshold, seen.series_threshold)
    assert (unseen.temperature, unseen.series_threshold, unseen.threshold) == (1, 0.5, 0.5)
    assert unseen.refer_band == (0, 1)
    assert unseen.mask_rates is unseen.series_rates is None


@pytest.mark.parametrize(("point", "mask", "series"), [("max_dice", 0.5, 1.0), ("sensitivity", 0.0, 0.0)])
def test_one_setting_moves_masks_and_series(point, mask, series):
    """Half of the lesion-free cases are marked and positive at the threshold of the best Dice."""
    n = 40
    labels = np.repeat([[1, -1], [0, -1]], n // 2, axis=0).astype(np.int8)
    hist = np.zeros((n, 2, 2, BINS), dtype=np.int64)
    hist[:, :, 0, 0] = 900
    hist[: n // 2, 0, 1, 30] = 100
    hist[: n // 4, 0, 1, 60], hist[: n // 4, 0, 1, 30] = 100, 0
    hist[n // 2 : 3 * n // 4, 0, 0, 30] = 2
    logits = np.zeros((n, 2), dtype=np.float32)
    logits[:, 0] = [*[2.0] * (n // 4), *[0.5] * (n // 4), *[1.0] * (n // 4), *[-2.0] * (n // 4)]
    config = OperatingConfig(point=point, false_positive_bound=0.1, smallest_mark=0)
    found = choose_operating_points(record(n, logits, labels, hist), origins(n), config)[0]
    assert found.mask_rates.marked == mask
    assert (found.series_rates.false_positives <= 0.1) == (series == 0)


def test_joined_records_count_a_slice_once():
    first = record(3, np.zeros((3, 2), np.float32), np.zeros((3, 2), np.int8))
    assert joined([first, first]).index.tolist() == [0, 1, 2]
