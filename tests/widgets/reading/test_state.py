"""The state of a room, and parts of the room that work on it without any session."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_cpam_stroke.config import Window
from napari_cpam_stroke.core import CTVolume
from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.review import CaseReview
from napari_cpam_stroke.widgets.reading.case_keeping import CaseKeeping
from napari_cpam_stroke.widgets.reading.case_list import BLINDED_ORDER, NO_FURTHER, Worklist
from napari_cpam_stroke.widgets.reading.drafts import Drafts
from napari_cpam_stroke.widgets.reading.kept_runs import KeptRuns
from napari_cpam_stroke.widgets.reading.model_runs import ModelRuns
from napari_cpam_stroke.widgets.reading.opening import OpenedCase, Opener
from napari_cpam_stroke.widgets.reading.room_store import RoomStore
from napari_cpam_stroke.widgets.reading.state import RoomState
from napari_cpam_stroke.widgets.viewer.layers import CaseLayers


@pytest.fixture
def state(viewer: ViewerModel) -> Iterator[RoomState]:
    made = RoomState(viewer)
    yield made
    made.wait()
    made.let_go()


@pytest.fixture
def open_state(state: RoomState, phantom_volume: CTVolume) -> RoomState:
    """A state with the synthetic head open, as a screen would leave it."""
    state.review = CaseReview(phantom_volume)
    state.layers = CaseLayers(state.viewer, phantom_volume, state.review.reading, Window(40, 80))
    state.case_id = phantom_volume.case_id
    return state


@pytest.fixture
def store(state: RoomState) -> Iterator[RoomStore]:
    made = RoomStore(state)
    yield made
    state.wait()
    made.close()


def heard(signal: Any) -> list[Any]:
    said: list[Any] = []
    signal.connect(said.append)
    return said


def other(volume: CTVolume, case_id: str) -> CTVolume:
    shade = np.int16(sum(case_id.encode()) % 50)
    return CTVolume(hu=volume.hu + shade, geometry=volume.geometry, case_id=case_id)


def test_a_sentence_reaches_the_docks_and_the_viewer(state: RoomState) -> None:
    said = heard(state.said)
    state.said.emit("Looking for the midline...")
    assert said == ["Looking for the midline..."]
    assert state.viewer.status == "Looking for the midline..."


def test_strokes_are_in_the_review_after_a_flush(open_state: RoomState) -> None:
    open_state.layers.reading.paint((12, 60, 60), 1)
    assert not open_state.review.dirty
    open_state.flush()
    assert open_state.review.dirty


def test_strokes_are_in_the_review_once_the_hand_rests(open_state: RoomState, qtbot: Any) -> None:
    open_state.layers.reading.paint((12, 60, 60), 1)
    open_state.settle()
    qtbot.waitUntil(lambda: open_state.review.dirty, timeout=3000)


def test_work_that_fails_is_one_sentence_and_the_job_ends(state: RoomState) -> None:
    said: list[str] = heard(state.said)
    jobs: list[str] = []

    def fail(*_: object) -> None:
        raise InputError("The disk is full")

    state.job_changed.connect(lambda text, *_: jobs.append(text))
    assert state.start("Working", fail, lambda _: None).wait(10)
    assert said == ["The disk is full."]
    assert jobs[0] == "Working"
    assert jobs[-1] == ""


def test_the_worklist_asks_for_the_next_unread_case(
    state: RoomState, store: RoomStore, phantom_volume: CTVolume
) -> None:
    worklist = Worklist(state, store=store)
    for name in ("alpha", "beta", "gamma"):
        store.open().add_case(other(phantom_volume, name), source="test")
    store.open().set_status("beta", "accepted")
    worklist.refresh(order="id")
    state.wait()
    wanted, said = heard(state.case_wanted), heard(state.said)
    state.case_id = "alpha"
    worklist.open_next(1)
    state.wait()
    assert wanted == ["gamma"], "beta is read already"
    state.case_id = "gamma"
    worklist.open_next(1)
    state.wait()
    assert said == [NO_FURTHER]


def test_a_blinded_reader_gets_no_order_of_the_model(state: RoomState, store: RoomStore) -> None:
    worklist, said = Worklist(state, store=store), heard(state.said)
    state.settings.change(blinded=True)
    worklist.refresh(order="suspicion")
    state.wait()
    assert said == [BLINDED_ORDER]
    assert worklist.filters["order"] == "suspicion", "what was chosen comes back after the blinded reads"


def test_a_version_is_kept_and_told_without_a_session(open_state: RoomState, store: RoomStore) -> None:
    worklist, drafts = Worklist(open_state, store=store), Drafts(open_state)
    keeping = CaseKeeping(open_state, store=store, worklist=worklist, drafts=drafts, may_leave=lambda: True)
    keeping.register(open_state.review)
    open_state.wait()
    assert [case.case_id for case in worklist.cases] == [open_state.case_id]
    open_state.layers.reading.paint((12, 60, 60), 2)
    assert keeping.save(wait=True)
    assert keeping.state.endswith("version 1")
    keeping.stop()


def test_a_refused_leave_keeps_the_store_unread(state: RoomState, store: RoomStore, phantom_volume: CTVolume) -> None:
    store.open().add_case(other(phantom_volume, "alpha"), source="test")
    answers = [False, True]
    opener = Opener(state, store=store, may_leave=lambda: answers.pop(0))
    opened: list[OpenedCase] = heard(opener.opened)
    opener.open_case("alpha")
    state.wait()
    assert opened == []
    opener.open_case("alpha")
    state.wait()
    assert [each.volume.case_id for each in opened] == ["alpha"]


def test_a_model_runs_on_the_open_case_without_a_session(
    open_state: RoomState, store: RoomStore, predictor: Any
) -> None:
    models = ModelRuns(open_state, worklist=Worklist(open_state, store=store), kept=KeptRuns(open_state, store=store))
    models.run(wait=True)
    assert models.last_failure == ""
    assert models.prediction.mask.any()
    assert not open_state.review.reading.any()


def test_a_store_that_is_none_is_asked_for_again(state: RoomState, store: RoomStore, tmp_path: Path) -> None:
    (tmp_path / "store.db").write_text("no database at all, but long enough to be taken for one" * 40)
    state.settings.change(store=str(tmp_path))
    assert store.open() is None
    assert store.problem
    (tmp_path / "store.db").unlink()
    assert store.open() is not None
    assert store.problem == ""
