"""Verdicts on series: the threshold, and the band in which a reader decides, against their promises."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpam_train.config import OperatingConfig
from cpam_train.operating.series_threshold import Series, refer_band, series_point, series_threshold

SENSITIVE = OperatingConfig(point="sensitivity", false_positive_bound=0.2)


def series(negative, positive, patients=None):
    p = np.array([*negative, *positive], dtype=np.float64)
    y = np.array([0] * len(negative) + [1] * len(positive), dtype=np.int8)
    who = np.arange(len(p)).astype(str) if patients is None else np.array(patients)
    return Series(p, y, who)


def test_the_youden_threshold_parts_what_can_be_parted():
    assert series_threshold(series([0.1, 0.2, 0.3], [0.6, 0.7]), OperatingConfig()) == pytest.approx(0.45)


def test_sensitivity_comes_first_within_the_bound():
    seen = series([0.1, 0.2, 0.3, 0.4, 0.9], [0.35, 0.5, 0.6, 0.7])
    assert series_threshold(seen, SENSITIVE) == pytest.approx(0.45)
    loose = OperatingConfig(point="sensitivity", false_positive_bound=0.4)
    assert series_threshold(seen, loose) == pytest.approx(0.325)
    rates = series_point(seen, loose).rates
    assert (rates.sensitivity, rates.false_positives) == (1, 0.4)


def test_within_a_bound_that_nothing_keeps_no_series_is_positive():
    none = OperatingConfig(point="sensitivity", false_positive_bound=0)
    assert series_point(series([0.5, 0.9], [0.2, 0.8]), none).rates.false_positives == 0


@given(st.lists(st.tuples(st.floats(0, 0.999), st.booleans()), min_size=2, max_size=60), st.floats(0, 1))
def test_the_bound_is_kept(pairs, bound):
    seen = series([p for p, y in pairs if not y], [p for p, y in pairs if y])
    if len(np.unique(seen.labels)) < 2:
        return
    config = OperatingConfig(point="sensitivity", false_positive_bound=bound)
    assert series_point(seen, config).rates.false_positives <= bound + 1e-4


def test_every_patient_counts_once():
    negative, positive = [0.1] * 8 + [0.6], [0.5, 0.9]
    one_bad_patient = [*["quiet"] * 8, "loud", "a", "b"]
    assert series_threshold(series(negative, positive), SENSITIVE) < 0.5
    assert series_threshold(series(negative, positive, one_bad_patient), SENSITIVE) > 0.6


def test_few_patients_promise_nothing():
    negative, positive = np.linspace(0.01, 0.2, 21), np.linspace(0.8, 0.99, 21)
    assert series_point(series(negative, positive), OperatingConfig()).refer_band == (0, 1)
    enough = series_point(series([*negative, 0.1], [*positive, 0.9]), OperatingConfig())
    assert enough.refer_band[0] == enough.refer_band[1] == pytest.approx(enough.threshold)
    assert enough.rates.referred == 0


def test_many_series_of_few_patients_are_few():
    negative, positive = np.linspace(0.01, 0.2, 60), np.linspace(0.8, 0.99, 60)
    names = [f"n{i // 6}" for i in range(60)] + [f"p{i // 6}" for i in range(60)]
    point = series_point(series(negative, positive, names), OperatingConfig())
    assert point.refer_band == (0, 1)
    assert (point.rates.positive_patients, point.rates.negative_patients) == (10, 10)


def test_one_end_may_be_known_without_the_other():
    low, high = series_point(
        series(np.linspace(0.01, 0.3, 40), [0.7, 0.8, 0.9, 0.95, 0.99]), OperatingConfig()
    ).refer_band
    assert low == 0
    assert 0.29 <= high < 0.7


@given(
    st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=2, max_size=80),
    st.floats(0.02, 0.4),
    st.floats(0, 1),
)
def test_the_threshold_lies_in_the_band_and_the_shares_seen_keep_the_error(pairs, error, threshold):
    seen = series([p for p, y in pairs if not y], [p for p, y in pairs if y])
    if len(np.unique(seen.labels)) < 2:
        return
    low, high = refer_band(seen, threshold, OperatingConfig(refer_error=error))
    assert 0 <= low <= threshold <= high <= 1
    p, y = seen.probabilities, seen.labels
    assert (p[y == 1] < low).mean() <= error
    assert (p[y == 0] > high + 1e-12).mean() <= error


@pytest.mark.parametrize("patients", [12, 25, 60, 200])
def test_the_promise_holds_for_patients_to_come(patients):
    """In at least the share `refer_confidence` of drawn validation sets, new cases err less than `refer_error`."""
    rng = np.random.default_rng(patients)
    config = OperatingConfig(refer_error=0.1, refer_confidence=0.9)
    missed, accused = [], []
    for _ in range(400):
        drawn = series(1 - rng.random(patients) ** 0.5, rng.random(patients) ** 0.5)
        low, high = refer_band(drawn, 0.5, config)
        missed.append(low**2)  # the share of new positives below `low`, exactly
        accused.append((1 - high) ** 2)
    for share in (missed, accused):
        assert np.mean(np.array(share) > config.refer_error) <= 0.1 + 0.045  # three standard errors of 400 draws


def test_more_patients_make_the_band_narrower():
    rng = np.random.default_rng(0)
    widths = []
    for number in (30, 100, 1000):
        low, high = refer_band(series(rng.beta(2, 4, number), rng.beta(4, 2, number)), 0.5, OperatingConfig())
        widths.append(high - low)
    assert widths[0] > widths[1] > widths[2]
