"""The Train dock by mouse and keys. A script stands in for the trainer; the real one is started in tests/loop."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QFileDialog

from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.retraining import Request, WorkFolder, request, requirements
from napari_cpam_stroke.widgets.docks.train import SEEN_MS

from ...lesson_store import fill  # noqa: TID252 - the tests are no installed package

TRAINER = """
import json, pathlib, sys, time
command, argument = sys.argv[2], sys.argv[sys.argv.index(sys.argv[2]):]
with open(sys.argv[1] + ".calls", "a") as calls:
    calls.write(json.dumps(argument) + chr(10))
value = lambda option: argument[argument.index(option) + 1]
verdict = json.loads(pathlib.Path(sys.argv[1] + ".verdict").read_text())
if command == "tune":
    study = pathlib.Path(value("--out"))
    study.mkdir()
    (study / "best.json").write_text("{}")
elif command == "fit":
    run = pathlib.Path(value("--run"))
    run.mkdir(exist_ok=True)
    (run / "config.json").write_text("{}")
    with (run / "progress.jsonl").open("a") as stream:
        for epoch in (1, 2):
            event = {"stage": "epoch", "epoch": epoch, "epochs": 2, "best_epoch": 1, "dice_ischemia": 0.5}
            print(json.dumps(event), file=stream, flush=True)
            time.sleep(verdict["pause_s"])
        print(json.dumps({"stage": "done", "best_epoch": 1}), file=stream)
elif "--dry-run" in argument:
    (pathlib.Path(argument[1]) / "verdict.json").write_text(json.dumps(verdict))
else:
    print(json.dumps({"stage": "published", "model": "mine@1.0"}))
"""
VERDICT: dict[str, Any] = {
    "name": "mine",
    "compared_with": "default@1.0",
    "cases": 4,
    "patients": 4,
    "shown": True,
    "demands": [],
    "classes": {"ischemia": {"dice": {"old": {"value": 0.4}, "new": {"value": 0.5}}}},
    "worst": [{"case_id": "head100", "class": "ischemia", "old": 0.1, "new": 0.2}],
    "pause_s": 0.0,
}
MISSING = {"shown": False, "demands": [{"words": "a gain", "found": "-", "met": False}]}


def until(dock: Any, what: Callable[[], object], seconds: int = 60) -> None:
    for _ in range(seconds * 20):
        if what():
            return
        QTest.qWait(50)
    pytest.fail(dock.state.text())


@pytest.fixture
def trainer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Puts a script in the trainer's place that finds what it is told to; returns the file of its command lines."""

    def make(**changes: Any) -> Path:
        script = tmp_path / "trainer.py"
        script.write_text(TRAINER)
        Path(f"{script}.verdict").write_text(json.dumps(VERDICT | changes))
        monkeypatch.setattr(request, "TRAINER", (sys.executable, str(script), str(script)))
        return Path(f"{script}.calls")

    return make


def shown(room: Any) -> Any:
    """The dock, brought to the front, once it has looked round."""
    found = room.dock("Train")
    QTest.qWait(SEEN_MS * 2)
    room.session.wait()
    return found


@pytest.fixture
def dock(room: Any) -> Iterator[Any]:
    with AnnotationStore.open(room.session.settings.values.store_location) as store:
        fill(store, {"train": 3, "test": 1})
    found = shown(room)
    yield found
    work = None if found._runs.folder is None else found._runs.folder.work()
    if work is not None and work.process.running:
        psutil.Process(work.process.pid).kill()


def calls(file: Path) -> list[str]:
    return [json.loads(line)[0] for line in file.read_text().splitlines()]


def test_a_training_goes_its_way_to_the_model_in_use(room: Any, dock: Any, trainer: Any) -> None:
    file, runs = trainer(), room.session.retraining
    assert "4 of 4 annotated cases are new to default 1.0" in dock.lessons.text()
    room.click(dock.start)
    until(dock, dock.take.isVisible)
    assert calls(file) == ["fit", "promote"]
    assert dock.outcome.verdict.text() == "Shown to be better than default@1.0 on 4 test cases of 4 patients."
    assert not dock.why.isVisible()
    assert dock.outcome.table.item(0, 2).text() == "0.50"
    worst = dock.outcome.worst
    room.click(worst, worst.visualItemRect(worst.item(0)).center())
    room.session.wait()
    assert room.session.review.case_id == "head100"
    room.click(dock.take)
    until(dock, lambda: runs.in_use)
    assert room.session.settings.values.model == "mine@1.0"
    assert "--insist" not in file.read_text()
    assert not dock.take.isEnabled()


def test_a_search_is_followed_by_training_and_comparing(room: Any, dock: Any, trainer: Any) -> None:
    file = trainer()
    for _ in range(2):
        dock.preset.setFocus()
        room.key(Qt.Key.Key_Down)
    assert room.session.settings.values.train_preset == "tune"
    room.click(dock.start)
    until(dock, dock.take.isVisible)
    assert calls(file) == ["tune", "fit", "promote"]


