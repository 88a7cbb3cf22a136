"""From slice probabilities to that of a series."""

import numpy as np
import pytest

from napari_cpam_stroke.inference.calibration import calibrated, on_logit, series_probability

SLICES = np.array([[0.2, 0.0], [0.6, 1.0]], dtype=np.float32)


def test_temperature_divides_logits():
    raw = np.array([[0.9, 0.5], [0.0, 1.0]], dtype=np.float32)
    out = calibrated(raw, {"ischemia": 2.0, "hemorrhage": 1.0})
    assert out.dtype == np.float32
    assert out[0, 0] == pytest.approx(1 / (1 + np.exp(-np.log(9) / 2)))
    assert out[0, 1] == pytest.approx(0.5)
    assert 0 < out[1, 0] < 0.01
    assert 0.99 < out[1, 1] < 1


def test_a_series_without_calibration_has_the_mean_of_its_highest_slices():
    assert series_probability(SLICES, 5, {}) == pytest.approx({"ischemia": 0.4, "hemorrhage": 0.5})
    assert series_probability(SLICES, 1, {}) == pytest.approx({"ischemia": 0.6, "hemorrhage": 1.0})


def test_the_line_of_a_class_acts_on_its_logit_alone():
    found = series_probability(SLICES, 1, {"ischemia": (2.0, -1.0)})
    assert found["ischemia"] == pytest.approx(1 / (1 + np.exp(-(2 * np.log(1.5) - 1))))
    assert found["hemorrhage"] == 1
    assert 0 < float(on_logit(0.0, 1.0)) < float(on_logit(1.0, 1.0)) < 1
