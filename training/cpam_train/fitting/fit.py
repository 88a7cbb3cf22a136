"""Train one model: from settings and data to a run folder with its best weights and a draft of its card."""

from __future__ import annotations

import errno
import logging
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lightning.pytorch import Callback, Trainer, seed_everything
from rich.console import Console

from cpam_train.config import TrainConfig
from cpam_train.fitting.averaging import Averaging
from cpam_train.fitting.batches import EpochSeeds, LoaderFactory, Loaders, cache_beside
from cpam_train.fitting.best_weights import Keeper
from cpam_train.fitting.conclusion import finish
from cpam_train.fitting.continuation import Begun, Continuation, read_begun
from cpam_train.fitting.finite import FiniteLoss, NotFiniteError
from cpam_train.fitting.precision import lightning_precision
from cpam_train.fitting.progress import GentleStop, RunProgress, StoppedMidEpochError
from cpam_train.fitting.progress_events import Event, ProgressEvents, Report
from cpam_train.fitting.schedule import LearningRate, WallClock
from cpam_train.fitting.start import begin_from, note_start
from cpam_train.fitting.task import Task, build_task
from cpam_train.run_folder import TENSORBOARD, RunFolder, begin_run, open_run
from napari_cpam_stroke.config import SegmenterConfig
from napari_cpam_stroke.errors import CancelledError, ConfigError, InputError, OutOfMemoryError
from napari_cpam_stroke.inference.device import is_out_of_memory

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
"""What the system says where a disk is full, a quota used up, or nothing may be written."""


