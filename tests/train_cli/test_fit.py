import csv
import io
import json
import signal
import threading
from functools import partial

import pytest
import torch
from lightning.pytorch import Callback, seed_everything
from rich.console import Console
from safetensors.torch import load_file, save_file

from cpam_train.commands.batches_of import batches_of
from cpam_train.fitting.fit import fit, fit_to_the_end
from cpam_train.fitting.slice_batches import SliceLoaders
from cpam_train.fitting.task import build_optimiser, build_task
from cpam_train.presets import build_train_config
from cpam_train.run_folder import CARD_DRAFT
from napari_cpam_stroke.bundles import ModelCard
from napari_cpam_stroke.config import EncoderConfig, SegmenterConfig, build_config
from napari_cpam_stroke.errors import CancelledError, ConfigError, InputError, OutOfMemoryError
from napari_cpam_stroke.models import build_model, restore_model

QUIET = Console(quiet=True)
TINY = [
    "model.base_width=4",
    "model.depth=3",
    "model.attention.token_grid=4",
    "preprocess.size=32",
    "data.batch_size=4",
    "data.workers=0",
    "epochs=2",
    "optim.ema=0.5",
]


def config(*settings, kind="segmenter"):
    tiny = TINY if kind == "segmenter" else [*TINY[3:], "model.backbone=resnet10t"]
    return build_train_config(kind, overrides=[*tiny, *settings])


@pytest.fixture(scope="module")
def finished(store_folder, tmp_path_factory):
    from napari_cpam_stroke.annotations import AnnotationStore

    path = tmp_path_factory.mktemp("runs") / "run"
    with AnnotationStore.open(store_folder, create=False) as store:
        return fit(config(), batches_of(store), path, console=QUIET)


def test_a_run_on_a_backbone_tells_its_card_where_it_started(store, tmp_path):
    torch.manual_seed(0)
    encoder = build_model(SegmenterConfig(encoder=EncoderConfig("resnet10t"))).encoder
    save_file(encoder.state_dict(), tmp_path / "resnet.safetensors")
    settings = (
        "model.encoder.backbone=resnet10t",
        f"model.encoder.weights_file={tmp_path / 'resnet.safetensors'}",
        "model.encoder.decoder_widths=[8,8,8,8]",
        "preprocess.context_slices=3",
        'preprocess.context_windows=[{"centre": 40, "width": 40}]',
        "epochs=1",
    )
    run = fit(config(*settings), batches_of(store), tmp_path / "run", console=QUIET).run
    card = build_config(ModelCard, run.read_json(CARD_DRAFT))
    assert card.pretrained is not None
    assert (card.pretrained.backbone, card.pretrained.source) == ("resnet10t", "resnet.safetensors")
    (tmp_path / "resnet.safetensors").unlink()
    assert card.architecture.in_channels == 5
    restore_model(card.architecture, load_file(run.weights))


def test_run_folder_holds_everything_needed_to_use_and_repeat_it(finished):
    run = finished.run
    model = build_model(run.config().model)
    model.load_state_dict(load_file(run.weights))
    assert run.config() == config()
    rows = list(csv.DictReader(run.log.open()))
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert float(rows[0]["train/loss"]) > 0
    metrics = json.loads((run.path / "metrics.json").read_text())
    assert metrics["split"] == "validation"
    assert metrics["best_epoch"] == finished.best_epoch
    card = build_config(ModelCard, run.read_json("card-draft.json"))
    assert card.preprocess == run.config().preprocess
    assert card.training["data"]["train"]["synthetic"]["patients"] == 5
    assert "torch" in run.read_json("environment.json")["packages"]


def test_same_seed_same_weights(store, finished, tmp_path):
    again = fit(config(), batches_of(store), tmp_path / "again", console=QUIET)
    first, second = load_file(finished.run.weights), load_file(again.run.weights)
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_a_folder_that_holds_something_is_refused(store, finished):
    with pytest.raises(InputError, match="already exists"):
        fit(config(), batches_of(store), finished.run.path, console=QUIET)


