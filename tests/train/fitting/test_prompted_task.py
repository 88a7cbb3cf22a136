from __future__ import annotations

import numpy as np
import pytest

from cpam_train.fitting.prompted_task import BEFORE, REFUSED, WANTED, correct

TRUTH = np.hypot(*np.ogrid[-32:32, -32:32]) < 14
NOTHING = np.zeros((64, 64), dtype=bool)


@pytest.fixture
def channels() -> np.ndarray:
    return np.zeros((8, 64, 64), dtype=np.float32)


@pytest.mark.parametrize(("answer", "adds"), [(NOTHING, True), (np.ones((64, 64), dtype=bool), False)])
def test_the_reader_corrects_the_largest_error(channels, answer, adds):
    changed = correct(channels, answer, TRUTH, 0.6, np.random.default_rng(0))
    np.testing.assert_array_equal(changed[BEFORE] > 0, answer)
    assert changed[WANTED].any() == adds
    assert changed[REFUSED].any() != adds
    assert not channels.any()


def test_a_right_answer_is_left_alone(channels):
    changed = correct(channels, TRUTH, TRUTH, 0.6, np.random.default_rng(0))
    np.testing.assert_array_equal(changed[BEFORE] > 0, TRUTH)
    assert not changed[[WANTED, REFUSED]].any()


def test_earlier_prompts_stay_and_bind_the_mask_so_far(channels):
    channels[WANTED, 30:33, 30:33] = 1
    channels[REFUSED, 5:8, 5:8] = 1
    changed = correct(channels, ~NOTHING, TRUTH, 0.6, np.random.default_rng(0))
    assert changed[WANTED, 31, 31] == 1
    assert changed[REFUSED, 6, 6] == 1
    assert changed[BEFORE, 6, 6] == 0
    assert not (changed[WANTED] * changed[REFUSED]).any()