@dataclass(frozen=True)
class FitResult:
    """What came out of a run.

    Attributes
    ----------
    score, best_epoch
        Of the weights that were kept; validation data only. Minus infinity and 0 where none were yet.
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
    batches: LoaderFactory,
    run_path: Path,
    *,
    resume: bool = False,
    machine: Machine | None = None,
    console: Console | None = None,
    extra: Iterable[Callback] = (),
    report: Report | None = None,
) -> FitResult:
    """Train, keep the best epoch, then choose operating points on the validation split. Never looks at test cases.

    Parameters
    ----------
    batches
        Asked once, with the settings of the run: those given, or the stored ones of a resumed run.
    extra
        Further callbacks, as a tuning study needs them.
    report
        Takes events on how far the run is, for a program that watches.

    Raises
    ------
    InputError
        If the run folder is in use, or training or validation has no case.
    ConfigError
        If the model is an ensemble, whose members are trained one by one, or the settings do not fit the data.
    OutOfMemoryError
        If a batch does not fit the device.
    NotFiniteError
        If the loss is no number any more; the best weights so far, where there are any, are a usable run.
    """
    console = console or Console(stderr=True)
    refuse_ensemble(config)
    run, config = open_run(run_path, config, resume=resume)
    begun = read_begun(run) if resume else None
    seed_everything(config.seed, workers=True, verbose=False)
    loaders = batches(config, cache=cache_beside(run.path, config))
    task = build_task(config)
    if resume:
        run.keep_log(0 if begun is None else begun.standing.epoch)
    else:
        begin_run(run, config)
    tell = report or _nobody
    tell({"stage": "preparing"})
    loaders.prepare(console)
    if begun is None and config.start.model is not None:
        start, how = begin_from(task.model, config.start)
        note_start(run, start, how, config.model)
        console.print(how.sentence)
    parts = _parts(run, config, loaders, begun, console, report)
    watched = [*parts.callbacks[: -parts.kept_last], *extra, *parts.callbacks[-parts.kept_last :]]
    failure: NotFiniteError | None = None
    with quiet(), out_of_memory(config), disk_full(run):
        trainer = build_trainer(config, run, watched, machine or Machine())
        try:
            train(trainer, task, loaders)
        except NotFiniteError as error:
            failure = error
        stopped = parts.gentle.asked
        if trainer.is_global_zero and run.weights.is_file():
            tell({"stage": "judging"})
            finish(run, task, loaders, parts.keeper, interrupted=stopped or failure is not None, failure=failure)
    if failure is not None:
        raise failure
    patience = parts.keeper.patience
    return FitResult(run, patience.best, patience.best_epoch, stopped, first_process=trainer.is_global_zero)


@dataclass(frozen=True, eq=False)
class _Parts:
    """The callbacks of a run, in the order in which they must stand, and those that are asked afterwards.

    Attributes
    ----------
    kept_last
        So many of the callbacks stand behind all others.
    """

    callbacks: list[Callback]
    kept_last: int
    keeper: Keeper
    gentle: GentleStop


def _parts(
    run: RunFolder,
    config: TrainConfig,
    loaders: Loaders,
    begun: Begun | None,
    console: Console,
    report: Report | None,
) -> _Parts:
    clock = WallClock(config.stop.max_minutes, config.max_steps)
    rate = LearningRate(config.optim, clock)
    keeper = Keeper(run, config.stop, clock, rate)
    gentle = GentleStop(console)
    shown = [RunProgress(console, clock, keeper), *([] if report is None else [ProgressEvents(report, clock, keeper)])]
    first = [clock, rate, EpochSeeds(loaders), FiniteLoss(run, config), keeper, *shown, gentle]
    averaging = Averaging(config.optim.ema) if config.optim.ema > 0 else None
    last = [*([] if averaging is None else [averaging]), Continuation(run, clock, keeper, averaging, begun)]
    return _Parts([*first, *last], len(last), keeper, gentle)


def _nobody(event: Event) -> None:
    """Tell nobody."""


def train(trainer: Trainer, task: Task, loaders: Loaders) -> None:
    """Let Lightning train until the end of the run or until it is asked to stop.

    Raises
    ------
    KeyboardInterrupt
        At the second Ctrl-C.
    NotFiniteError
        If the loss is no number any more.
    """
    try:
        trainer.fit(task, datamodule=loaders)
    except StoppedMidEpochError:
        return
    except SystemExit as error:  # what Lightning makes of the second Ctrl-C
        raise KeyboardInterrupt from error


def fit_to_the_end(
    config: TrainConfig, batches: LoaderFactory, run_path: Path, *, console: Console, purpose: str
) -> RunFolder:
    """Train one of several runs, or go on with it where it was interrupted.

    Parameters
    ----------
    purpose
        What the runs are for, as the refusal names it.

    Raises
    ------
    CancelledError
        After Ctrl-C; the same call goes on where this one stopped.
    """
    resume = (run_path / "config.json").is_file()
    result = fit(config, batches, run_path, resume=resume, console=console)
    if result.interrupted:
        raise CancelledError(f"The {purpose} was stopped", remedy="the same command goes on from here")
    return result.run


def refuse_ensemble(config: TrainConfig) -> None:
    """Raise ConfigError for a model of several members."""
    if isinstance(config.model, SegmenterConfig) and config.model.members > 1:
        raise ConfigError(
            "The members of an ensemble are trained one by one",
            got=f"model.members {config.model.members}",
            remedy="fit each with model.members 1 (for example one per data.fold), then run cpam-train ensemble",
        )


def build_trainer(config: TrainConfig, run: RunFolder, callbacks: list[Callback], machine: Machine) -> Trainer:
    """Return the Lightning trainer of a run."""
    from lightning.pytorch.loggers import TensorBoardLogger

    return Trainer(
        accelerator="auto",
        devices=machine.devices,
        num_nodes=machine.nodes,
        precision=lightning_precision(config.precision),
        max_epochs=config.epochs,
        accumulate_grad_batches=config.optim.accumulate,
        gradient_clip_val=config.optim.clip or None,
        callbacks=callbacks,
        enable_checkpointing=False,
        logger=TensorBoardLogger(run.path, name="", version=TENSORBOARD),
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        log_every_n_steps=10,
    )


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
def disk_full(run: RunFolder) -> Iterator[None]:
    """Turn a disk that takes no more into one sentence; files of a run are whole or not there."""
    try:
        yield
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        raise InputError(
            f"The run folder {run.path} cannot be written to",
            got=error.strerror,
            remedy="make room, then go on with the run by --resume",
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
