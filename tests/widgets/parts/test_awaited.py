"""Values that take a while: made once, for everybody who asked."""

from __future__ import annotations

from threading import Event
from typing import Any

from qtpy.QtCore import QObject

from napari_cpam_stroke.widgets.parts.awaited import Awaited


def never(error: Exception) -> None:
    raise AssertionError(error)


def test_it_is_made_once_for_all_who_ask(qtbot: Any) -> None:
    release, made, heard, parent = Event(), [], [], QObject()

    def make() -> int:
        release.wait(20)
        made.append(1)
        return 7

    awaited = Awaited(make, parent=parent, failed=never)
    assert not awaited.under_way
    for _ in range(2):
        awaited.ask(heard.append)
    assert awaited.under_way
    assert heard == []
    release.set()
    qtbot.waitUntil(lambda: len(heard) == 2)
    awaited.ask(heard.append)
    assert (heard, made, awaited.value) == ([7, 7, 7], [1], 7)
    assert not awaited.under_way


def test_who_is_forgotten_hears_neither_value_nor_failure(qtbot: Any) -> None:
    release, heard, parent = Event(), [], QObject()

    def fail() -> int:
        release.wait(20)
        raise ValueError

    gone = Awaited(fail, parent=parent, failed=heard.append)
    gone.ask(heard.append)
    gone.forget()
    release.set()
    qtbot.waitUntil(lambda: not gone.under_way)
    assert heard == []


def test_after_a_failure_the_next_question_tries_again(qtbot: Any) -> None:
    turns, heard, errors, parent = iter([ValueError("no"), 3]), [], [], QObject()

    def make() -> int:
        turn = next(turns)
        if isinstance(turn, Exception):
            raise turn
        return turn

    awaited = Awaited(make, parent=parent, failed=errors.append)
    awaited.ask(heard.append)
    qtbot.waitUntil(lambda: bool(errors))
    assert str(errors[0]) == "no"
    awaited.ask(heard.append)
    qtbot.waitUntil(lambda: heard == [3])
