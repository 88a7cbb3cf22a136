from __future__ import annotations

import numpy as np
import pytest

from napari_cpam_stroke.core import CTVolume, LesionClass
from napari_cpam_stroke.prompting import RandomWalkerEngine
from napari_cpam_stroke.prompting.random_walker import reach_probability

from .conftest import asked, box, dice, ellipse, lasso, point, scribble

ENGINE = RandomWalkerEngine()


@pytest.mark.parametrize(
    ("prompt", "least"),
    [
        (point(110, 100), 0.85),
        (box(86, 82, 134, 118), 0.85),
        (scribble((96, 98), (124, 102)), 0.85),
        (lasso((86, 90), (86, 110), (110, 120), (134, 108), (134, 92), (110, 80)), 0.85),
    ],
)
def test_a_faint_infarct_is_found_from_one_prompt(volume, lesion, prompt, least):
    assert dice(ENGINE.answer(asked(volume, prompt)), lesion) > least


def test_a_bleed_is_found_from_one_point(volume):
    bleed = ellipse((150, 140), 12, 9)
    hu = volume.hu.copy()
    hu[0][bleed] += 30
    bleeding = CTVolume(hu, volume.geometry, case_id="bleed")
    answer = ENGINE.answer(asked(bleeding, point(150, 140), lesion_class=LesionClass.HEMORRHAGE))
    assert dice(answer, bleed) > 0.85


def test_points_for_and_against_repair_a_wrong_mask(volume, lesion):
    wrong = ellipse((98, 100), 34, 20)
    answer = ENGINE.answer(asked(volume, point(75, 100, adds=False), point(118, 100), before=wrong))
    assert dice(answer, lesion) > dice(wrong, lesion) + 0.05


def test_a_model_that_saw_it_helps_where_hu_do_not_tell(volume):
    hidden = ellipse((150, 150), 15, 12)
    said = (hidden * 255).astype(np.uint8)
    alone = ENGINE.answer(asked(volume, point(150, 150)))
    helped = ENGINE.answer(asked(volume, point(150, 150), probabilities=said))
    assert dice(helped, hidden) > dice(alone, hidden) + 0.05


def test_bone_and_air_are_never_drawn(volume):
    answer = ENGINE.answer(asked(volume, box(20, 20, 240, 240)))
    assert not answer[(volume.hu[0] > 150) | (volume.hu[0] < -100)].any()


def test_a_series_without_positions_is_answered_as_well(volume, lesion):
    flat = CTVolume(volume.hu, None, case_id="flat")
    assert dice(ENGINE.answer(asked(flat, point(110, 100))), lesion) > 0.85


def test_walkers_on_even_ground_reach_the_nearer_seed():
    lesion, brain = np.zeros((2, 9, 9), dtype=bool)
    lesion[4, 0], brain[4, 8] = True, True
    reached = reach_probability(np.zeros((9, 9)), lesion, brain, np.full((9, 9), 0.5), step_hu=1.0, prior_weight=0.02)
    np.testing.assert_allclose(reached, 1 - reached[:, ::-1], atol=5e-3)
    assert reached[4, 0] == 1
    assert reached[4, 8] == 0
    assert (np.diff(reached[4]) < 0).all()


def test_a_step_of_hu_is_a_wall():
    hu = np.zeros((9, 9))
    hu[:, 5:] = 20
    lesion, brain = np.zeros((2, 9, 9), dtype=bool)
    lesion[4, 4], brain[4, 8] = True, True
    reached = reach_probability(hu, lesion, brain, np.full((9, 9), 0.5), step_hu=2.0, prior_weight=0.02)
    assert reached[:, :5].min() > 0.5 > reached[:, 5:].max()
