import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpam_train.calibrate import (
    choose_operating_points,
    fit_temperature,
    mask_threshold,
    refer_band,
    series_probabilities,
    youden_threshold,
)
from cpam_train.config import OperatingConfig
from cpam_train.metrics.curve import BINS
from cpam_train.record import Record, joined


def histogram(*slices):
    """(N, 2, BINS) from (pixels outside, pixels inside) as {bin: count}."""
    out = np.zeros((len(slices), 2, BINS), dtype=np.int64)
    for n, parts in enumerate(slices):
        for side, bins in enumerate(parts):
            for place, size in bins.items():
                out[n, side, place] = size
    return out


def test_sensitivity_comes_first_within_the_false_positive_bound():
    hist = histogram(
        ({0: 100}, {60: 10}),
        ({0: 100}, {20: 10}),  # a faint lesion
        ({0: 90, 30: 5}, {}),  # one false alarm at .47
        ({0: 100}, {}),
    )
    strict = OperatingConfig(point="sensitivity", false_positive_bound=0.4)
    loose = OperatingConfig(point="sensitivity", false_positive_bound=0.6)
    assert mask_threshold(hist, strict) > 30 / BINS
    assert mask_threshold(hist, loose) <= 20 / BINS
    assert mask_threshold(hist[2:], loose) is None


def test_temperature_is_found_again():
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, 4000)
    labels = (rng.random(4000) < 1 / (1 + np.exp(-logits))).astype(np.int8)
    assert fit_temperature(logits * 3, labels) == pytest.approx(3, rel=0.1)


def test_series_probability_is_the_mean_of_the_highest_slices():
    cases = np.array(["a", "a", "a", "b", "b", "c"])
    labels = np.array([0, 1, 0, 0, 0, -1], dtype=np.int8)
    values, truth = series_probabilities(np.array([0.1, 0.9, 0.7, 0.2, 0.4, 0.9]), labels, cases, 2)
    np.testing.assert_allclose(values, [0.8, 0.3])
    assert truth.tolist() == [1, 0]


def test_youden_threshold_parts_what_can_be_parted():
    p, y = np.array([0.1, 0.2, 0.3, 0.6, 0.7]), np.array([0, 0, 0, 1, 1])
    assert youden_threshold(p, y) == pytest.approx(0.45)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=10, max_size=80), st.floats(0.02, 0.4))
def test_refer_band_keeps_its_promise(pairs, error):
    p = np.array([a for a, _ in pairs])
    y = np.array([b for _, b in pairs], dtype=np.int8)
    if min((y == 0).sum(), (y == 1).sum()) == 0:
        return
    low, high = refer_band(p, y, error)
    assert low <= high
    if low < high:
        assert (p[y == 1] < low).mean() <= error + 1e-9
        assert (p[y == 0] > high).mean() <= error + 1e-9


def record(n, logits, labels, cases=None):
    hist = np.zeros((n, 2, 2, BINS), dtype=np.int64)
    return Record(hist, np.zeros((n, 2), bool), labels, logits, np.arange(n))


def test_a_class_without_examples_keeps_neutral_values():
    labels = np.full((12, 2), -1, dtype=np.int8)
    labels[:, 0] = [0, 1] * 6
    logits = np.stack([np.array([-2.0, 2.0] * 6), np.zeros(12)], axis=1).astype(np.float32)
    seen, unseen = choose_operating_points(record(12, logits, labels), [str(i) for i in range(12)], OperatingConfig())
    assert seen.temperature < 1
    assert 0.1 < seen.series_threshold < 0.9
    assert (unseen.temperature, unseen.series_threshold, unseen.threshold) == (1, 0.5, 0.5)


def test_joined_records_count_a_slice_once():
    first = record(3, np.zeros((3, 2), np.float32), np.zeros((3, 2), np.int8))
    assert joined([first, first]).index.tolist() == [0, 1, 2]