def test_nothing_to_resume_is_refused(store, tmp_path):
    with pytest.raises(InputError, match="no run to resume"):
        fit(config(), batches_of(store), tmp_path / "none", resume=True, console=QUIET)


class StopAfter(Callback):
    """Presses Ctrl-C once, after some batches."""

    def __init__(self, batches):
        self.left = batches

    def on_train_batch_end(self, *_):
        self.left -= 1
        if self.left == 0:
            signal.raise_signal(signal.SIGINT)


def test_interrupted_run_keeps_its_best_and_resumes(store, tmp_path):
    path = tmp_path / "run"
    first = fit(config("epochs=4"), batches_of(store), path, console=QUIET, extra=[StopAfter(3)])
    assert first.interrupted
    assert first.run.weights.is_file()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    second = fit(config(), batches_of(store), path, resume=True, console=QUIET)
    rows = list(csv.DictReader(second.run.log.open()))
    assert [row["epoch"] for row in rows] == ["1", "2", "3", "4"]
    steps = [int(row["step"]) for row in rows]
    assert steps == sorted(set(steps))
    assert float(rows[-1]["minutes"]) > float(rows[1]["minutes"])


class Impatient(SliceLoaders):
    """Batches during whose second epoch somebody presses Ctrl-C."""

    def on_before_batch_transfer(self, batch, dataloader_idx):
        if self.trainer.training and self.trainer.current_epoch == 1:
            signal.raise_signal(signal.SIGINT)
        return batch


def test_one_of_several_runs_stops_them_all_and_is_gone_on_with(store, tmp_path):
    again = {"console": QUIET, "purpose": "study"}
    with pytest.raises(CancelledError, match=r"The study was stopped.*goes on from here"):
        fit_to_the_end(config(), partial(Impatient, store), tmp_path / "run", **again)
    run = fit_to_the_end(config(), batches_of(store), tmp_path / "run", **again)
    assert [row["epoch"] for row in csv.DictReader(run.log.open())] == ["1", "2"]
    run.require_config(config())
    with pytest.raises(ConfigError, match="made with other settings"):
        run.require_config(config("seed=1"))
    run.tidy()
    assert not run.checkpoint.exists()
    assert not (run.path / "tensorboard").exists()


class TickingClock:
    """A clock that goes on by a tenth of a second whenever it is asked, on a machine of any speed."""

    now = 0.0

    def monotonic(self) -> float:
        self.now += 0.1
        return self.now


def test_time_limit_ends_the_run_and_its_schedule(store, tmp_path, monkeypatch):
    monkeypatch.setattr("cpam_train.fitting.schedule.time", TickingClock())
    result = fit(config("epochs=1000", "stop.max_minutes=0.05"), batches_of(store), tmp_path / "run", console=QUIET)
    rows = list(csv.DictReader(result.run.log.open()))
    assert 0.05 <= float(rows[-1]["minutes"]) < 0.06
    assert float(rows[-1]["lr"]) < 0.2e-3


@pytest.mark.parametrize(
    "settings",
    [
        ("model.output=softmax", "loss.name=bce_focal"),
        ("model.architecture=unet", "model.image_head=false", "optim.ema=0", "optim.accumulate=2"),
        ("augment.crop_size=16", "loss.name=weighted_ce", "precision=fp32", "preprocess.context_slices=3"),
        ("data.folds=3", "data.fold=1", "data.cache=false", "max_steps=1", "operating.point=sensitivity"),
    ],
)
def test_other_settings_train_too(store, tmp_path, settings):
    result = fit(config("epochs=1", *settings), batches_of(store), tmp_path / "run", console=QUIET)
    assert result.best_epoch == 1


@pytest.mark.parametrize("output", ["sigmoid", "softmax", "sparsemax"])
def test_classifiers_train_with_every_output_layer(store, tmp_path, output):
    result = fit(
        config("epochs=1", f"model.output={output}", kind="classifier"),
        batches_of(store),
        tmp_path / "run",
        console=QUIET,
    )
    assert result.run.weights.is_file()
    assert result.run.read_json("card-draft.json")["task"] == "classifier"


