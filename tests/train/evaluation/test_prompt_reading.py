from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cpam_train.data.robot_reader import CLUMSY, EXACT
from cpam_train.evaluation.prompt_baselines import FilledBox, GrowTool
from cpam_train.evaluation.prompt_reading import Manner, Start, judged_rows, read_store
from cpam_train.evaluation.prompt_record import read_readings, write_readings
from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.prompting import PromptKind, PromptRequest

POINTS, BOX = Manner(EXACT, PromptKind.POINT, prompts=3), Manner(CLUMSY, PromptKind.BOX, prompts=2)


class Truth:
    """Knows what is meant after some prompts."""

    name = "truth"

    def __init__(self, masks, after: int = 1):
        self._masks, self._after = masks, after

    def prepare(self, volume, slice_index):
        pass

    def answer(self, request: PromptRequest):
        right = len(request.prompts) >= self._after
        return self._masks[request.volume.case_id] if right else np.zeros_like(request.before)


class Refusing(Truth):
    def answer(self, request):
        raise InputError("No")


@pytest.fixture
def masks(filled_store):
    return {
        row.case.case_id: filled_store.read_mask(row.case.revision, [row.z])[0] == lesion_class
        for row, lesion_class in judged_rows(filled_store, split="train", per_patient=1)
    }


def test_a_patient_gives_at_most_so_many_slices_of_a_class(filled_store):
    rows = judged_rows(filled_store, split="train", per_patient=2)
    people = [(row.case.patient_id, lesion_class) for row, lesion_class in rows]
    assert max(people.count(one) for one in people) <= 2
    assert rows == judged_rows(filled_store, split="train", per_patient=2)
    assert len(judged_rows(filled_store, split="train", per_patient=1)) == len(set(people))


@pytest.mark.parametrize(("after", "dice"), [(1, (0, 1, 1, 1)), (3, (0, 0, 0, 1))])
def test_dice_is_told_prompt_by_prompt(filled_store, masks, after, dice):
    engine = Truth(masks, after)
    readings = list(read_store(engine, filled_store, split="train", manners=(POINTS,), per_patient=1))
    assert {r.dice for r in readings} == {dice}
    assert {r.lesion_class for r in readings} <= {"ischemia", "hemorrhage"}


def test_a_refused_prompt_counts_and_changes_nothing(filled_store, masks):
    readings = list(read_store(Refusing(masks), filled_store, split="train", manners=(POINTS,), per_patient=1))
    assert {(r.dice, r.refused) for r in readings} == {((0, 0, 0, 0), 3)}


def test_readings_are_the_same_again_and_come_back_from_their_file(filled_store, tmp_path):
    first, second = (
        list(read_store(GrowTool(), filled_store, split="train", manners=(POINTS, BOX), per_patient=1))
        for _ in range(2)
    )
    assert [replace(r, seconds=0) for r in first] == [replace(r, seconds=0) for r in second]
    written = write_readings(tmp_path / "grow.csv", first)
    assert written == first
    assert read_readings(tmp_path / "grow.csv") == first


def test_a_box_filled_is_better_than_nothing_and_growing_finds_a_bleed(filled_store):
    filled = list(read_store(FilledBox(), filled_store, split="train", manners=(BOX,), per_patient=1))
    assert min(r.dice[1] for r in filled) > 0.4
    grown = read_store(GrowTool(), filled_store, split="train", manners=(POINTS,), per_patient=1)
    assert max(r.dice[3] for r in grown if r.lesion_class == "hemorrhage") > 0.7


def test_a_reading_may_begin_from_a_mask_which_the_first_prompt_corrects(filled_store, masks):
    asked = []

    class Correcting(Truth):
        def answer(self, request):
            asked.append(request)
            return super().answer(request)

    def most(judged):
        drawn, rows = judged.truth.copy(), np.nonzero(judged.truth)[0]
        drawn[: int(np.quantile(rows, 0.2))] = False
        return Start("most@1.0", drawn, np.full(drawn.shape, 7, dtype=np.uint8))

    readings = list(
        read_store(Correcting(masks), filled_store, split="train", manners=(POINTS,), starts=most, per_patient=1)
    )
    assert all(0.8 < r.dice[0] < 0.95 and r.dice[1:] == (1, 1, 1) and r.start == "most@1.0" for r in readings)
    assert len(asked) >= 4
    for request in asked:
        row, column = (int(v) for v in request.prompts[0].path[0])
        assert masks[request.volume.case_id][row, column]
        assert request.before.any()
        assert not request.before[row, column], "where it errs, not where its middle is"
        assert (request.probabilities == 7).all()
