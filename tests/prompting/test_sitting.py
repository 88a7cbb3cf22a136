"""Which lesion a prompt belongs to, what its answer changes, and that undo of the mask is undo of the prompts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from napari_cpam_stroke.core import CTVolume, LesionClass
from napari_cpam_stroke.core.editing import Edit
from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.prompting import Prompt, PromptKind
from napari_cpam_stroke.prompting.sitting import Sitting

from ..fill_engine import FillEngine  # noqa: TID252 - the tests are no installed package
from .squares import BRIGHT, LEFT, RIGHT, SIZE, stack

ISCHEMIA, HEMORRHAGE = LesionClass
IN_LEFT, IN_RIGHT, IN_BRIGHT, NOWHERE = (15, 12), (45, 45), (15, 44), (30, 30)


class Reader:
    """A mask with undo, as a viewer has it, and a sitting on it."""

    def __init__(self, volume: CTVolume) -> None:
        self.mask = np.zeros(volume.shape, dtype=np.uint8)
        self.engine = FillEngine()
        self.sitting = Sitting(volume, self.mask)
        self.done: list[tuple[Edit, np.ndarray]] = []
        self.undone: list[tuple[Edit, np.ndarray]] = []

    def apply(self, edit: Edit) -> None:
        if edit.voxels:
            self.done.append((edit, self.mask.reshape(-1)[edit.flat]))
            self.undone.clear()
            edit.apply_to(self.mask)

    def point(self, at: tuple[int, int], lesion_class: LesionClass = ISCHEMIA, z: int = 2, **prompt: Any) -> None:
        self.prompt(Prompt(PromptKind.POINT, z, (at,), **prompt), lesion_class)

    def prompt(self, prompt: Prompt, lesion_class: LesionClass = ISCHEMIA) -> None:
        asked = self.sitting.ask(prompt, lesion_class)
        self.apply(self.sitting.take(asked, self.engine.answer(asked.request)))

    def brush(self, where: tuple[slice, slice], label: int, z: int = 2) -> None:
        changed = np.zeros(self.mask.shape, dtype=bool)
        changed[z][where] = True
        flat = np.flatnonzero(changed.reshape(-1) & (self.mask.reshape(-1) != label))
        self.apply(Edit(self.mask.shape, flat, np.full(flat.size, label, dtype=np.uint8)))

    def undo(self) -> None:
        edit, was = self.done.pop()
        self.undone.append((edit, was))
        self.mask.reshape(-1)[edit.flat] = was
        self.sitting.undone()

    def redo(self) -> None:
        edit, was = self.undone.pop()
        self.done.append((edit, was))
        edit.apply_to(self.mask)
        self.sitting.redone()

    @property
    def standing(self) -> list[tuple[float, float]]:
        return [prompt.path[0] for prompt in self.sitting.prompts_on(2)]

    def drawn(self, label: int = 1, z: int = 2) -> np.ndarray:
        return self.mask[z] == label


@pytest.fixture
def volume() -> CTVolume:
    return stack()


@pytest.fixture
def reader(volume: CTVolume) -> Reader:
    return Reader(volume)


def region(*squares: tuple[slice, slice]) -> np.ndarray:
    found = np.zeros((SIZE, SIZE), dtype=bool)
    for square in squares:
        found[square] = True
    return found


def test_a_point_makes_a_lesion_and_undo_takes_both_back(reader: Reader) -> None:
    reader.point(IN_LEFT)
    np.testing.assert_array_equal(reader.drawn(), region(LEFT))
    assert reader.standing == [IN_LEFT]
    assert reader.sitting.drew
    reader.undo()
    assert not reader.mask.any()
    assert reader.standing == []
    assert not reader.sitting.drew
    reader.redo()
    assert reader.standing == [IN_LEFT]
    np.testing.assert_array_equal(reader.drawn(), region(LEFT))


def test_each_prompt_is_one_step(reader: Reader) -> None:
    reader.point(IN_LEFT)
    reader.point((10, 8), adds=False)
    assert len(reader.done) == 2
    assert not reader.drawn()[10, 8]
    assert reader.standing == [IN_LEFT, (10, 8)]
    reader.undo()
    assert reader.standing == [IN_LEFT]
    np.testing.assert_array_equal(reader.drawn(), region(LEFT))
    reader.undo()
    reader.redo()
    reader.redo()
    assert reader.standing == [IN_LEFT, (10, 8)]


def test_undo_of_a_stroke_is_none_of_a_prompt(reader: Reader) -> None:
    reader.point(IN_LEFT)
    reader.brush(RIGHT, 1)
    reader.undo()
    assert reader.standing == [IN_LEFT]
    reader.undo()
    assert reader.standing == []
    reader.redo()
    reader.redo()
    assert reader.standing == [IN_LEFT]


def test_a_prompt_that_changes_nothing_stands_with_the_one_before(reader: Reader) -> None:
    reader.point(IN_LEFT)
    reader.point((12, 12))
    assert len(reader.done) == 1
    assert reader.standing == [IN_LEFT, (12, 12)]
    reader.undo()
    assert reader.standing == []
    reader.redo()
    assert reader.standing == [IN_LEFT, (12, 12)]


def test_a_prompt_that_changes_nothing_leaves_redo_as_it_was(reader: Reader) -> None:
    reader.point(IN_LEFT)
    reader.point(IN_RIGHT)
    reader.undo()
    reader.point((12, 12))
    reader.redo()
    assert reader.standing == [IN_LEFT, (12, 12), IN_RIGHT]
    np.testing.assert_array_equal(reader.drawn(), region(LEFT, RIGHT))


def test_pointing_at_an_earlier_lesion_goes_on_with_its_prompts(reader: Reader) -> None:
    reader.point(IN_LEFT)
    reader.point(IN_RIGHT)
    assert [request.prompts[-1].path[0] for request in reader.engine.asked] == [IN_LEFT, IN_RIGHT]
    assert len(reader.engine.asked[1].prompts) == 1, "far away: another lesion"
    reader.point((11, 9), adds=False)
    assert [p.path[0] for p in reader.engine.asked[2].prompts] == [IN_LEFT, (11, 9)]
    np.testing.assert_array_equal(reader.drawn() & region(RIGHT), region(RIGHT))


def test_a_prompt_near_the_last_lesion_goes_on_with_it(reader: Reader) -> None:
    reader.point(IN_LEFT)
    reader.point((25, 12))
    assert len(reader.engine.asked[1].prompts) == 2


def test_another_class_and_another_slice_are_other_lesions(reader: Reader) -> None:
    reader.point(IN_LEFT)
    reader.point(IN_LEFT, z=3)
    reader.point(IN_BRIGHT, HEMORRHAGE)
    assert [len(request.prompts) for request in reader.engine.asked] == [1, 1, 1]
    assert set(np.unique(reader.mask[2])) == {0, 1, 2}


def test_the_other_class_is_never_changed(reader: Reader) -> None:
    reader.brush((slice(12, 14), slice(8, 18)), 2)
    reader.point(IN_LEFT)
    np.testing.assert_array_equal(reader.drawn(2), region((slice(12, 14), slice(8, 18))))
    np.testing.assert_array_equal(reader.drawn(), region(LEFT) & ~reader.drawn(2))
    reader.point((13, 12), adds=False)
    assert reader.drawn(2).sum() == 20


def test_what_is_drawn_already_is_a_prompt_itself(reader: Reader) -> None:
    reader.brush(RIGHT, 1)
    reader.point((41, 41), adds=False)
    np.testing.assert_array_equal(reader.engine.asked[0].before, region(RIGHT))
    assert not reader.drawn()[41, 41]
    assert reader.drawn()[48, 48]


def test_a_point_just_beside_what_is_drawn_goes_on_with_it(reader: Reader) -> None:
    reader.brush(RIGHT, 1)
    reader.brush((slice(10, 12), slice(8, 18)), 1)
    reader.point((34, 45))
    np.testing.assert_array_equal(reader.engine.asked[0].before, region(RIGHT))
    assert reader.drawn()[10:12, 8:18].all()


def test_a_point_farther_beside_a_box_and_one_of_another_class_begin_anew(reader: Reader) -> None:
    reader.brush(RIGHT, 1)
    for prompt, lesion_class in (
        (Prompt(PromptKind.POINT, 2, ((24, 45),)), ISCHEMIA),
        (Prompt(PromptKind.BOX, 2, ((30, 42), (36, 46))), ISCHEMIA),
        (Prompt(PromptKind.POINT, 2, ((34, 45),)), HEMORRHAGE),
    ):
        assert not reader.sitting.ask(prompt, lesion_class).request.before.any()


def test_a_lesion_apart_stays_as_it_is(reader: Reader) -> None:
    reader.brush(RIGHT, 1)
    reader.point(IN_LEFT)
    assert not reader.engine.asked[0].before.any()
    np.testing.assert_array_equal(reader.drawn(), region(LEFT, RIGHT))


def test_strokes_between_prompts_stay(reader: Reader) -> None:
    reader.point(IN_LEFT)
    reader.brush((slice(20, 24), slice(8, 10)), 1)
    reader.brush((slice(10, 12), slice(8, 18)), 0)
    reader.point((19, 17), adds=False)
    assert reader.drawn()[20:24, 8:10].all()
    assert not reader.drawn()[10:12].any()
    assert not reader.drawn()[19, 17]


def test_strokes_while_the_engine_works_stay(reader: Reader) -> None:
    asked = reader.sitting.ask(Prompt(PromptKind.POINT, 2, (IN_LEFT,)), ISCHEMIA)
    reader.brush((slice(24, 26), slice(8, 10)), 1)
    reader.apply(reader.sitting.take(asked, reader.engine.answer(asked.request)))
    assert reader.drawn()[24:26, 8:10].all()


def test_a_later_prompt_that_points_at_a_stroke_is_stronger(reader: Reader) -> None:
    reader.point(IN_LEFT)
    reader.brush((slice(20, 24), slice(8, 10)), 1)
    reader.brush((slice(10, 12), slice(8, 18)), 0)
    reader.point((22, 9), adds=False)
    assert not reader.drawn()[22, 9]
    reader.point((10, 12))
    assert reader.drawn()[10:12, 12].all()


def test_kept_lesions_are_left_alone_until_let_go(reader: Reader) -> None:
    reader.brush(LEFT, 1)
    assert reader.sitting.kept.toggle((2, *IN_LEFT)) is True
    reader.point((11, 9), adds=False)
    np.testing.assert_array_equal(reader.drawn(), region(LEFT))
    assert reader.sitting.kept.toggle((2, *IN_LEFT)) is False
    reader.point((11, 9), adds=False)
    assert not reader.drawn()[11, 9]
    assert reader.sitting.kept.toggle((2, *NOWHERE)) is None


def test_what_is_erased_of_a_kept_lesion_is_no_longer_kept(reader: Reader) -> None:
    reader.brush(LEFT, 1)
    reader.sitting.kept.toggle((2, *IN_LEFT))
    reader.brush((slice(10, 12), slice(8, 18)), 0)
    assert reader.sitting.kept.on_slice(2).sum() == 80
    reader.point((10, 10))
    assert reader.drawn()[10, 10]


def test_nothing_can_be_taken_away_where_nothing_is(reader: Reader) -> None:
    with pytest.raises(InputError, match="no ischemia to take away"):
        reader.point(NOWHERE, adds=False)
    reader.brush(BRIGHT, 2)
    with pytest.raises(InputError, match="no ischemia"):
        reader.point(IN_BRIGHT, adds=False)


def test_an_answer_to_a_question_taken_back_meanwhile_is_known(reader: Reader) -> None:
    reader.point(IN_LEFT)
    asked = reader.sitting.ask(Prompt(PromptKind.POINT, 2, ((12, 12),)), ISCHEMIA)
    assert reader.sitting.stands(asked)
    reader.undo()
    assert not reader.sitting.stands(asked)


class Walk:
    """What a reader does at random, and what was after every step of undo: mask, and prompts that changed it."""

    def __init__(self, volume: CTVolume, seed: int) -> None:
        self.reader, self.rng = Reader(volume), np.random.default_rng(seed)
        self.idle: set[tuple[float, float]] = set()
        self.states = [self.now()]
        self.ahead: list[tuple[np.ndarray, list[Any]]] = []

    def now(self) -> tuple[np.ndarray, list[Any]]:
        return self.reader.mask.copy(), sorted(at for at in self.reader.standing if at not in self.idle)

    def step(self) -> None:
        action = self.rng.choice(["point", "away", "box", "brush", "erase", "undo", "redo"])
        if action == "undo" and self.reader.done:
            self.reader.undo()
            self.ahead.append(self.states.pop())
        elif action == "redo" and self.reader.undone:
            self.reader.redo()
            self.states.append(self.ahead.pop())
        elif action not in ("undo", "redo"):
            self.draw(action)

    def draw(self, action: str) -> None:
        steps, before = len(self.reader.done), self.reader.mask.copy()
        lesion_class = LesionClass(int(self.rng.integers(1, 3)))
        row, column = int(self.rng.integers(8, 50)), int(self.rng.integers(6, 50))
        try:
            if action in ("brush", "erase"):
                square = (slice(row, row + 5), slice(column, column + 5))
                self.reader.brush(square, int(lesion_class) if action == "brush" else 0)
            else:
                kind, end = (PromptKind.BOX, [(row + 6, column + 4)]) if action == "box" else (PromptKind.POINT, [])
                self.reader.prompt(Prompt(kind, 2, ((row, column), *end), action != "away"), lesion_class)
                other = before == 3 - int(lesion_class)
                np.testing.assert_array_equal(self.reader.mask == 3 - int(lesion_class), other)
        except InputError:
            return
        if len(self.reader.done) == steps:
            self.idle.add((row, column))
        else:
            self.ahead.clear()
            self.states.append(self.now())


@pytest.mark.parametrize("seed", range(12))
def test_undo_gives_back_mask_and_prompts_in_any_order(volume: CTVolume, seed: int) -> None:
    walk = Walk(volume, seed)
    for _ in range(60):
        walk.step()
        mask, standing = walk.now()
        np.testing.assert_array_equal(mask, walk.states[-1][0])
        assert standing == walk.states[-1][1]
