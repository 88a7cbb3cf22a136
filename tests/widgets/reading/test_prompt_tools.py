"""Correcting by pointing, with the mouse and the keys of a reader in a real window."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_cpam_stroke.annotations import program_lock
from napari_cpam_stroke.core import LesionClass
from napari_cpam_stroke.prompting import PromptKind
from napari_cpam_stroke.widgets.viewer.prompt_marks import MINUS, PLUS, PREVIEW

from .pointing import (
    CTRL,
    DARK,
    IN_DARK,
    IN_OTHER,
    LEFT,
    NOWHERE,
    ON_BONE,
    OTHER,
    RIGHT,
    SHIFT,
    Pointing,
    Z,
    region,
    squares,
)


def test_a_click_makes_a_lesion_and_undo_takes_prompt_and_mask_back(pointing: Pointing) -> None:
    pointing.key(Qt.Key.Key_P, SHIFT)
    assert pointing.hands.dock("Correct and save").prompts.tools[PromptKind.POINT].isChecked()
    pointing.click(IN_DARK)
    np.testing.assert_array_equal(pointing.drawn, region(DARK))
    assert pointing.marks == [PLUS]
    assert pointing.session.review.algorithm_type == "SEMIAUTOMATIC"
    assert set(np.flatnonzero(pointing.mask.any(axis=(1, 2)))) == {Z}
    pointing.undo()
    assert not pointing.mask.any()
    assert pointing.marks == []
    assert pointing.session.review.algorithm_type == "MANUAL"
    pointing.redo()
    np.testing.assert_array_equal(pointing.drawn, region(DARK))
    assert pointing.marks == [PLUS]
    pointing.key(Qt.Key.Key_F8)
    pointing.session.wait()
    kept = pointing.session.review.revision.prompts
    assert (kept.counts, len(kept.on(Z, LesionClass.ISCHEMIA))) == ({"point": 1}, 1)


def test_a_crash_keeps_which_prompts_made_the_reading(pointing: Pointing, monkeypatch: pytest.MonkeyPatch) -> None:
    session = pointing.session
    pointing.key(Qt.Key.Key_P, SHIFT)
    pointing.click(IN_DARK)
    pointing.click((22, 17), RIGHT)
    drawn = pointing.mask.copy()
    session.drafts.keep()
    monkeypatch.setattr(program_lock, "PROGRAM", "the next start")
    program_lock._let_go()
    session.drafts.release()
    session.close_case(ask=False)
    session.ask = lambda _question, answers: answers[0]
    session.show(squares())
    session.wait()
    np.testing.assert_array_equal(pointing.mask, drawn)
    assert pointing.marks == [], "the marks are of the sitting that ended"
    assert session.review.algorithm_type == "SEMIAUTOMATIC"
    pointing.key(Qt.Key.Key_F8)
    session.wait()
    saved = session.review.revision
    assert (saved.algorithm_type, saved.prompts.counts) == ("SEMIAUTOMATIC", {"point": 2})
    assert [prompt.adds for prompt in saved.prompts.on(Z, LesionClass.ISCHEMIA)] == [True, False]
    assert not saved.begun_from_model


@pytest.mark.parametrize(("button", "modifier"), [(RIGHT, Qt.KeyboardModifier.NoModifier), (LEFT, SHIFT)])
def test_the_right_button_or_shift_takes_away(pointing: Pointing, button: Any, modifier: Any) -> None:
    window = pointing.session.view.window
    pointing.key(Qt.Key.Key_P, SHIFT)
    pointing.click(IN_DARK)
    pointing.click((22, 17), button, modifier)
    assert not pointing.drawn[22, 17]
    assert pointing.drawn[30, 25]
    assert pointing.marks == [PLUS, MINUS]
    assert pointing.session.view.window == window
    pointing.undo()
    np.testing.assert_array_equal(pointing.drawn, region(DARK))
    assert pointing.marks == [PLUS]


def test_a_box_adds_and_takes_away(pointing: Pointing) -> None:
    pointing.key(Qt.Key.Key_B, SHIFT)
    pointing.drag((10, 10), (40, 40))
    rows, columns = np.nonzero(pointing.drawn)
    assert np.allclose([rows.min(), rows.max(), columns.min(), columns.max()], [10, 40, 10, 40], atol=1)
    assert pointing.drawn[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1].all()
    window = pointing.session.view.window
    pointing.drag((15, 15), (25, 25), RIGHT)
    assert not pointing.drawn[20, 20]
    assert pointing.session.view.window == window, "the right button is the tool's"
    assert len(pointing.engine.asked[-1].prompts) == 2


def test_scribble_and_lasso(pointing: Pointing) -> None:
    pointing.key(Qt.Key.Key_F, SHIFT)
    pointing.draw_through((25, 18), (25, 30), (35, 30))
    np.testing.assert_array_equal(pointing.drawn, region(DARK))
    assert pointing.engine.asked[-1].prompts[0].kind is PromptKind.SCRIBBLE
    pointing.undo()
    pointing.key(Qt.Key.Key_U, SHIFT)
    pointing.draw_through((55, 55), (55, 85), (85, 85), (85, 55))
    assert pointing.engine.asked[-1].prompts[-1].kind is PromptKind.LASSO
    assert pointing.drawn[58:82, 58:82].all()
    assert not pointing.drawn[:50].any()


def test_a_contour_follows_before_the_button_is_let_go(pointing: Pointing) -> None:
    pointing.key(Qt.Key.Key_B, SHIFT)
    start, end = pointing.at((10, 10)), pointing.at((40, 40))
    hands = pointing.hands
    hands.move(*start)
    QTest.mousePress(hands.canvas, LEFT, Qt.KeyboardModifier.NoModifier, hands.at(*start))
    hands.move((start[0] + end[0]) // 2, (start[1] + end[1]) // 2, LEFT)
    hands.move(*end, LEFT)
    QTest.qWait(100)
    pointing.session.wait()
    shown = pointing.session.layers.extra[PREVIEW]
    assert shown.nshapes == 2, "the box, and what it would make"
    assert not pointing.mask.any()
    QTest.mouseRelease(hands.canvas, LEFT, Qt.KeyboardModifier.NoModifier, hands.at(*end))
    pointing.wait()
    assert pointing.mask.any()
    assert shown.nshapes == 0


def test_the_class_is_chosen_while_pointing_and_the_other_one_stays(pointing: Pointing) -> None:
    pointing.key(Qt.Key.Key_H)
    pointing.drag((30, 17), (30, 33))
    blood = pointing.mask[Z] == 2
    assert blood.any()
    pointing.key(Qt.Key.Key_P, SHIFT)
    pointing.key(Qt.Key.Key_I)
    assert pointing.prompts.kind is PromptKind.POINT
    pointing.click((22, 17))
    np.testing.assert_array_equal(pointing.mask[Z] == 2, blood)
    np.testing.assert_array_equal(pointing.drawn, region(DARK) & ~blood)
    pointing.key(Qt.Key.Key_Escape)
    assert pointing.prompts.kind is None
    pointing.key(Qt.Key.Key_H)
    assert pointing.session.layers.reading.mode == "paint"


def test_a_kept_lesion_is_left_alone(pointing: Pointing) -> None:
    pointing.key(Qt.Key.Key_P, SHIFT)
    pointing.click(IN_DARK)
    pointing.key(Qt.Key.Key_Y, SHIFT)
    assert pointing.message == "Kept: prompts leave it alone."
    pointing.click((22, 17), RIGHT)
    np.testing.assert_array_equal(pointing.drawn, region(DARK))
    pointing.click(IN_OTHER)
    np.testing.assert_array_equal(pointing.drawn, region(DARK, OTHER))


def test_pointing_at_an_earlier_lesion_goes_on_with_it(pointing: Pointing) -> None:
    pointing.key(Qt.Key.Key_P, SHIFT)
    for place in (IN_DARK, IN_OTHER, (32, 27)):
        pointing.click(place)
    assert [len(request.prompts) for request in pointing.engine.asked] == [1, 1, 2]


def test_a_wrong_place_gives_one_sentence_and_changes_nothing(pointing: Pointing) -> None:
    pointing.key(Qt.Key.Key_P, SHIFT)
    pointing.click(ON_BONE)
    assert pointing.message == "The point lies on bone; point at brain."
    pointing.click(NOWHERE, RIGHT)
    assert "no ischemia to take away" in pointing.message
    pointing.click((-8, 50))
    assert "outside the picture" in pointing.message
    assert not pointing.mask.any()
    assert pointing.marks == []


def test_a_drag_with_the_point_tool_is_no_click(pointing: Pointing) -> None:
    pointing.key(Qt.Key.Key_P, SHIFT)
    pointing.drag(IN_DARK, (60, 60))
    assert not pointing.engine.asked


def test_nothing_of_a_case_is_in_the_next_one(pointing: Pointing) -> None:
    pointing.key(Qt.Key.Key_P, SHIFT)
    pointing.engine.may_answer.clear()
    at = pointing.at(IN_DARK)
    QTest.mouseClick(pointing.hands.canvas, LEFT, Qt.KeyboardModifier.NoModifier, pointing.hands.at(*at))
    assert pointing.prompts.reading.working
    pointing.session.ask = lambda _question, answers: answers[1]
    pointing.session.show(squares("another"))
    assert pointing.prompts.kind is None
    pointing.engine.may_answer.set()
    pointing.wait()
    assert not pointing.mask.any()
    assert pointing.marks == []
    assert pointing.session.review.algorithm_type == "MANUAL"
    pointing.click(IN_DARK)
    assert not pointing.mask.any(), "the tool ended with the case"


def test_pointing_is_off_in_3d_and_across_the_slices(pointing: Pointing) -> None:
    pointing.key(Qt.Key.Key_P, SHIFT)
    pointing.key(Qt.Key.Key_Y, CTRL)
    QTest.qWait(50)
    assert pointing.prompts.kind is None
    assert "3D view" in pointing.message
    pointing.key(Qt.Key.Key_P, SHIFT)
    assert pointing.prompts.kind is None
    pointing.key(Qt.Key.Key_Y, CTRL)
    pointing.key(Qt.Key.Key_P, SHIFT)
    pointing.key(Qt.Key.Key_F7)
    QTest.mouseClick(pointing.hands.canvas, LEFT, Qt.KeyboardModifier.NoModifier, pointing.hands.at(0, 0))
    pointing.wait()
    assert "axial" in pointing.message
    assert not pointing.engine.asked


def test_a_click_stops_a_model_that_runs_in_the_background(pointing: Pointing, predictor: Any) -> None:
    predictor.steps, predictor.pause_s = 400, 0.05
    pointing.key(Qt.Key.Key_P, SHIFT)
    pointing.session.models.run()
    assert pointing.session.models.running
    pointing.click(IN_DARK)
    assert not pointing.session.models.running
    assert pointing.session.models.prediction is None
    np.testing.assert_array_equal(pointing.drawn, region(DARK))


def test_clicks_faster_than_the_engine_are_each_a_step(pointing: Pointing) -> None:
    pointing.key(Qt.Key.Key_P, SHIFT)
    pointing.engine.may_answer.clear()
    for place in (IN_DARK, IN_OTHER):
        at = pointing.at(place)
        QTest.mouseClick(pointing.hands.canvas, LEFT, Qt.KeyboardModifier.NoModifier, pointing.hands.at(*at))
    pointing.engine.may_answer.set()
    pointing.wait()
    pointing.wait()
    np.testing.assert_array_equal(pointing.drawn, region(DARK, OTHER))
    pointing.undo()
    np.testing.assert_array_equal(pointing.drawn, region(DARK))


def test_an_answer_that_comes_after_undo_is_dropped(pointing: Pointing) -> None:
    pointing.key(Qt.Key.Key_P, SHIFT)
    pointing.click(IN_DARK)
    pointing.engine.may_answer.clear()
    at = pointing.at((22, 17))
    QTest.mouseClick(pointing.hands.canvas, RIGHT, Qt.KeyboardModifier.NoModifier, pointing.hands.at(*at))
    pointing.hands.press(Qt.Key.Key_Z, CTRL)
    pointing.engine.may_answer.set()
    pointing.wait()
    assert not pointing.mask.any()


def test_another_tool_ends_pointing(pointing: Pointing) -> None:
    pointing.key(Qt.Key.Key_P, SHIFT)
    pointing.key(Qt.Key.Key_B, SHIFT)
    assert pointing.prompts.kind is PromptKind.BOX
    pointing.key(Qt.Key.Key_B, SHIFT)
    assert pointing.prompts.kind is None
    pointing.key(Qt.Key.Key_P, SHIFT)
    pointing.key(Qt.Key.Key_2)
    QTest.qWait(20)
    assert pointing.prompts.kind is None, "napari's brush"
    pointing.key(Qt.Key.Key_P, SHIFT)
    pointing.key(Qt.Key.Key_R, SHIFT)
    QTest.qWait(20)
    assert pointing.prompts.kind is None, "the ruler"


def test_the_slices_around_are_prepared_ahead(pointing: Pointing) -> None:
    pointing.key(Qt.Key.Key_P, SHIFT)
    assert pointing.engine.prepared == [3, 2, 4, 1, 5, 0]
    assert pointing.engine.asked == []


def test_what_the_model_saw_is_passed_on(pointing: Pointing) -> None:
    pointing.session.models.run(wait=True)
    pointing.key(Qt.Key.Key_P, SHIFT)
    pointing.click(IN_DARK)
    expected = pointing.session.models.prediction.probabilities[0, Z]
    np.testing.assert_array_equal(pointing.engine.asked[0].probabilities, expected)


@pytest.mark.parametrize("seed", [1, 2])
def test_prompts_brush_and_undo_in_any_order(pointing: Pointing, seed: int) -> None:
    """Marks and mask of each step come back with undo and redo."""
    rng = np.random.default_rng(seed)
    pointing.key(Qt.Key.Key_P, SHIFT)
    states, ahead = [(pointing.mask.copy(), pointing.marks)], []
    actions: dict[str, Callable[[tuple[int, int]], None]] = {
        "add": pointing.click,
        "away": lambda at: pointing.click(at, RIGHT),
        "brush": lambda at: brush(pointing, at),
    }
    for _ in range(14):
        action = rng.choice([*actions, "undo", "redo"])
        if action == "undo" and len(states) > 1:
            pointing.undo()
            ahead.append(states.pop())
        elif action == "redo" and ahead:
            pointing.redo()
            states.append(ahead.pop())
        elif action in actions:
            row, column = (int(v) for v in rng.integers(5, 95, 2))
            actions[action]((row, column))
            if np.array_equal(pointing.mask, states[-1][0]):
                states[-1] = (states[-1][0], pointing.marks)
            else:
                states.append((pointing.mask.copy(), pointing.marks))
                ahead.clear()
        np.testing.assert_array_equal(pointing.mask, states[-1][0])
        assert len(pointing.marks) >= len(states[-1][1])


def brush(pointing: Pointing, at: tuple[int, int]) -> None:
    layers = pointing.session.layers
    layers.reading.paint(layers.turned_index((Z, *at)), 1)
    pointing.wait()


def test_a_mask_painted_by_hand_is_where_a_prompt_begins(pointing: Pointing) -> None:
    pointing.key(Qt.Key.Key_I)
    pointing.key(Qt.Key.Key_2)
    pointing.draw_through((20, 64), (20, 76))
    by_hand = pointing.drawn.copy()
    assert 50 < by_hand.sum() < 500
    pointing.key(Qt.Key.Key_P, SHIFT)
    pointing.click((20, 70), RIGHT)
    asked = pointing.engine.asked[-1]
    np.testing.assert_array_equal(asked.before, by_hand)
    assert [prompt.adds for prompt in asked.prompts] == [False]
    assert not pointing.drawn[20, 70]
    assert pointing.drawn[20, 63]
    assert pointing.session.review.algorithm_type == "SEMIAUTOMATIC"
    pointing.undo()
    np.testing.assert_array_equal(pointing.drawn, by_hand)
    pointing.undo()
    assert not pointing.mask.any(), "the stroke is a step of its own"


def test_a_mask_taken_from_the_ai_is_where_a_prompt_begins(pointing: Pointing) -> None:
    pointing.session.models.run(wait=True)
    pointing.key(Qt.Key.Key_T, SHIFT)
    by_ai = pointing.drawn.copy()
    np.testing.assert_array_equal(by_ai, pointing.session.models.prediction.mask[Z] == 1)
    assert by_ai.any()
    pointing.key(Qt.Key.Key_B, SHIFT)
    pointing.drag((40, 55), (50, 64))
    asked = pointing.engine.asked[-1]
    np.testing.assert_array_equal(asked.before, by_ai)
    assert (pointing.drawn & by_ai).sum() == by_ai.sum()
    assert pointing.drawn[45, 57]
    pointing.drag((52, 62), (57, 68), RIGHT)
    np.testing.assert_array_equal(pointing.engine.asked[-1].before, by_ai)
    assert len(pointing.engine.asked[-1].prompts) == 2
    pointing.undo()
    pointing.undo()
    np.testing.assert_array_equal(pointing.drawn, by_ai)


def test_a_point_just_beside_a_mask_goes_on_with_it_and_one_far_away_does_not(pointing: Pointing) -> None:
    pointing.session.models.run(wait=True)
    pointing.key(Qt.Key.Key_T, SHIFT)
    by_ai = pointing.drawn.copy()
    pointing.key(Qt.Key.Key_P, SHIFT)
    pointing.click((50, 53))
    np.testing.assert_array_equal(pointing.engine.asked[-1].before, by_ai)
    pointing.undo()
    pointing.click((50, 12))
    assert not pointing.engine.asked[-1].before.any()
