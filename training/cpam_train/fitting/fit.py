"""Train one model: from settings and a store to a run folder with its best weights and a draft of its card."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, Trainer, seed_everything
from rich.console import Console
from torch.utils.data import DataLoader

from cpam_train.brats.folder import BratsFolder
from cpam_train.config import TrainConfig
from cpam_train.fitting.averaging import ema
from cpam_train.fitting.best_weights import EpochScore, Keeper, score_epoch
from cpam_train.fitting.precision import lightning_precision
from cpam_train.fitting.progress import GentleStop, RunProgress
from cpam_train.fitting.schedule import LearningRate, WallClock
from cpam_train.fitting.slice_batches import CACHE_FOLDER, EpochSeeds, Loaders, build_loaders
from cpam_train.fitting.task import Task, build_task
from cpam_train.operating.calibrate import OperatingPoint, choose_operating_points
from cpam_train.operating.validation_record import Record, joined
from cpam_train.publishing.card_draft import draft_card
from cpam_train.run_folder import CARD_DRAFT, RunFolder, begin_run, open_run
from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.config import SegmenterConfig
from napari_cpam_stroke.errors import ConfigError, InputError, OutOfMemoryError
from napari_cpam_stroke.inference.device import is_out_of_memory


@dataclass(frozen=True)
class FitResult:
    """What came out of a run.

    Attributes
    ----------
    score, best_epoch
        Of the weights that were kept; validation data only.
    interrupted
        Whether Ctrl-C ended it.
    first_process
        False in the further processes of a run on several devices, which have nothing to tell.
    """

    run: RunFolder
    score: float
    best_epoch: int
    interrupted: bool
    first_process: bool = True


@dataclass(frozen=True)
class Machine:
    """Where to train: processes per node and nodes, as Lightning takes them."""

    devices: int = 1
    nodes: int = 1


def fit(
    config: TrainConfig,
    store: AnnotationStore | BratsFolder,
    run_path: Path,
    *,
    resume: bool = False,
    machine: Machine | None = None,
    console: Console | None = None,
    extra: Iterable[Callback] = (),
) -> FitResult:
    """Train, keep the best epoch, then choose operating points on the validation split. Never looks at test cases.

    Parameters
    ----------
    extra
        Further callbacks, as a tuning study needs them.

    Raises
    ------
    InputError
        If the run folder is in use, or training or validation has no case.
    ConfigError
        If the model is an ensemble, whose members are trained one by one.
    OutOfMemoryError
        If a batch does not fit the device.
    """
    console = console or Console(stderr=True)
    refuse_ensemble(config)
    run, config = open_run(run_path, config, resume=resume)
    seed_everything(config.seed, workers=True, verbose=False)
    loaders = build_loaders(store, config, cache=run.path.parent / CACHE_FOLDER if config.data.cache else None)
    task = build_task(config)
    if not resume:
        begin_run(run, config)
    loaders.prepare(console)
    clock = WallClock(config.stop.max_minutes, config.max_steps)
    rate = LearningRate(config.optim, clock)
    keeper = Keeper(run, config.stop, clock, rate)
    gentle = GentleStop(console)
    callbacks = [clock, rate, EpochSeeds(loaders), keeper, RunProgress(console, clock, keeper), gentle, *extra]
    with quiet(), out_of_memory(config):
        trainer = build_trainer(config, run, callbacks, machine or Machine())
        trainer.fit(task, datamodule=loaders, ckpt_path=str(run.checkpoint) if resume else None)
        if trainer.is_global_zero:
            finish(run, task, loaders, keeper, interrupted=gentle.asked)
    return FitResult(
        run, keeper.patience.best, keeper.patience.best_epoch, gentle.asked, first_process=trainer.is_global_zero
    )


def refuse_ensemble(config: TrainConfig) -> None:
    """Raise ConfigError for a model of several members."""
    if isinstance(config.model, SegmenterConfig) and config.model.members > 1:
        raise ConfigError(
            "The members of an ensemble are trained one by one",
            got=f"model.members {config.model.members}",
            remedy="fit each with model.members 1 (for example one per data.fold), then run cpam-train ensemble",
        )


def build_trainer(config: TrainConfig, run: RunFolder, callbacks: list[Callback], machine: Machine) -> Trainer:
    """Return the Lightning trainer of a run; `last.ckpt` is written after every epoch."""
    from lightning.pytorch.callbacks import ModelCheckpoint
    from lightning.pytorch.loggers import TensorBoardLogger

    averaging = [ema(config.optim.ema)] if config.optim.ema > 0 else []
    last = ModelCheckpoint(
        dirpath=run.path, filename="last", save_top_k=1, enable_version_counter=False, save_on_train_epoch_end=True
    )
    return Trainer(
        accelerator="auto",
        devices=machine.devices,
        num_nodes=machine.nodes,
        precision=lightning_precision(config.precision),
        max_epochs=config.epochs,
        accumulate_grad_batches=config.optim.accumulate,
        gradient_clip_val=config.optim.clip or None,
        callbacks=[*callbacks, *averaging, last],
        logger=TensorBoardLogger(run.path, name="", version="tensorboard"),
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        log_every_n_steps=10,
    )


def finish(run: RunFolder, task: Task, loaders: Loaders, keeper: Keeper, *, interrupted: bool) -> None:
    """Choose operating points for the kept weights and write metrics and card draft.

    Raises
    ------
    InputError
        If the run ended before its first validation.
    """
    from safetensors.torch import load_file

    if not run.weights.is_file():
        raise InputError("The run ended before its first epoch was over", remedy="start it again with more time")
    task.model.load_state_dict(load_file(run.weights))
    record = examine(task, loaders.val_dataloader(whole=True))
    points = choose_operating_points(record, loaders.origins(record), task.config.operating)
    metrics = validation_metrics(task.config, record, points, keeper, interrupted=interrupted)
    run.write_json("metrics.json", metrics)
    run.write_json(CARD_DRAFT, draft_card(task.config, points, loaders.summary(), metrics))


def validation_metrics(
    config: TrainConfig, record: Record, points: list[OperatingPoint], keeper: Keeper, *, interrupted: bool
) -> dict[str, Any]:
    """Return what metrics.json of a run says."""
    score = score_epoch(record, config.model.classes, float("nan"))
    return {
        "split": "validation",
        "slices": len(record.index),
        "best_epoch": keeper.patience.best_epoch,
        "minutes": round(keeper.clock.elapsed_s / 60, 2),
        "interrupted": interrupted,
        **metrics_of_points(points, config.model.classes, score, without_parts=keeper.patience.best),
    }


def metrics_of_points(
    points: list[OperatingPoint],
    classes: tuple[str, ...],
    score: EpochScore,
    *,
    without_parts: float = float("nan"),
) -> dict[str, Any]:
    """Return score, operating points and per class figures as metrics.json has them.

    Parameters
    ----------
    without_parts
        The score to print where the data know no mask and no label.
    """
    return {
        "score": _number(score.score if score.parts else without_parts),
        "classes": {name: asdict(point) for name, point in zip(classes, points, strict=True)},
        **{name: _number(value) for name, value in score.parts.items()},
    }


@torch.inference_mode()
def examine(task: Task, loader: DataLoader[Any]) -> Record:
    """Return the record of a model over a loader, on the device the model is on and in its precision."""
    from cpam_train.fitting.precision import autocast

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    task.to(device).eval()
    records = []
    for batch in loader:
        moved = {name: value.to(device) for name, value in batch.items()}
        moved["image"] = moved["image"].contiguous(memory_format=torch.channels_last)
        with autocast(task.config.precision, device):
            output = task.model(moved["image"])
        records.append(task.observe(output, moved))
    return joined(records)


@contextmanager
def out_of_memory(config: TrainConfig) -> Iterator[None]:
    """Turn a device that is out of memory into one sentence."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        raise OutOfMemoryError(
            f"A batch of {config.data.batch_size} at {config.preprocess.size} pixels does not fit the device",
            remedy="lower data.batch_size (and raise optim.accumulate), preprocess.size or model.base_width",
        ) from error


@contextmanager
def quiet() -> Iterator[None]:
    """Keep Lightning's notes on hardware and its advice on worker counts out of the console."""
    names = ("lightning.pytorch", "lightning.fabric", "lightning.pytorch.utilities.rank_zero")
    loggers = [logging.getLogger(name) for name in names]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"lightning\..*")
            warnings.filterwarnings("ignore", message=r".*(isinstance\(treespec|pin_memory|num_workers).*")
            yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


def _number(value: float) -> float | None:
    return None if value != value else round(float(value), 5)  # noqa: PLR0124 - NaN has no place in JSON
