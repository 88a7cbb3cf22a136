"""After every validation: score the epoch, keep the best weights, log a row, and decide whether to stop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from cpam_train.config import StopConfig
from cpam_train.fitting.finite import require_finite_validation
from cpam_train.fitting.patience import Patience
from cpam_train.fitting.schedule import LearningRate, WallClock
from cpam_train.fitting.task import Task
from cpam_train.operating.validation_record import Record, joined
from cpam_train.run_folder import RunFolder


@dataclass(frozen=True)
class EpochScore:
    """How good an epoch is.

    Attributes
    ----------
    score
        Segmenter: mean over the classes of the best-threshold Dice (`metrics.curve.best_threshold`). Classifier: mean
        slice AUC. Where validation data have neither: the negative loss.
    parts
        Per class figures for the log.
    """

    score: float
    parts: dict[str, float]


def score_epoch(record: Record, classes: tuple[str, ...], loss: float) -> EpochScore:
    """Return the score of a validation record."""
    parts: dict[str, float] = {}
    for name, best in zip(classes, record.thresholds(), strict=False):
        if best is not None:
            parts |= {f"dice_{name}": best.mean_dice, f"pooled_{name}": best.pooled_dice, f"score_{name}": best.score}
    aucs = record.aucs()
    parts |= {f"auc_{name}": auc for name, auc in zip(classes, aucs, strict=False)}
    scores = [value for key, value in parts.items() if key.startswith("score_")] or [a for a in aucs if a == a]  # noqa: PLR0124 - not NaN
    return EpochScore(float(np.mean(scores)) if scores else -loss, parts)


class Keeper(Callback):
    """Keeps the best weights.

    Must stand before weight averaging in the callback list: at the end of validation that one puts the raw weights
    back.

    Attributes
    ----------
    patience
        Knows best score and epoch.
    last
        Figures of the latest validation.
    elapsed_s
        Seconds of training when the latest row was logged.
    """

    def __init__(self, run: RunFolder, stop: StopConfig, clock: WallClock, rate: LearningRate) -> None:
        self.run, self.clock, self.rate = run, clock, rate
        self.patience = Patience(stop)
        self.last: EpochScore | None = None
        self.elapsed_s = 0.0

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Score this epoch and write the weights if they are the best so far.

        Raises
        ------
        NotFiniteError
            If the epoch gave no numbers; what was kept before stays.
        """
        assert isinstance(pl_module, Task)  # noqa: S101 - the only module this callback is given
        record = gathered(pl_module.records, trainer.world_size)
        pl_module.records.clear()
        if trainer.sanity_checking:
            return
        loss = float(trainer.callback_metrics["validation/loss"])
        require_finite_validation(
            self.run,
            pl_module.config,
            step=trainer.global_step,
            loss=loss,
            record=record,
            weights=pl_module.model.state_dict(),
        )
        self.last = score_epoch(record, pl_module.config.model.classes, loss)
        pl_module.log("validation/score", self.last.score, rank_zero_only=True)
        if self.patience.update(trainer.current_epoch + 1, self.last.score) and trainer.is_global_zero:
            self.run.save_weights(pl_module.model)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        """Write the log row, and stop when patience is over."""
        epoch = trainer.current_epoch + 1
        self.elapsed_s = self.clock.elapsed_s
        row = self._row(trainer, epoch)  # in every process: to ask for a figure is to add it up over all of them
        if trainer.is_global_zero:
            self.run.append_log(row)
        if self.patience.over(epoch):
            trainer.should_stop = True

    def _row(self, trainer: Trainer, epoch: int) -> dict[str, object]:
        metrics = {name: float(trainer.callback_metrics.get(name, float("nan"))) for name in LOGGED}
        parts = self.last.parts if self.last else {}
        row = {
            "epoch": epoch,
            "step": trainer.global_step,
            "minutes": self.elapsed_s / 60,
            "lr": self.rate.current,
            **metrics,
            "score": self.last.score if self.last else float("nan"),
            "best_epoch": self.patience.best_epoch,
            **parts,
        }
        return {key: round(value, 6) if isinstance(value, float) else value for key, value in row.items()}

    def take_up(self, best: float | None, best_epoch: int) -> None:
        """Go on with the best score of an earlier part of the run."""
        self.patience = Patience(self.patience.config)
        if best is not None:
            self.patience.update(best_epoch, best)


LOGGED = ("train/loss", "train/mask", "train/image", "validation/loss", "validation/mask", "validation/image")


def gathered(records: list[Record], world_size: int) -> Record:
    """Return the records of all processes as one."""
    own = joined(records)
    if world_size == 1:
        return own
    everyone: list[Any] = [None] * world_size
    torch.distributed.all_gather_object(everyone, own)
    return joined(everyone)
