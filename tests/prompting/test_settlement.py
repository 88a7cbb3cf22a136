"""What every engine keeps to, tried with engines that think the very opposite of the reader."""

from __future__ import annotations

import numpy as np
import pytest

from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.prompting import settlement
from napari_cpam_stroke.prompting.maps import draw_prompt

from .conftest import SHAPE, SPACING, asked, box, ellipse, lasso, point, scribble


def settle(request, draw):
    return settlement.settle(request, draw, earlier=lambda fewer: settle(fewer, draw), smallest_mm=60.0, size=64)


def everything(_request, so_far, _zoom):
    return np.ones_like(so_far)


def nothing(_request, so_far, _zoom):
    return np.zeros_like(so_far)


def opposite(_request, so_far, _zoom):
    return ~so_far


def never(_request, _so_far, _zoom):
    raise AssertionError("there is nothing to ask an engine")


@pytest.mark.parametrize("prompt", [point(110, 100), scribble((100, 90), (120, 110))])
def test_what_was_pointed_at_is_inside(volume, prompt):
    answer = settle(asked(volume, prompt), nothing)
    np.testing.assert_array_equal(answer, draw_prompt(prompt, SHAPE, SPACING))


@pytest.mark.parametrize("prompt", [point(110, 100, adds=False), scribble((100, 90), (120, 110), adds=False)])
def test_what_was_turned_down_is_outside(volume, prompt):
    answer = settle(asked(volume, point(130, 120), prompt), everything)
    assert answer.any()
    assert not answer[draw_prompt(prompt, SHAPE, SPACING)].any()


@pytest.mark.parametrize(
    "prompt", [box(90, 90, 110, 130, adds=False), lasso((90, 90), (90, 130), (120, 100), adds=False)]
)
def test_a_region_against_takes_away_what_lies_in_it_and_nothing_else(volume, prompt):
    before = ellipse((110, 100), 22, 16) | ellipse((180, 150), 5, 5)
    answer = settle(asked(volume, prompt, before=before), never)
    np.testing.assert_array_equal(answer, before & ~draw_prompt(prompt, SHAPE, SPACING))


def test_a_lesion_elsewhere_stays_as_it_was(volume):
    far = ellipse((180, 150), 5, 5)
    for engine in (everything, nothing):
        answer = settle(asked(volume, point(70, 80), before=far), engine)
        assert answer[far].all()
        assert not answer[170:, :130].any()


def test_nothing_is_drawn_outside_a_box_for(volume):
    around = box(90, 80, 130, 120)
    answer = settle(asked(volume, around), everything)
    np.testing.assert_array_equal(answer, draw_prompt(around, SHAPE, SPACING))


def test_a_point_beyond_the_box_opens_it(volume):
    answer = settle(asked(volume, box(90, 80, 130, 120), point(140, 100)), everything)
    assert answer[136, 100]


def test_the_newest_prompt_wins(volume):
    answer = settle(asked(volume, point(110, 100, adds=False), point(110, 100)), nothing)
    assert answer[110, 100]


@pytest.mark.parametrize("adds", [True, False])
def test_a_point_changes_only_one_way(volume, adds):
    before = ellipse((110, 100), 22, 16)
    answer = settle(asked(volume, point(110, 100, adds=adds), before=before), opposite)
    changed = answer & ~before if adds else before & ~answer
    np.testing.assert_array_equal(answer ^ before, changed)


def test_a_point_changes_only_what_is_connected_with_it(volume):
    here, there = ellipse((110, 100), 6, 6), ellipse((110, 125), 6, 6)
    answer = settle(asked(volume, point(110, 100)), lambda *_: here | there)
    np.testing.assert_array_equal(answer, here)
    answer = settle(asked(volume, point(110, 125, adds=False), before=here | there), nothing)
    np.testing.assert_array_equal(answer, here)


def test_what_an_earlier_prompt_drew_stays(volume):
    engines = iter([ellipse((110, 100), 6, 6), np.zeros(SHAPE, dtype=bool)])
    answer = settle(asked(volume, point(110, 100), point(150, 140)), lambda *_: next(engines))
    assert answer[ellipse((110, 100), 6, 6)].all()
    assert answer[150, 140]


def test_a_bad_prompt_is_refused_before_the_engine_is_asked(volume):
    with pytest.raises(InputError, match="outside the head"):
        settle(asked(volume, point(5, 5)), never)


def test_the_mask_so_far_is_not_written_to(volume):
    before = ellipse((110, 100), 22, 16)
    kept = before.copy()
    settle(asked(volume, point(110, 100, adds=False), before=before), everything)
    np.testing.assert_array_equal(before, kept)
