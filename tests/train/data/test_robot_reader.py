from __future__ import annotations

import numpy as np
import pytest

from cpam_train.data.robot_reader import CLUMSY, EXACT, RobotReader, largest_part
from napari_cpam_stroke.prompting import PromptKind
from napari_cpam_stroke.prompting.maps import draw_prompt

SPACING = (0.5, 0.5)


def disk(row: float, column: float, radius: float) -> np.ndarray:
    y, x = np.ogrid[:120, :120]
    return np.hypot(y - row, x - column) <= radius


TRUTH = disk(60, 50, 20) | disk(20, 100, 6)


@pytest.mark.parametrize("seed", range(5))
def test_the_exact_reader_points_into_the_largest_error(seed):
    rng = np.random.default_rng(seed)
    drawn = disk(60, 50, 18) | disk(100, 100, 12)
    prompt = EXACT.next(TRUTH, drawn, SPACING, rng)
    assert not prompt.adds
    row, column = map(int, prompt.path[0])
    assert disk(100, 100, 12)[row, column]


def test_what_is_missed_is_pointed_at_for():
    prompt = EXACT.next(TRUTH, disk(60, 50, 20), SPACING, np.random.default_rng(0))
    assert prompt.adds
    assert disk(20, 100, 6)[tuple(map(int, prompt.path[0]))]


def test_nothing_wrong_is_nothing_said():
    assert EXACT.next(TRUTH, TRUTH, SPACING, np.random.default_rng(0)) is None


@pytest.mark.parametrize("kind", list(PromptKind))
def test_a_first_prompt_means_the_lesion(kind):
    prompt = EXACT.first(TRUTH, kind, SPACING, np.random.default_rng(1))
    assert prompt.adds
    assert prompt.kind is kind
    drawn = draw_prompt(prompt, TRUTH.shape, SPACING)
    if kind in (PromptKind.BOX, PromptKind.LASSO):
        assert (drawn & largest_part(TRUTH)).sum() > 0.95 * largest_part(TRUTH).sum()
        assert drawn.mean() < 0.8
    else:
        assert drawn[largest_part(TRUTH)].any()


def test_an_exact_box_fits():
    prompt = EXACT.first(TRUTH, PromptKind.BOX, SPACING, np.random.default_rng(0))
    assert prompt.path == ((14.0, 30.0), (80.0, 106.0))


def test_the_clumsy_reader_is_on_the_wrong_side_once_in_twenty():
    rng = np.random.default_rng(0)
    truth = disk(60, 50, 20)
    places = [CLUMSY.first(truth, PromptKind.POINT, SPACING, rng).path[0] for _ in range(600)]
    off = [not truth[tuple(map(int, place))] for place in places]
    assert 0.025 < np.mean(off) < 0.08


def test_the_clumsy_reader_stays_near_the_rim_more_often():
    rng = np.random.default_rng(0)
    truth = disk(60, 50, 20)

    def away(reader: RobotReader) -> float:
        places = [reader.first(truth, PromptKind.POINT, SPACING, rng).path[0] for _ in range(300)]
        return float(np.mean([np.hypot(y - 60, x - 50) > 17 for y, x in places]))

    assert away(CLUMSY) > away(EXACT) + 0.1


def test_the_same_chance_gives_the_same_prompt():
    first, second = (CLUMSY.first(TRUTH, PromptKind.LASSO, SPACING, np.random.default_rng(7)) for _ in range(2))
    assert first == second
