"""Calibration of pixels: what was called probable against what was there."""

from __future__ import annotations

import numpy as np
import pytest

from cpam_train.metrics.bootstrap import estimate
from cpam_train.metrics.reliability import pixel_ece, reliability


def drawn(seed: int, truth_of, *, size: int = 200_000):
    """Return the reliability of pixels whose chance of being lesion is `truth_of` their probability."""
    rng = np.random.default_rng(seed)
    probability = rng.integers(0, 256, size, dtype=np.uint8)
    return reliability(probability, rng.random(size) < truth_of(probability / 255))


def ece(*cases):
    return estimate(pixel_ece(cases), [str(i) for i in range(len(cases))]).value


def test_honest_pixels_have_no_error():
    assert ece(drawn(0, lambda p: p)) < 0.01


def test_overconfident_pixels_have_the_error_they_have():
    assert ece(drawn(1, lambda p: 0.6 * p)) == pytest.approx(0.4 * 0.55, abs=0.01)


def test_background_does_not_hide_an_error():
    wrong = drawn(2, lambda p: 0.6 * p)
    background = reliability(np.zeros(10**6, dtype=np.uint8), np.zeros(10**6, dtype=bool))
    assert ece(wrong, background) == pytest.approx(ece(wrong), abs=1e-9)


def test_counts_are_those_of_the_pixels():
    found = reliability(np.array([[0, 255], [128, 130]], dtype=np.uint8), np.array([[False, True], [True, False]]))
    assert found.pixels.tolist() == [1, 0, 0, 0, 0, 2, 0, 0, 0, 1]
    assert found.observed.tolist() == [0, 0, 0, 0, 0, 1, 0, 0, 0, 1]
    assert found.expected.sum() == pytest.approx((255 + 128 + 130) / 255)


def test_nothing_called_probable_gives_no_figure():
    nothing = reliability(np.zeros(100, dtype=np.uint8), np.ones(100, dtype=bool))
    assert ece(nothing, nothing) is None