def test_what_is_not_shown_is_taken_only_with_a_reason(room: Any, dock: Any, trainer: Any) -> None:
    file, runs = trainer(**MISSING), room.session.retraining
    room.click(dock.start)
    until(dock, dock.why.isVisible)
    assert "Missing: a gain (-)." in dock.outcome.verdict.text()
    assert not dock.take.isEnabled()
    dock.why.setFocus()
    room.type("a demo")
    assert dock.take.isEnabled()
    room.click(dock.take)
    until(dock, lambda: runs.in_use)
    assert json.loads(file.read_text().splitlines()[-1])[-2:] == ["--insist", "a demo"]


def test_one_training_at_a_time_for_a_store(room: Any, dock: Any, trainer: Any) -> None:
    trainer(pause_s=30.0)
    store, home = room.session.settings.values.store_location, None
    other = WorkFolder.create(Request(store, "default", "theirs"), home)
    other.begin()
    try:
        room.click(dock.start)
        until(dock, lambda: room.session.retraining.problem)
        assert dock.state.text().startswith("A training of this store is under way; stop it first")
        assert len(list(other.path.parent.iterdir())) == 1
    finally:
        psutil.Process(other.work().process.pid).kill()


def test_the_trainers_own_refusal_is_shown(room: Any, dock: Any, tmp_path: Path) -> None:
    """The real trainer on an empty store."""
    AnnotationStore.open(tmp_path / "empty").close()
    room.session.settings.change(store=str(tmp_path / "empty"), train_settings="data.workers=0 model.members=1")
    room.click(dock.start)
    until(dock, lambda: dock.start.isVisible() and dock._runs.now is not None and dock._runs.now.phase == "failed", 200)
    assert "The store" in dock.state.text()
    assert "Traceback" not in dock.state.text()
    assert not dock.resume.isEnabled()


@pytest.mark.parametrize(("field", "text"), [("name", "default"), ("name", "../x"), ("settings", "epochs")])
def test_a_wrong_word_in_the_form_starts_nothing(room: Any, dock: Any, trainer: Any, field: str, text: str) -> None:
    file = trainer()
    line = getattr(dock, field)
    line.setFocus()
    line.selectAll()
    room.type(text)
    room.key(Qt.Key.Key_Return)
    room.click(dock.start)
    assert repr(text) in dock.state.text()
    room.session.wait()
    assert not file.exists()


def test_without_the_extra_it_says_what_to_install(room: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requirements, "NEEDED", ("no_such_package",))
    dock = shown(room)
    assert 'pip install ".[train]"' in dock.state.text()
    assert not dock.start.isEnabled()


def test_the_run_of_somebody_else_is_shown(
    room: Any, dock: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = {"stage": "epoch", "epoch": 4, "epochs": 9, "train_loss": 1.0, "dice_ischemia": 0.5, "seconds_left": 600}
    (tmp_path / "progress.jsonl").write_text(json.dumps(event) + "\n")
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path))
    room.click(dock.other)
    until(dock, lambda: dock._runs.now is not None)
    assert dock.state.text() == "Trained elsewhere: epoch 4 of 9; about 10 min left."
    assert dock.curve.isVisible()
    assert not dock.resume.isEnabled()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / ".."))
    room.click(dock.other)
    until(dock, lambda: dock._runs.problem)
    assert "is no folder of a training" in dock.state.text()


def test_a_run_somebody_else_finished_is_compared_and_taken_on_the_store_in_use(
    room: Any, dock: Any, trainer: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, run, runs = trainer(), tmp_path / "theirs", room.session.retraining
    run.mkdir()
    events = {"stage": "epoch", "epoch": 2, "epochs": 2, "best_epoch": 1}, {"stage": "done", "best_epoch": 1}
    (run / "progress.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    (run / "config.json").write_text("{}")
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(run))
    room.click(dock.other)
    until(dock, dock.compare.isEnabled)
    assert not dock.take.isVisible()
    room.click(dock.compare)
    until(dock, dock.take.isVisible)
    room.click(dock.take)
    until(dock, lambda: runs.in_use)
    values = room.session.settings.values
    assert values.model == "mine@1.0"
    for line in file.read_text().splitlines():
        command = json.loads(line)
        assert command[:2] == ["promote", str(run)]
        assert command[command.index("--store") + 1] == values.store_location
        assert command[command.index("--name") + 1] == values.train_name


def test_behind_another_dock_it_looks_for_nothing(room: Any) -> None:
    room.dock("Cases")
    QTest.qWait(SEEN_MS * 2)
    runs = room.session.retraining
    assert (runs.lessons, runs.folder, runs._timer.isActive()) == (None, None, False)
