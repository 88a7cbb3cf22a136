import csv
import json
import os
import subprocess
import sys
import time
import uuid
from pathlib import Path
from types import SimpleNamespace

import optuna
import pytest
from rich.console import Console

from cpam_train.commands.batches_of import batches_of
from cpam_train.config import TrainConfig
from cpam_train.presets import KINDS, build_train_config
from cpam_train.tuning.objective import INFEASIBLE, Pruning, Setup, feasibility
from cpam_train.tuning.space import OneOf, Real, Whole, as_overrides, search_space
from cpam_train.tuning.study import SAMPLERS, STARTUP_TRIALS, WARMUP_EPOCHS, build_sampler, open_study, tune
from napari_cpam_stroke.config import build_config
from napari_cpam_stroke.errors import ConfigError, InputError, OutOfMemoryError, StoreError

POSTGRES_VARIABLE = "CPAM_STROKE_TEST_POSTGRES"

TINY = (
    "model.base_width=4",
    "model.depth=3",
    "model.attention.token_grid=4",
    "preprocess.size=32",
    "data.batch_size=4",
    "data.workers=0",
    "optim.ema=0",
    "epochs=1",
    "augment.enabled=false",
    "data.synthetic=false",
)
SPACE = {"optim.lr": Real(1e-4, 1e-2, log=True), "loss.alpha": Real(0.25, 0.9)}


def setup(store, folder, **more):
    return Setup(
        "segmenter", batches_of(store), folder, "default", None, TINY, SPACE, console=Console(quiet=True), **more
    )


def study_of(folder, sampler="random"):
    folder.mkdir(exist_ok=True)
    return open_study("s", f"sqlite:///{folder / 'study.db'}", sampler, SPACE, seed=0)


def test_study_is_resumed_and_its_best_is_a_config_for_fit(store, tmp_path):
    folder = tmp_path / "study"
    first = tune(setup(store, folder), study_of(folder), trials=2)
    assert first.trials == 2
    second = tune(setup(store, folder), study_of(folder), trials=5)
    assert second.trials == 5
    best = build_train_config("segmenter", file=second.config)
    assert best.optim.lr == second.best["optim.lr"]
    assert best == build_config(TrainConfig, json.loads(second.config.read_text()))
    assert len(list(csv.DictReader((folder / "trials.csv").open()))) == 5
    for name in ("history", "importance", "learning-curves", "slices"):
        assert (folder / f"{name}.png").read_bytes()[:4] == b"\x89PNG"
    assert not list(folder.rglob("last.ckpt"))
    third = tune(setup(store, folder), study_of(folder), trials=5)
    assert third.trials == 5


def test_other_settings_do_not_mix_into_a_study(store, tmp_path):
    folder = tmp_path / "study"
    tune(setup(store, folder), study_of(folder), trials=1)
    with pytest.raises(ConfigError, match="begun with other settings"):
        tune(setup(store, folder, folds=2), study_of(folder), trials=2)


@pytest.mark.parametrize("error", [OutOfMemoryError("It does not fit"), ConfigError("It does not fit")])
def test_a_trial_that_cannot_run_is_recorded_and_the_study_goes_on(store, tmp_path, monkeypatch, error):
    from cpam_train.tuning import objective

    original, calls = objective.fit, []

    def sometimes(config, *args, **kwargs):
        calls.append(config)
        if len(calls) == 1:
            raise error
        return original(config, *args, **kwargs)

    monkeypatch.setattr(objective, "fit", sometimes)
    folder = tmp_path / "study"
    study = study_of(folder)
    result = tune(setup(store, folder), study, trials=2)
    assert (result.trials, result.pruned) == (2, 1)
    assert study.trials[0].user_attrs["reason"].startswith("It does not fit")
    assert [feasibility(t)[0] > 0 for t in study.trials] == [True, False]


