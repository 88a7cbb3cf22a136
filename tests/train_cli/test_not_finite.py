"""A loss that is no number ends a run, a trial and a series of runs in one sentence; folders of any name."""

import runpy
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from lightning.pytorch import Callback
from rich.console import Console
from safetensors.torch import load_file, save_file

from cpam_train.commands.batches_of import batches_of
from cpam_train.evaluation.model import opened_model
from cpam_train.fitting.finite import NotFiniteError, not_finite
from cpam_train.fitting.fit import fit, fit_to_the_end
from cpam_train.presets import build_train_config
from cpam_train.tuning.objective import Setup, feasibility
from cpam_train.tuning.space import OneOf
from cpam_train.tuning.study import file_address, open_study, tune
from napari_cpam_stroke.errors import BundleError

CASE_14 = Path(__file__).resolve().parents[3] / "shared" / "cases" / "14-loss-is-no-number" / "make.py"
QUIET = Console(quiet=True)
TINY = (
    "model.base_width=4",
    "model.depth=3",
    "model.attention.token_grid=4",
    "preprocess.size=32",
    "data.batch_size=4",
    "data.workers=0",
    "optim.ema=0",
    "epochs=3",
    "augment.enabled=false",
    "data.synthetic=false",
)
ODD_NAMES = ("what?", "a#1", "%20", "a b{x}", "[red]", "a::b")


def config(*settings):
    return build_train_config("segmenter", overrides=[*TINY, *settings])


class Spoil(Callback):
    """Puts a value into the weights before an epoch or before its validation."""

    def __init__(self, epoch, value, *, before_validation=False):
        self.epoch, self.value, self.late = epoch, value, before_validation

    def on_train_epoch_start(self, trainer, module):
        self._spoil(trainer, module, now=not self.late)

    def on_validation_epoch_start(self, trainer, module):
        self._spoil(trainer, module, now=self.late)

    def _spoil(self, trainer, module, *, now):
        if now and trainer.current_epoch == self.epoch:
            with torch.no_grad():
                next(module.model.parameters()).fill_(self.value)


@pytest.mark.parametrize("settings", [("optim.lr=1e30", "optim.clip=0"), ("optim.lr=1e30", "precision=fp32")])
def test_a_run_stops_at_the_step_and_names_the_setting(store, tmp_path, settings):
    with pytest.raises(
        NotFiniteError, match=r"stopped at step \d+, got a (validation )?loss.*lower optim\.lr \(1e\+30\)"
    ):
        fit(config(*settings), batches_of(store), tmp_path / "run", console=QUIET)
    assert not (tmp_path / "run" / "best.safetensors").exists()
    assert not (tmp_path / "run" / "card-draft.json").exists()


@pytest.mark.parametrize(("value", "late"), [(float("nan"), False), (float("inf"), False), (float("nan"), True)])
def test_the_best_weights_before_are_kept_and_can_be_judged(store, tmp_path, value, late):
    path = tmp_path / "run"
    spoil = Spoil(1, value, before_validation=late)
    with pytest.raises(NotFiniteError, match="the best weights so far are kept there"):
        fit_with(store, path, spoil)
    assert not_finite(load_file(path / "best.safetensors")) is None
    with opened_model(path, device="cpu") as predictor:
        assert predictor.card.task == "segmenter"
    from cpam_train.run_folder import RunFolder

    assert not RunFolder(path).finished
    with pytest.raises(NotFiniteError, match=r"Training in .*run stopped"):
        fit_with(store, tmp_path / "other-run", spoil)


def fit_with(store, path, *callbacks):
    return fit(config(), batches_of(store), path, console=QUIET, extra=callbacks)


def test_one_of_several_runs_that_fails_is_named(store, tmp_path):
    with pytest.raises(NotFiniteError, match="fold-1"):
        fit_to_the_end(
            config("optim.lr=1e30"), batches_of(store), tmp_path / "fold-1", console=QUIET, purpose="cross-validation"
        )


def test_weights_that_are_no_numbers_are_not_judged(store, tmp_path):
    path = tmp_path / "run"
    fit(config("epochs=1"), batches_of(store), path, console=QUIET)
    weights = load_file(path / "best.safetensors")
    next(w for w in weights.values() if w.is_floating_point() and w.ndim).view(-1)[0] = float("inf")
    save_file(weights, path / "best.safetensors")
    with pytest.raises(BundleError, match="not finite"), opened_model(path, device="cpu"):
        pass


def test_a_trial_without_numbers_is_a_trial_and_the_study_goes_on(store, tmp_path):
    folder = tmp_path / ODD_NAMES[0]
    folder.mkdir()
    space = {"optim.lr": OneOf((1e30, 1e-3))}
    setup = Setup("segmenter", batches_of(store), folder, "default", None, (*TINY, "epochs=1"), space, console=QUIET)
    study = open_study("s", file_address(folder / "study.db"), "grid", space, seed=0)
    result = tune(setup, study, trials=2)
    assert (result.trials, result.pruned) == (2, 1)
    assert "lower optim.lr" in result.reason
    assert sorted(feasibility(trial)[0] > 0 for trial in study.trials) == [False, True]
    assert {path.name for path in tmp_path.iterdir()} >= {folder.name}
    assert not (tmp_path / "what").exists()


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_study_lies_in_its_folder_whatever_its_name(tmp_path, name):
    (tmp_path / name).mkdir()
    open_study("s", file_address(tmp_path / name / "study.db"), "random", {"optim.lr": OneOf((1e-3,))}, seed=0)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert [path.name for path in (tmp_path / name).iterdir()] == ["study.db"]


@pytest.mark.parametrize("name", ["what?", "[red]"])
def test_runs_have_folders_of_any_name(store_folder, tmp_path, name):
    call = [Path(sys.executable).with_name("cpam-train"), "fit", "segmenter", "--store", store_folder, "--run", name]
    call += [part for setting in (*TINY, "epochs=1") for part in ("--set", setting)]
    done = subprocess.run(call, capture_output=True, text=True, timeout=300, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"in {name}." in done.stdout
    assert (tmp_path / name / "card-draft.json").is_file()
    assert [path.name for path in tmp_path.iterdir() if path.name != "slice-cache"] == [name]


@pytest.mark.skipif(not CASE_14.is_file(), reason="the cases are not beside the project")
def test_loss_is_no_number(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["make.py", str(tmp_path / "made")])
    runpy.run_path(str(CASE_14))
    command, store = Path(sys.executable).with_name("cpam-train"), tmp_path / "store"
    subprocess.run([command, "import", "nnunet", tmp_path / "made", "--store", store], check=True, capture_output=True)
    call = [command, "fit", "segmenter", "--store", store, "--run", tmp_path / "run", "--preset", "quick"]
    settings = ("preprocess.size=64", "data.workers=0", "epochs=2", "max_steps=2", "optim.lr=1e9")
    call += [part for setting in settings for part in ("--set", setting)]
    done = subprocess.run(call, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 2
    assert "stopped at step" in done.stderr
    assert "optim.lr" in done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert "Done" not in done.stdout
