"""One engine at work: in turn, off the window's thread, and only the newest preview."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event, get_ident
from typing import Any

import numpy as np
import pytest
from qtpy.QtTest import QTest

from napari_cpam_stroke.core import CTVolume, LesionClass
from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.prompting import Prompt, PromptKind, PromptRequest
from napari_cpam_stroke.widgets.reading.prompt_answers import EngineChoice, PromptAnswers, slices_around

from ...fill_engine import FillEngine  # noqa: TID252 - the tests are no installed package


def request(row: int, hu: int = 35) -> PromptRequest:
    volume = CTVolume(hu=np.full((3, 20, 20), hu, dtype=np.int16), geometry=None, case_id="grey")
    point = Prompt(PromptKind.POINT, 1, ((float(row), 5.0),))
    return PromptRequest(volume, 1, LesionClass.ISCHEMIA, (point,), np.zeros((20, 20), dtype=bool))


@pytest.fixture
def engine() -> Iterator[FillEngine]:
    made = FillEngine()
    yield made
    made.may_answer.set()


@pytest.fixture
def answers(qapp: Any, engine: FillEngine) -> Iterator[PromptAnswers]:
    made = PromptAnswers(EngineChoice("fill", lambda: engine))
    yield made
    engine.may_answer.set()
    QTest.qWait(100)


def until(so: Any) -> None:
    for _ in range(500):
        if so():
            return
        QTest.qWait(20)
    pytest.fail("It never came")


def test_answers_come_on_the_windows_thread_and_are_made_on_another(answers: PromptAnswers) -> None:
    seen: list[int] = []
    answers.ask(lambda *_: get_ident(), lambda made: seen.extend([made, get_ident()]), pytest.fail)
    until(lambda: seen)
    assert seen[0] != seen[1] == get_ident()


def test_of_previews_only_the_newest_is_asked_for(answers: PromptAnswers, engine: FillEngine) -> None:
    shown: list[int] = []
    engine.may_answer.clear()
    for row in range(4):
        answers.preview(request(row), lambda _, row=row: shown.append(row))
    until(lambda: engine.asked)
    engine.may_answer.set()
    until(lambda: 3 in shown)
    assert [each.prompts[0].path[0][0] for each in engine.asked] == [0, 3]
    assert shown == [0, 3]


def test_a_dropped_preview_is_not_shown(answers: PromptAnswers, engine: FillEngine) -> None:
    shown: list[int] = []
    engine.may_answer.clear()
    answers.preview(request(0), lambda _: shown.append(0))
    answers.preview(request(1), lambda _: shown.append(1))
    until(lambda: engine.asked)
    answers.drop_previews()
    engine.may_answer.set()
    QTest.qWait(150)
    assert shown == []
    answers.preview(request(2), lambda _: shown.append(2))
    until(lambda: shown == [2])


def test_a_refusal_comes_as_a_value(answers: PromptAnswers) -> None:
    refused: list[Exception] = []
    answers.ask(lambda engine, _: engine.answer(request(0, hu=900)), pytest.fail, refused.append)
    until(lambda: refused)
    assert isinstance(refused[0], InputError)


def test_another_engine_forgets_what_the_last_one_was_asked(answers: PromptAnswers, engine: FillEngine) -> None:
    engine.may_answer.clear()
    answers.ask(lambda engine, _: engine.answer(request(0)), pytest.fail, pytest.fail)
    until(lambda: engine.asked)
    other, shown = FillEngine(), []
    answers.choose(EngineChoice("other", lambda: other))
    engine.may_answer.set()
    answers.ask(lambda engine, _: engine.answer(request(1)), shown.append, pytest.fail)
    until(lambda: shown)
    assert len(other.asked) == 1


def test_the_nearest_slices_are_prepared_first_until_others_are_wanted(
    answers: PromptAnswers, engine: FillEngine
) -> None:
    answers.prepare(request(0).volume, 1)
    until(lambda: len(engine.prepared) == 3)
    assert engine.prepared == [1, 0, 2]
    assert slices_around(0, 40) == [0, 1, 2, 3, 4]
    assert slices_around(20, 40) == [20, 19, 21, 18, 22, 17, 23, 16, 24]


def test_an_engine_that_is_still_made_never_answers_for_one_chosen_after_it(
    answers: PromptAnswers, engine: FillEngine
) -> None:
    release, begun, made, answered = Event(), Event(), FillEngine(), []

    def slow() -> FillEngine:
        begun.set()
        release.wait(20)
        return made

    answers.choose(EngineChoice("slow", slow))
    answers.prepare(request(0).volume, 1)
    assert begun.wait(5)
    answers.choose(EngineChoice("fill", lambda: engine))
    answers.ask(lambda asked, _: asked, answered.append, pytest.fail)
    until(lambda: len(answered) == 1)
    release.set()
    QTest.qWait(150)
    answers.ask(lambda asked, _: asked, answered.append, pytest.fail)
    until(lambda: len(answered) == 2)
    assert answered == [engine, engine]
