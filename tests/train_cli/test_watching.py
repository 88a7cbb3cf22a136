"""A run told to a program: JSON lines with the time left, kept in the run folder; a plan without a run."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from cpam_train.commands.batches_of import batches_of
from cpam_train.commands.plan import plan_of
from cpam_train.commands.watching import EVENTS_FILE, watch_of
from cpam_train.fitting.fit import fit
from cpam_train.presets import build_train_config
from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.errors import ConfigError, InputError

CPAM_TRAIN = str(Path(sys.executable).with_name("cpam-train"))
TINY = (
    "model.base_width=4",
    "model.depth=3",
    "model.attention.token_grid=4",
    "preprocess.size=32",
    "data.batch_size=4",
    "data.workers=0",
    "epochs=2",
)
SETTINGS = [part for value in TINY for part in ("--set", value)]


def config(*settings):
    return build_train_config("segmenter", overrides=[*TINY, *settings])


def test_events_tell_every_epoch_and_the_time_left(store, tmp_path):
    events = []
    fit(config(), batches_of(store), tmp_path / "run", console=Console(quiet=True), report=events.append)
    assert json.loads(json.dumps(events)) == events
    stages = [event["stage"] for event in events]
    assert stages[0] == "preparing"
    assert stages[-1] == "judging"
    epochs = [event for event in events if event["stage"] == "epoch"]
    assert [(event["epoch"], event["epochs"], event["step"]) for event in epochs] == [(1, 2, 2), (2, 2, 4)]
    assert [event["done"] for event in epochs] == [0.5, 1]
    assert epochs[0]["seconds_left"] > 0 == epochs[1]["seconds_left"]
    assert all(event["train_loss"] > 0 and 0 <= event["dice_ischemia"] <= 1 for event in epochs)
    assert any(event["stage"] == "training" for event in events)


def test_a_process_writes_nothing_else_to_its_output(store_folder, tmp_path):
    call = [CPAM_TRAIN, "fit", "segmenter", "--store", str(store_folder), "--progress", "jsonl", *SETTINGS]
    done = subprocess.run(
        [*call, "--run", str(tmp_path / "run")], capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert events[-1]["stage"] == "done"
    assert events[-1]["best_epoch"] in (1, 2)
    kept = [json.loads(line) for line in (tmp_path / "run" / EVENTS_FILE).read_text().splitlines()]
    assert kept == events
    assert "Done: best epoch" in done.stderr


def test_a_failure_is_an_event_too(tmp_path, capsys):
    watch = watch_of("jsonl", tmp_path / "none")
    with pytest.raises(InputError), watch.failures():
        raise InputError("Nothing is there")
    assert json.loads(capsys.readouterr().out) == {"stage": "failed", "error": "Nothing is there."}
    assert not (tmp_path / "none").exists()
    with pytest.raises(ConfigError, match="did you mean 'jsonl'"):
        watch_of("json", tmp_path)


def test_a_plan_tells_data_network_and_length_and_writes_nothing(store, store_folder, tmp_path):
    before = {path: path.stat().st_mtime_ns for path in Path(store_folder).rglob("*") if path.is_file()}
    told = plan_of(config(), store)
    assert told[0] == "Training: 5 patients, 10 slices (hemorrhage 4, ischemia 4, neither 2)."
    assert told[1].startswith("Validation: 3 patients, 6 slices")
    assert "At most 2 epochs of 2 batches of 4." in told
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_dry_run_draws_no_split(tmp_path):
    from .conftest import add_case, np

    with AnnotationStore.open(tmp_path / "store") as store:
        rng = np.random.default_rng(0)
        for number, split in enumerate(("train", "validation", None)):
            add_case(store, f"c{number}", 1, split, rng, source="reader")
        told = plan_of(config(), store)
        assert told[0].startswith("1 patients read in the reading room would get a split first")
        assert store.splits()["none"] == 1
    done = subprocess.run(
        [
            CPAM_TRAIN,
            "fit",
            "segmenter",
            "--store",
            str(tmp_path / "store"),
            "--run",
            str(tmp_path / "run"),
            "--dry-run",
        ],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.rstrip().endswith("Nothing was written.")
    assert not (tmp_path / "run").exists()
    with AnnotationStore.open(tmp_path / "store") as store:
        assert store.splits()["none"] == 1
