from __future__ import annotations

import numpy as np
import pytest
import torch

from cpam_train.fitting.medsam_task import MedSamTask, next_marks
from cpam_train.medsam.featured_slices import MOST_POINTS
from cpam_train.medsam.network import NO_POINT, corners_of, marks_of
from cpam_train.presets import build_train_config

from ...medsam_stand_in import install  # noqa: TID252 - the tests are no installed package

TRUTH = np.hypot(*np.ogrid[-128:128, -128:128]) < 20
NOTHING = np.zeros((256, 256), dtype=bool)


@pytest.mark.parametrize(("drawn", "adds"), [(NOTHING, True), (~NOTHING, False)])
def test_the_reader_points_into_the_largest_error(drawn, adds):
    rng = np.random.default_rng(0)
    marks = [mark for _ in range(40) for mark in next_marks(drawn, TRUTH, (0.8, 0.8), rng)]
    assert {mark[2] for mark in marks} == {adds}
    assert np.mean([TRUTH[int(y), int(x)] for x, y, _ in marks]) == pytest.approx(float(adds), abs=0.1)


def test_a_right_answer_is_left_alone():
    assert next_marks(TRUTH, TRUTH, (0.8, 0.8), np.random.default_rng(0)) == []


@pytest.fixture
def task(tmp_path, monkeypatch) -> MedSamTask:
    install(tmp_path, monkeypatch, weight=1.0)
    return MedSamTask(build_train_config("litemedsam"))


def batch(box: tuple[float, ...]) -> dict[str, torch.Tensor]:
    return {
        "image": torch.zeros(1, 3, 256, 256),
        "points": marks_of([], MOST_POINTS)[None],
        "box": corners_of(box)[None],
        "mask": torch.from_numpy(TRUTH.astype(np.uint8))[None],
        "spacing": torch.tensor([[0.8, 0.8]]),
    }


def test_a_round_adds_one_prompt_and_keeps_the_others(task):
    asked = batch((100, 100, 200, 200))
    again = task.corrected(asked, task.answer(asked).masks[:, 0].detach().numpy() > 0)
    new = again["points"][0, MOST_POINTS:]
    there = new[new[:, 2] != NO_POINT]
    assert len(there)
    assert (there[:, 2] == 0).all(), "what is wrong is more than what is missed"
    assert torch.equal(again["points"][:, :MOST_POINTS], asked["points"])
    assert torch.equal(again["box"], asked["box"])


def test_what_is_not_used_stays(task):
    learning = {name for name, one in task.model.named_parameters() if one.requires_grad}
    assert learning == {"mask_decoder.weight"}