def test_a_trial_behind_the_others_is_cut_short_after_the_warm_up(tmp_path):
    study = study_of(tmp_path / "study")
    scores = dict.fromkeys(range(1, WARMUP_EPOCHS + 2), 0.9)
    for _ in range(STARTUP_TRIALS):
        study.add_trial(optuna.trial.create_trial(value=0.9, intermediate_values=scores))
    watch = Pruning(study.ask())

    def epoch(number, score):
        watch.on_train_epoch_end(
            SimpleNamespace(current_epoch=number, callback_metrics={"validation/score": score}), None
        )

    for number in range(WARMUP_EPOCHS - 1):
        epoch(number, 0.1)
    with pytest.raises(optuna.TrialPruned, match="behind the others"):
        epoch(WARMUP_EPOCHS - 1, 0.1)


def storages():
    yield "sqlite"
    yield pytest.param(
        os.environ.get(POSTGRES_VARIABLE),
        id="postgresql",
        marks=pytest.mark.skipif(POSTGRES_VARIABLE not in os.environ, reason=f"{POSTGRES_VARIABLE} is not set"),
    )


@pytest.mark.parametrize("storage", storages())
def test_two_workers_share_one_study(store_folder, tmp_path, storage):
    address = f"sqlite:///{tmp_path / 'study.db'}" if storage == "sqlite" else storage
    name = f"shared-{uuid.uuid4()}"
    command = [
        Path(sys.executable).with_name("cpam-train"),
        "tune",
        "segmenter",
        "--store",
        store_folder,
        "--trials",
        4,
    ]
    command += ["--study", name, "--storage", address, "--sampler", "random", "--search", "optim.lr"]
    command += [part for setting in TINY for part in ("--set", setting)]
    workers = [
        subprocess.Popen(
            [str(part) for part in (*command, "--out", tmp_path / f"worker-{seed}", "--seed", seed)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for seed in range(2)
    ]
    said = [worker.communicate(timeout=300)[0] for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], said
    study = optuna.load_study(study_name=name, storage=address)
    done = study.get_trials(states=(optuna.trial.TrialState.COMPLETE,))
    assert len(done) in (4, 5)  # the fifth, where the other worker had begun it when the fourth ended
    assert len({trial.number for trial in done}) == len(done)
    assert len({trial.params["optim.lr"] for trial in done}) == len(done)
    mine = [{f.name[:10] for f in (tmp_path / f"worker-{seed}").glob("trial-*-fold-0")} for seed in range(2)]
    assert all(mine)
    assert not mine[0] & mine[1]


def test_one_command_starts_several_workers(store_folder, tmp_path):
    out = tmp_path / "study"
    command = ["tune", "segmenter", "--store", str(store_folder), "--study", "s", "--out", str(out), "--trials", "3"]
    command += ["--workers", "2", "--sampler", "random", "--search", "optim.lr"]
    command += [part for setting in TINY for part in ("--set", setting)]
    call = [str(Path(sys.executable).with_name("cpam-train")), *command]
    done = subprocess.run(call, capture_output=True, text=True, timeout=280, check=False)
    said = [(out / f"worker-{number}.log").read_text() for number in (1, 2)]
    assert done.returncode == 0, (done.stdout, done.stderr, said)
    # Which of them does a trial is chance: one that comes late finds all done. Each sees the study to its end.
    assert all("trials (0 cut short), best score" in each for each in said), said
    assert any("epoch   1" in each for each in said)
    rows = list(csv.DictReader((out / "trials.csv").open()))
    assert len([row for row in rows if row["state"] == "complete"]) in (3, 4)
    assert len({row["optim.lr"] for row in rows}) == len(rows)
    assert "of 3 trials, best score" in done.stdout
    assert (out / "best.json").is_file()


QUICK_PULSE = "import cpam_train.tuning.study as s, cpam_train.cli as c; s.HEARTBEAT_S = 1; c.main()"
"""The command line with workers that are taken for dead after two seconds."""


@pytest.mark.parametrize("storage", storages())
def test_the_trial_of_a_killed_worker_is_taken_over(store_folder, tmp_path, storage):
    address = f"sqlite:///{tmp_path / 'study.db'}" if storage == "sqlite" else storage
    name = f"killed-{uuid.uuid4()}"
    call = [sys.executable, "-c", QUICK_PULSE, "tune", "segmenter", "--store", str(store_folder), "--trials", "1"]
    call += ["--study", name, "--storage", address, "--sampler", "random", "--search", "optim.lr"]
    call += [part for setting in (*TINY, "epochs=30", "stop.patience=30") for part in ("--set", setting)]
    killed = subprocess.Popen([*call, "--out", str(tmp_path / "killed")], stdout=subprocess.DEVNULL)
    while not (tmp_path / "killed" / "trial-0000-fold-0" / "log.csv").exists():
        assert killed.poll() is None
        time.sleep(0.05)
    killed.kill()
    killed.wait()
    other = [*call, "--out", str(tmp_path / "other"), "--seed", "1"]
    done = subprocess.run(other, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    first, second = optuna.load_study(study_name=name, storage=address).get_trials()
    assert (first.state, second.state) == (optuna.trial.TrialState.FAIL, optuna.trial.TrialState.COMPLETE)
    assert second.params == first.params
    assert "1 trials" in done.stdout


def test_folds_are_averaged(store, tmp_path):
    folder = tmp_path / "study"
    result = tune(setup(store, folder, folds=2), study_of(folder), trials=1)
    scores = [json.loads((folder / f"trial-0000-fold-{k}" / "metrics.json").read_text())["score"] for k in range(2)]
    assert result.score == pytest.approx(sum(scores) / 2, abs=1e-4)
    assert (folder / "slice-cache").is_dir()


def test_paper_space_and_what_the_user_fixes():
    space = search_space("segmenter", fixed=("optim.lr",))
    assert "optim.lr" not in space
    assert {"data.batch_size", "epochs", "model.dropout", "augment.crop_size", "loss.alpha", "loss.gamma"} <= set(space)
    assert {"model.attention.heads", "model.attention.similarity", "stop.patience_multiplier"} <= set(space)
    assert search_space("classifier", only=("optim.lr",)) == {"optim.lr": Real(1e-5, 1e-3, log=True)}
    with pytest.raises(ConfigError, match=r"did you mean 'optim\.lr'"):
        search_space("segmenter", only=("optim.l",))
    with pytest.raises(ConfigError, match="did you mean 'prompted'"):
        search_space("prompt")
    assert "model.dropout" not in search_space("litemedsam")
    with pytest.raises(ConfigError, match="nothing left"):
        search_space("segmenter", only=("optim.lr",), fixed=("optim.lr",))


@pytest.mark.parametrize("kind", KINDS)
def test_every_corner_of_the_space_is_a_valid_config(kind):
    space = search_space(kind)
    for pick in (0, -1):
        values = {name: r.grid()[pick] for name, r in space.items()}
        build_train_config(kind, overrides=as_overrides(values))


def test_grids():
    assert Real(1e-5, 1e-3, log=True).grid() == pytest.approx([1e-5, 1e-4, 1e-3])
    assert Whole(50, 200, 10).grid() == [50, 130, 200] or Whole(50, 200, 10).grid() == [50, 120, 200]
    assert OneOf((1, 2)).grid() == [1, 2]


@pytest.mark.parametrize("name", SAMPLERS)
def test_samplers_find_the_top_of_a_hill(name):
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    space = {"x": Real(-1, 1), "y": Real(-1, 1)}
    study = optuna.create_study(direction="maximize", sampler=build_sampler(name, space, seed=1))

    def hill(trial):
        x, y = (r.suggest(trial, n) for n, r in space.items())
        trial.set_user_attr(INFEASIBLE, 0)
        return -(x**2) - y**2

    study.optimize(hill, n_trials=12)
    assert study.best_value > -0.4


def test_wrong_sampler_and_storage_are_one_sentence(tmp_path):
    with pytest.raises(InputError, match="did you mean 'tpe'"):
        build_sampler("tpee", SPACE, seed=0)
    with pytest.raises(StoreError, match="storage cannot be opened"):
        open_study("s", "nonsense://x", "tpe", SPACE, seed=0)
