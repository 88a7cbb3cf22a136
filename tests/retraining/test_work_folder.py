"""The folder of a retraining: found again, watched, gone on with, and never mixed up with another store's."""

from __future__ import annotations

import json
import sys
import time

import psutil
import pytest

from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.retraining import Request, WorkFolder, newest_for, request
from napari_cpam_stroke.retraining.work_folder import EVENTS, LOG, SETTINGS

VERDICT = {
    "schema_version": 1,
    "name": "mine",
    "compared_with": "default@1.0",
    "cases": 2,
    "patients": 2,
    "shown": False,
    "demands": [{"words": "a gain", "found": "-", "met": False}, {"words": "no loss", "found": "0", "met": True}],
    "classes": {"ischemia": {"dice": {"new": {"value": 0.5}, "difference": {"value": 0.1, "low": None, "high": None}}}},
    "worst": [{"case_id": "c", "class": "ischemia", "old": None, "new": 0.5}],
}
TRAINER = """
import json, pathlib, sys, time
run = pathlib.Path(sys.argv[sys.argv.index("--run") + 1])
run.mkdir(exist_ok=True)
(run / "config.json").write_text("{}")
with (run / "progress.jsonl").open("a") as stream:
    for epoch in range(1, 4):
        event = {"stage": "epoch", "epoch": epoch, "epochs": 3, "resume": "--resume" in sys.argv}
        stream.write(json.dumps(event) + chr(10))
        stream.flush()
        time.sleep(float(sys.argv[1]))
    stream.write(json.dumps({"stage": "done", "best_epoch": 3}) + chr(10))
"""
"""Stands in for the trainer where only its folder matters; the real one is started in tests/loop."""


@pytest.fixture
def folder(tmp_path):
    return WorkFolder.create(Request("/s", "default", "mine"), tmp_path)


@pytest.fixture
def trainer(monkeypatch, tmp_path):
    """Puts a script in the trainer's place that pauses so long after each of three epochs."""

    def make(pause_s):
        script = tmp_path / "trainer.py"
        script.write_text(TRAINER)
        monkeypatch.setattr(request, "TRAINER", (sys.executable, str(script), str(pause_s)))

    return make


def phase_of(folder, wanted, seconds=60):
    for _ in range(seconds * 20):
        state = folder.look()
        if state.phase == wanted:
            return state
        time.sleep(0.05)
    raise AssertionError(folder.look())


def test_another_program_finds_the_training_and_where_it_stands(folder, trainer, tmp_path):
    trainer(0.0)
    folder.begin()
    found = newest_for("/s", tmp_path)
    assert found.path == folder.path
    state = phase_of(found, "trained")
    assert [epoch.number for epoch in state.standing.curve] == [1, 2, 3]
    assert newest_for("/other", tmp_path) is None


def test_the_newest_of_a_store_is_shown(folder, tmp_path):
    later = WorkFolder.create(Request("/s", "default", "again"), tmp_path)
    WorkFolder.create(Request("/other", "default", "theirs"), tmp_path)
    assert newest_for("/s", tmp_path).path == later.path


def test_a_stopped_training_goes_on_by_the_same_command(folder, trainer):
    trainer(30.0)
    folder.begin()
    state = phase_of(folder, "training")
    assert state.running
    folder.stop()
    state = phase_of(folder, "stopped")
    assert state.can_resume
    trainer(0.0)
    folder.begin()
    phase_of(folder, "trained")
    last = json.loads((folder.run / EVENTS).read_text().splitlines()[-2])
    assert last["resume"] is True


def test_a_reused_number_is_not_taken_for_the_training(folder, trainer):
    trainer(30.0)
    folder.begin()
    phase_of(folder, "training")
    work = folder.work()
    try:
        note = json.loads((folder.path / "process.json").read_text())
        note["process"]["born"] -= 3600
        (folder.path / "process.json").write_text(json.dumps(note))
        assert not folder.look().running
    finally:
        psutil.Process(work.process.pid).kill()


def test_the_trainers_refusal_is_the_sentence(folder, monkeypatch):
    complaint = "import sys; print('warming up', file=sys.stderr); sys.exit('The store holds no case.')"
    monkeypatch.setattr(request, "TRAINER", (sys.executable, "-c", complaint))
    folder.begin()
    state = phase_of(folder, "failed")
    assert state.sentence == "The store holds no case."
    assert not state.can_resume
    assert "warming up" in (folder.path / LOG).read_text()


def test_a_run_of_somebody_else_is_watched_as_it_is(tmp_path):
    (tmp_path / EVENTS).write_text('{"stage": "epoch", "epoch": 4, "epochs": 9}\n')
    watched = WorkFolder.watch(tmp_path)
    state = watched.look()
    assert (state.phase, state.standing.epoch, state.running) == ("elsewhere", 4, False)
    with pytest.raises(InputError, match="trained by somebody else"):
        watched.begin()


def test_a_run_that_has_told_nothing_yet_may_be_watched(tmp_path):
    (tmp_path / SETTINGS).write_text("{}")
    assert WorkFolder.watch(tmp_path).look().standing.stage == ""


def test_any_other_folder_is_refused_with_what_to_do(tmp_path):
    with pytest.raises(InputError, match=r"is no folder of a training.*--progress jsonl"):
        WorkFolder.watch(tmp_path)


def test_a_comparison_is_read_with_what_is_missing(folder):
    assert folder.comparison() is None
    folder.run.mkdir()
    (folder.run / "verdict.json").write_text(json.dumps(VERDICT))
    found = folder.comparison()
    assert (found.rival, found.shown, found.missing) == ("default@1.0", False, ("a gain (-)",))
    (figures,) = found.figures
    assert (figures.lesion_class, figures.figure, figures.old, figures.new) == ("ischemia", "dice", None, 0.5)
    assert (found.worst[0].case_id, found.worst[0].old) == ("c", None)


@pytest.mark.parametrize("text", ["{", "[]", "{}", json.dumps(VERDICT | {"worst": [{}]})])
def test_a_damaged_comparison_is_refused_in_one_sentence(folder, text):
    folder.run.mkdir()
    (folder.run / "verdict.json").write_text(text)
    with pytest.raises(InputError, match="compare again"):
        folder.comparison()


def test_a_damaged_request_or_note_is_no_crash(folder, tmp_path):
    (folder.path / "process.json").write_text("{")
    assert folder.look().phase == "elsewhere"
    (folder.path / "request.json").write_text("{")
    assert newest_for("/s", tmp_path) is None
