"""The scale on which a model's own threshold is 50."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_cpam_stroke.core.suspicion_scale import probability_at, suspicion

THRESHOLDS = st.floats(0.001, 0.999)
SHARES = st.floats(0, 1)


@given(THRESHOLDS)
def test_the_threshold_lies_in_the_middle_and_the_ends_stay(threshold: float) -> None:
    assert suspicion(threshold, threshold) == pytest.approx(50)
    assert [suspicion(p, threshold) for p in (0.0, 1.0)] == [0, 100]
    assert [probability_at(value, threshold) for value in (0, 50, 100)] == [0, threshold, 1]


@given(THRESHOLDS, SHARES, SHARES)
def test_the_order_stays_and_both_ways_agree(threshold: float, one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert 0 <= suspicion(low, threshold) <= suspicion(high, threshold) <= 100
    assert probability_at(suspicion(one, threshold), threshold) == pytest.approx(one, abs=1e-9)
    assert (suspicion(one, threshold) >= 50) == (one >= threshold) or abs(one - threshold) < 1e-9


@given(SHARES)
def test_with_a_threshold_of_one_half_it_is_percent(probability: float) -> None:
    assert suspicion(probability, 0.5) == pytest.approx(100 * probability)


def test_equal_odds_ratios_are_equal_steps() -> None:
    """Odds of 4 times the threshold's are 80 of 100, whatever the threshold: odds 4 to 1."""
    for threshold in (0.03125, 0.2, 0.515625):
        odds = 4 * threshold / (1 - threshold)
        assert suspicion(odds / (1 + odds), threshold) == pytest.approx(80)


@pytest.mark.parametrize("threshold", [0.0, 1.0])
def test_a_threshold_at_an_end_is_no_fault(threshold: float) -> None:
    assert 0 <= suspicion(0.4, threshold) <= 100
    assert probability_at(50, threshold) == threshold
