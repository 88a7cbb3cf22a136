"""Work of the main thread in steps: the window's own events come between them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from qtpy.QtCore import QTimer
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QLineEdit

from napari_cpam_stroke.widgets.parts.turns import Turns


def counting(done: list[str], upto: int = 3) -> Iterator[None]:
    for step in range(upto):
        done.append(f"step {step}")
        QTimer.singleShot(0, lambda: done.append("window"))
        yield


def test_the_window_gets_its_turn_between_two_steps(qtbot: Any) -> None:
    done: list[str] = []
    turns = Turns(counting(done))
    assert done == []
    turns.wait()
    assert not turns.running
    assert done == ["step 0", "window", "step 1", "window", "step 2", "window"]


def test_a_cancelled_work_does_no_further_step_and_is_not_done(qtbot: Any) -> None:
    done: list[str] = []
    turns = Turns(counting(done))
    turns.done.connect(lambda: done.append("done"))
    with qtbot.waitSignal(turns.ended):
        QTimer.singleShot(0, turns.cancel)
    qtbot.wait(30)
    assert done.count("done") == 0
    assert len([each for each in done if each.startswith("step")]) <= 1


def test_a_fault_in_a_step_is_told_once(qtbot: Any) -> None:
    heard: list[object] = []

    def faulty() -> Iterator[None]:
        yield
        raise ValueError("no picture")

    turns = Turns(faulty())
    turns.failed.connect(heard.append)
    turns.done.connect(lambda: heard.append("done"))
    with qtbot.waitSignal(turns.ended):
        pass
    assert [str(each) for each in heard] == ["no picture"]


def test_a_step_that_cancels_its_own_work_is_the_last_one(qtbot: Any) -> None:
    done: list[int] = []

    def giving_up() -> Iterator[None]:
        for step in range(3):
            done.append(step)
            turns.cancel()
            yield

    turns = Turns(giving_up())
    turns.wait()
    qtbot.wait(30)
    assert done == [0]


def test_a_step_may_let_the_window_live_and_no_other_step_comes_before_its_end(qtbot: Any) -> None:
    done: list[str] = []

    def asking() -> Iterator[None]:
        for step in range(2):
            done.append(f"begin {step}")
            qtbot.wait(20)
            done.append(f"end {step}")
            yield

    Turns(asking()).wait()
    assert done == ["begin 0", "end 0", "begin 1", "end 1"]


def test_what_is_left_is_done_before_a_key_reaches_anything(qtbot: Any) -> None:
    done: list[str] = []
    field = QLineEdit()
    qtbot.addWidget(field)
    field.textChanged.connect(done.append)
    turns = Turns(counting(done), before_hands_on=field)
    turns.done.connect(lambda: done.append("done"))
    QTest.keyClicks(field, "ab")
    assert done == ["step 0", "step 1", "step 2", "done", "a", "ab"]
    assert not turns.running


def test_without_that_wish_a_key_goes_first(qtbot: Any) -> None:
    done: list[str] = []
    field = QLineEdit()
    qtbot.addWidget(field)
    field.textChanged.connect(done.append)
    turns = Turns(counting(done))
    QTest.keyClicks(field, "a")
    assert done == ["a"]
    turns.cancel()
