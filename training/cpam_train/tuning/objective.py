"""One trial: a training run, or one per fold, scored on validation patients; hopeless ones are cut short."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from lightning.pytorch import Callback, LightningModule, Trainer
from rich.console import Console

from cpam_train.config import TrainConfig
from cpam_train.fitting.batches import LoaderFactory
from cpam_train.fitting.finite import NotFiniteError
from cpam_train.fitting.fit import FitResult, fit
from cpam_train.presets import build_train_config
from cpam_train.run_folder import RunFolder
from cpam_train.tuning.space import Space, as_overrides, suggested
from napari_cpam_stroke.errors import ConfigError, OutOfMemoryError

INFEASIBLE = "infeasible"
"""User attribute of a trial: 1 where it did not fit the memory or its loss was no number, else 0."""


@dataclass(frozen=True)
class Setup:
    """What all trials share.

    Attributes
    ----------
    batches
        Gives every trial the batches of its settings.
    overrides
        The user's own `--set` values.
    start
        What the model that every trial begins from asks of the settings (`fitting.start.start_settings`).
    folds
        None: the store's fixed validation split; else the mean over that many folds.
    """

    kind: str
    batches: LoaderFactory
    folder: Path
    preset: str
    file: Path | None
    overrides: tuple[str, ...]
    space: Space
    folds: int | None = None
    console: Console | None = None
    start: tuple[str, ...] = ()

    def config(self, values: dict[str, Any]) -> TrainConfig:
        """Return the training settings with searched values laid over the user's."""
        overrides = (*self.overrides, *as_overrides(values))
        return build_train_config(self.kind, preset=self.preset, start=self.start, file=self.file, overrides=overrides)


class Objective:
    """Callable that Optuna maximises."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup

    def __call__(self, trial: optuna.Trial) -> float:
        """Return the validation score of one trial.

        Raises
        ------
        optuna.TrialPruned
            For a trial that falls behind, does not fit the memory, cannot be built from its values, or whose loss is no
            number; for all but the first the study keeps the reason.
        """
        values = suggested(trial, self.setup.space)
        try:
            config = self.setup.config(values)
        except ConfigError as error:
            raise self._given_up(trial, str(error)) from error
        folds = range(self.setup.folds or 1)
        scores = [self._score(trial, config, fold, report=len(folds) == 1) for fold in folds]
        trial.set_user_attr(INFEASIBLE, 0)
        return float(np.mean(scores))

    def _score(self, trial: optuna.Trial, config: TrainConfig, fold: int, *, report: bool) -> float:
        if self.setup.folds is not None:
            config = replace(config, data=replace(config.data, folds=self.setup.folds, fold=fold))
        run = self.setup.folder / f"trial-{trial.number:04d}-fold-{fold}"
        watch = [Pruning(trial)] if report else []
        try:
            result = fit(config, self.setup.batches, run, console=self.setup.console, extra=watch)
        except (OutOfMemoryError, ConfigError, NotFiniteError) as error:
            raise self._given_up(trial, str(error)) from error
        finally:
            RunFolder(run).tidy()
        return self._checked(trial, result)

    def _checked(self, trial: optuna.Trial, result: FitResult) -> float:
        if result.interrupted:
            trial.study.stop()
            raise optuna.TrialPruned("stopped by the user")
        return result.score

    @staticmethod
    def _given_up(trial: optuna.Trial, reason: str) -> optuna.TrialPruned:
        trial.set_user_attr(INFEASIBLE, 1)
        trial.set_user_attr("reason", reason)
        return optuna.TrialPruned(reason)


class Pruning(Callback):
    """Tells the study each epoch's score and ends a run that falls behind the others."""

    def __init__(self, trial: optuna.Trial) -> None:
        self.trial = trial

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        """Report, and raise where the study says so."""
        score = trainer.callback_metrics.get("validation/score")
        if score is None:
            return
        self.trial.report(float(score), trainer.current_epoch + 1)
        if self.trial.should_prune():
            raise optuna.TrialPruned(f"behind the others after epoch {trainer.current_epoch + 1}")


def feasibility(trial: optuna.trial.FrozenTrial) -> tuple[float, ...]:
    """Return the constraint of a trial as samplers read it: above 0 breaks it."""
    return (float(trial.user_attrs.get(INFEASIBLE, 0)) - 0.5,)