def test_no_source_left_is_one_sentence(store, tmp_path):
    with pytest.raises(InputError, match="no annotated slice in its train split"):
        fit(config('data.leave_out=["synthetic"]'), batches_of(store), tmp_path / "run", console=QUIET)
    assert not list(tmp_path.iterdir())


def test_unassigned_splits_are_one_sentence(filled, tmp_path):
    with (
        filled(tmp_path / "store", [None] * 4) as store,
        pytest.raises(InputError, match="4 patients of the store have"),
    ):
        fit(config(), batches_of(store), tmp_path / "run", console=QUIET)
    assert not (tmp_path / "run").exists()


def test_a_class_without_a_case_is_named(filled, tmp_path):
    said = io.StringIO()
    with filled(tmp_path / "store", ["train", "validation"]) as store:
        loaders = SliceLoaders(store, config("data.cache=false", "data.synthetic=false"), cache=None)
        loaders.prepare(Console(file=said))
    assert said.getvalue() == "No training slice is known to hold hemorrhage: the model cannot learn it.\n"


def test_norms_and_biases_are_not_decayed():
    task = build_task(config())
    decayed, rest = build_optimiser(task.model, task.config.optim).param_groups
    assert decayed["weight_decay"] > 0
    assert rest["weight_decay"] == 0
    assert all(p.ndim > 1 for p in decayed["params"])
    assert len(decayed["params"]) + len(rest["params"]) == len(list(task.model.parameters()))


def test_the_encoder_learns_at_its_share_of_the_rate():
    task = build_task(settings := config("optim.encoder_lr_share=0.25"))
    encoder = {id(p) for p in task.model.encoder.parameters()}
    groups = build_optimiser(task.model, settings.optim).param_groups
    assert sum(len(g["params"]) for g in groups) == len(list(task.model.parameters()))
    shares = {(id(p) in encoder, g["lr_share"], g["lr"] / settings.optim.lr) for g in groups for p in g["params"]}
    assert shares == {(True, 0.25, 0.25), (False, 1.0, 1.0)}


def test_a_frozen_encoder_stays_as_it_is(store, tmp_path):
    settings = config("optim.encoder_lr_share=0", "optim.weight_decay=0", "optim.ema=0", "epochs=1")
    seed_everything(settings.seed, verbose=False)
    before = build_task(settings).model
    after = load_file(fit(settings, batches_of(store), tmp_path / "run", console=QUIET).run.weights)
    moved = {name for name, value in before.named_parameters() if not torch.equal(value, after[name])}
    assert moved
    assert not any(name.startswith("encoder.") for name in moved)


def test_test_cases_are_never_read(store, tmp_path, monkeypatch):
    held = {case.case_id for case in store.cases(split="test")}
    assert held
    read = set()
    original = type(store).read_frames

    def spy(self, case_id, indices=None):
        read.add(case_id)
        return original(self, case_id, indices)

    monkeypatch.setattr(type(store), "read_frames", spy)
    fit(config("epochs=1"), batches_of(store), tmp_path / "run", console=QUIET)
    assert read
    assert not read & held


def test_fit_in_a_thread_leaves_signals_alone(store, tmp_path):
    done = []
    worker = threading.Thread(
        target=lambda: done.append(fit(config("epochs=1"), batches_of(store), tmp_path / "run", console=QUIET))
    )
    worker.start()
    worker.join(60)
    assert done


class Greedy(Callback):
    """Asks for more memory than any machine has, as a batch that is too large does."""

    def on_train_batch_start(self, *_args):
        torch.empty(10**13)


class Broken(Callback):
    def on_train_batch_start(self, *_args):
        raise RuntimeError("something else")


def test_a_batch_that_does_not_fit_the_memory_is_one_sentence(store, tmp_path):
    with pytest.raises(OutOfMemoryError, match="A batch of 4 at 32 pixels does not fit"):
        fit(config(), batches_of(store), tmp_path / "run", console=QUIET, extra=[Greedy()])
    with pytest.raises(RuntimeError, match="something else"):
        fit(config(), batches_of(store), tmp_path / "other", console=QUIET, extra=[Broken()])
