"""The room's store is opened beside the window: another program that writes stops neither of the two."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Event, current_thread, main_thread
from typing import Any

import pytest
from napari.components import ViewerModel
from qtpy.QtCore import QTimer

from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.widgets.reading.room_store import RoomStore
from napari_cpam_stroke.widgets.reading.state import RoomState

from ...store_lock import held_by_another_program  # noqa: TID252 - the tests are no installed package

BEATS = 3
"""Events of the window that have to be answered while the store opens."""

FAR_TOO_LONG_S = 60
"""Only ends a test that has failed already."""


@pytest.fixture
def store(qapp: Any, tmp_path: Path) -> Iterator[RoomStore]:
    state = RoomState(ViewerModel())
    state.settings.change(store=str(tmp_path / "store"))
    made = RoomStore(state)
    yield made
    state.wait()
    made.close()
    state.let_go()


def test_the_window_answers_while_the_store_is_opened_in_another_thread(
    store: RoomStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads, answered, really_open = [], Event(), AnnotationStore.open
    beats: list[int] = []

    def beat() -> None:
        beats.append(len(beats))
        if len(beats) == BEATS:
            answered.set()

    def open_once_the_window_answered(*given: Any, **options: Any) -> AnnotationStore:
        threads.append(current_thread())
        assert answered.wait(FAR_TOO_LONG_S), "the window answers nothing while the store opens"
        return really_open(*given, **options)

    monkeypatch.setattr(AnnotationStore, "open", open_once_the_window_answered)
    timer = QTimer()
    timer.timeout.connect(beat)
    timer.start(0)
    assert store.open() is not None, store.problem
    timer.stop()
    assert threads != [main_thread()]
    assert len(threads) == 1
    assert len(beats) >= BEATS


def test_a_store_that_another_program_writes_into_is_opened_and_read(store: RoomStore, tmp_path: Path) -> None:
    AnnotationStore.open(tmp_path / "store").close()
    with held_by_another_program(tmp_path / "store") as other:
        opened = store.open()
        assert opened is not None, store.problem
        assert opened.cases() == []
        assert store.problem == ""
        assert other.poll() is None, "the other program holds its lock all the time"
