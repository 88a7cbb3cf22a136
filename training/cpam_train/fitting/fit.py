"""Train one model: from settings and data to a run folder with its best weights and a draft of its card."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lightning.pytorch import Callback, Trainer, seed_everything
from rich.console import Console

from cpam_train.config import TrainConfig
from cpam_train.fitting.batches import LoaderFactory, Loaders, cache_beside
from cpam_train.fitting.conclusion import finish
from cpam_train.fitting.continuation import read_begun
from cpam_train.fitting.finite import NotFiniteError
from cpam_train.fitting.medsam_task import MedSamTask
from cpam_train.fitting.progress import StoppedMidEpochError
from cpam_train.fitting.progress_events import Event, Report
from cpam_train.fitting.prompted_task import PromptedTask
from cpam_train.fitting.start import begin_from, note_start
from cpam_train.fitting.task import Task, build_task
from cpam_train.fitting.tracking import Tracking
from cpam_train.fitting.trainer import Machine, build_trainer, disk_full, out_of_memory, parts_of, quiet
from cpam_train.medsam.input import is_medsam
from cpam_train.run_folder import RunFolder, begin_run, open_run
from napari_cpam_stroke.config import SegmenterConfig
from napari_cpam_stroke.errors import CancelledError, ConfigError


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


def fit(  # noqa: PLR0913 - what is not data has a default
    config: TrainConfig,
    batches: LoaderFactory,
    run_path: Path,
    *,
    resume: bool = False,
    machine: Machine | None = None,
    tracking: Tracking | None = None,
    console: Console | None = None,
    extra: Iterable[Callback] = (),
    report: Report | None = None,
) -> FitResult:
    """Train, keep the best epoch, then choose operating points on the validation split. Never looks at test cases.

    Parameters
    ----------
    batches
        Asked once, with the settings of the run: those given, or the stored ones of a resumed run.
    tracking
        Where its curves go; None: TensorBoard's files.
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
    console, machine = console or Console(stderr=True), machine or Machine()
    refuse_ensemble(config)
    run, config = open_run(run_path, config, resume=resume)
    begun = read_begun(run) if resume else None
    seed_everything(config.seed, workers=True, verbose=False)
    loaders = batches(config, cache=cache_beside(run.path, config))
    task = _task_of(config)
    began = None if begun is not None or config.start.model is None else begin_from(task.model, config.start)
    if resume:
        run.keep_log(0 if begun is None else begun.standing.epoch)
    else:
        begin_run(run, config, processes=machine.processes)
    tell = report or _nobody
    tell({"stage": "preparing"})
    loaders.prepare(console)
    if began is not None:
        note_start(run, *began, config.model)
        console.print(began[1].sentence)
    parts = parts_of(run, config, loaders, begun, console, report)
    watched = [*parts.callbacks[: -parts.kept_last], *extra, *parts.callbacks[-parts.kept_last :]]
    failure: NotFiniteError | None = None
    with quiet(), out_of_memory(config), disk_full(run):
        trainer = build_trainer(config, run, watched, machine, tracking or Tracking())
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


def _task_of(config: TrainConfig) -> Task:
    if is_medsam(config.model):
        return MedSamTask(config)
    return build_task(config) if config.prompts is None else PromptedTask(config)


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
