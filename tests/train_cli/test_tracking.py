"""Curves of a run where a program draws them from: TensorBoard's files, MLflow's database, or nowhere."""

import sqlite3
from importlib.util import find_spec

import pytest
from rich.console import Console

from cpam_train.commands.batches_of import batches_of
from cpam_train.fitting.fit import fit
from cpam_train.fitting.tracking import DATABASE, Tracking
from cpam_train.presets import build_train_config
from napari_cpam_stroke.errors import ConfigError

QUIET = Console(quiet=True)
TINY = (
    "model.base_width=4",
    "model.depth=3",
    "model.attention.token_grid=4",
    "preprocess.size=32",
    "data.batch_size=4",
    "data.workers=0",
)
HAS_MLFLOW = find_spec("mlflow") is not None


def config(epochs):
    return build_train_config("segmenter", overrides=[*TINY, f"epochs={epochs}"])


@pytest.mark.parametrize(("kind", "written"), [("tensorboard", True), ("none", False)])
def test_tensorboards_files_are_in_the_run_folder_by_choice(store, tmp_path, kind, written):
    run = fit(config(1), batches_of(store), tmp_path / "run", console=QUIET, tracking=Tracking(kind)).run
    assert bool(list(run.path.rglob("events.out.tfevents.*"))) == written


@pytest.mark.skipif(not HAS_MLFLOW, reason="MLflow is not installed")
def test_mlflow_has_settings_and_curves_in_a_file_that_names_nobody(store, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    runs = tmp_path / "runs"
    tracking = Tracking("mlflow")
    run = fit(config(1), batches_of(store), runs / "first", console=QUIET, tracking=tracking).run
    run.write_json(
        "config.json", {"schema_version": 1, "config": run.read_json("config.json")["config"] | {"epochs": 2}}
    )
    fit(config(2), batches_of(store), run.path, resume=True, console=QUIET, tracking=tracking)
    with sqlite3.connect(runs / DATABASE) as database:
        ((name, user),) = database.execute("select name, user_id from runs").fetchall()
        losses = database.execute("select value from metrics where key = 'validation/loss'").fetchall()
        tags = dict(database.execute("select key, value from tags").fetchall())
        (seed,) = database.execute("select value from params where key = 'seed'").fetchone()
    assert (name, len(losses), seed) == ("first", 2, "0")
    assert not user
    assert (tags["mlflow.user"], tags["mlflow.source.name"]) == ("", "cpam-train")
    assert not (tmp_path / "mlruns").exists()
    assert not (run.path / "tensorboard").exists()


@pytest.mark.skipif(HAS_MLFLOW, reason="MLflow is installed")
def test_mlflow_that_is_not_there_is_one_sentence():
    with pytest.raises(ConfigError, match=r"MLflow is not installed; .*\[mlflow\]"):
        Tracking("mlflow")


def test_what_does_not_track_is_one_sentence():
    with pytest.raises(ConfigError, match=r"There is no --track 'mlfow'.*did you mean 'mlflow'"):
        Tracking("mlfow")
    with pytest.raises(ConfigError, match="--track-to is MLflow's address, got --track tensorboard"):
        Tracking("tensorboard", "http://localhost:5000")
