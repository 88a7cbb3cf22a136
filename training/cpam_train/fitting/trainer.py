"""The Lightning trainer of a run: its callbacks in the order they need, and plain sentences for what goes wrong."""

from __future__ import annotations

import errno
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from lightning.pytorch import Callback, Trainer
from rich.console import Console

from cpam_train.config import TrainConfig
from cpam_train.fitting.averaging import Averaging
from cpam_train.fitting.batches import EpochSeeds, Loaders
from cpam_train.fitting.best_weights import Keeper
from cpam_train.fitting.continuation import Begun, Continuation
from cpam_train.fitting.finite import FiniteLoss
from cpam_train.fitting.precision import lightning_precision
from cpam_train.fitting.progress import GentleStop, RunProgress
from cpam_train.fitting.progress_events import ProgressEvents, Report
from cpam_train.fitting.schedule import LearningRate, WallClock
from cpam_train.fitting.tracking import Tracking, logger_of
from cpam_train.run_folder import RunFolder
from napari_cpam_stroke.errors import InputError, OutOfMemoryError
from napari_cpam_stroke.inference.device import is_out_of_memory

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
"""What the system says where a disk is full, a quota used up, or nothing may be written."""


@dataclass(frozen=True)
class Machine:
    """Where to train: processes per node and nodes, as Lightning takes them."""

    devices: int = 1
    nodes: int = 1

    @property
    def processes(self) -> int:
        """How many train together."""
        return self.devices * self.nodes


@dataclass(frozen=True, eq=False)
class Parts:
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


def parts_of(
    run: RunFolder,
    config: TrainConfig,
    loaders: Loaders,
    begun: Begun | None,
    console: Console,
    report: Report | None,
) -> Parts:
    """Return the callbacks of a run that begins, or goes on where it had stopped."""
    clock = WallClock(config.stop.max_minutes, config.max_steps)
    rate = LearningRate(config.optim, clock)
    keeper = Keeper(run, config.stop, clock, rate)
    gentle = GentleStop(console)
    shown = [RunProgress(console, clock, keeper), *([] if report is None else [ProgressEvents(report, clock, keeper)])]
    first = [clock, rate, EpochSeeds(loaders), FiniteLoss(run, config), keeper, *shown, gentle]
    averaging = Averaging(config.optim.ema) if config.optim.ema > 0 else None
    last = [*([] if averaging is None else [averaging]), Continuation(run, clock, keeper, averaging, begun)]
    return Parts([*first, *last], len(last), keeper, gentle)


def build_trainer(
    config: TrainConfig, run: RunFolder, callbacks: list[Callback], machine: Machine, tracking: Tracking
) -> Trainer:
    """Return the Lightning trainer of a run."""
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
        logger=logger_of(run, config, tracking),
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
