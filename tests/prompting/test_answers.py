from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_cpam_stroke.core import LesionClass
from napari_cpam_stroke.prompting import answers

from .conftest import SHAPE, asked, point


class Counted:
    def __init__(self):
        self.times = 0

    def __call__(self, request):
        self.times += 1
        return np.full(SHAPE, len(request.prompts) % 2 == 1)


@pytest.fixture
def request_(volume):
    return asked(volume, point(110, 100))


def test_a_question_asked_again_is_not_computed_again(request_):
    known, compute = answers.Answers(), Counted()
    known.answer(request_, compute)[:] = False
    assert known.answer(request_, compute).all()
    assert compute.times == 1


@pytest.mark.parametrize(
    "change",
    [
        {"lesion_class": LesionClass.HEMORRHAGE},
        {"before": np.ones(SHAPE, dtype=bool)},
        {"probabilities": np.zeros(SHAPE, dtype=np.uint8)},
        {"prompts": (point(110, 101),)},
    ],
)
def test_everything_asked_is_part_of_the_question(request_, change):
    known, compute = answers.Answers(), Counted()
    known.answer(request_, compute)
    known.answer(replace(request_, **change), compute)
    assert compute.times == 2


def test_another_series_is_another_question(request_):
    known, compute = answers.Answers(), Counted()
    known.answer(request_, compute)
    known.answer(replace(request_, volume=replace(request_.volume)), compute)
    assert compute.times == 2


def test_the_oldest_answer_goes_first(request_, monkeypatch):
    monkeypatch.setattr(answers, "ANSWERS_KEPT", 2)
    known, compute = answers.Answers(), Counted()
    for column in (100, 101, 102):
        known.answer(replace(request_, prompts=(point(110, column),)), compute)
    known.answer(replace(request_, prompts=(point(110, 102),)), compute)
    assert compute.times == 3
    known.answer(replace(request_, prompts=(point(110, 100),)), compute)
    assert compute.times == 4
