"""A run whose loss is no number any more ends at that step, with the best weights so far and one sentence."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor

from cpam_train.config import TrainConfig
from cpam_train.fitting.precision import lightning_precision
from cpam_train.operating.validation_record import Record
from cpam_train.run_folder import RunFolder
from napari_cpam_stroke.errors import CpamError

STEPS_BETWEEN_LOOKS = 10
"""A look at the losses waits for the device, so it is not taken at every step; the first bad step is noted anyway."""

FULL_PRECISION = "32-true"


class NotFiniteError(CpamError):
    """A loss, an output or a weight of a run is no number: nothing can be learnt from there on."""


class FiniteLoss(Callback):
    """Ends the run at the first step whose loss is no number; on several devices all of them end together."""

    def __init__(self, run: RunFolder, config: TrainConfig) -> None:
        self.run, self.config = run, config
        self._first: Tensor | None = None
        self._value: Tensor | None = None

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, outputs: Any, *_: Any) -> None:  # noqa: ARG002
        """Note the step if it is the first bad one, and look every few steps."""
        loss = outputs["loss"].detach().float()
        if self._first is None or self._value is None:
            self._first, self._value = torch.full_like(loss, -1, dtype=torch.long), loss
        fresh = (self._first < 0) & ~torch.isfinite(loss)
        self._first = torch.where(fresh, max(trainer.global_step, 1), self._first)
        self._value = torch.where(fresh, loss, self._value)
        if loss.device.type == "cpu" or trainer.global_step % STEPS_BETWEEN_LOOKS == 0:
            self._look(trainer)

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        """Look before an epoch is judged and its weights are kept."""
        self._look(trainer)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        """Look before the epoch is kept for a resumed run."""
        self._look(trainer)

    def _look(self, trainer: Trainer) -> None:
        if self._first is None or self._value is None:
            return
        step = int(self._first)
        if not trainer.strategy.reduce_boolean_decision(step < 0, all=True):
            value = f"a loss of {float(self._value)}" if step >= 0 else "a loss that is no number on another device"
            raise stopped(self.run, self.config, max(step, 1), value)


def require_finite_validation(
    run: RunFolder, config: TrainConfig, *, step: int, loss: float, record: Record, weights: dict[str, Tensor]
) -> None:
    """Refuse an epoch whose validation loss, outputs or weights (any shape) are no numbers, before it is scored.

    Raises
    ------
    NotFiniteError
        Naming the step after which it was validated.
    """
    if not np.isfinite(loss):
        raise stopped(run, config, step, f"a validation loss of {loss}")
    if not np.isfinite(record.logits).all():
        raise stopped(run, config, step, "outputs that are no numbers on validation slices")
    if (name := not_finite(weights)) is not None:
        raise stopped(run, config, step, f"weights that are no numbers in {name}")


def stopped(run: RunFolder, config: TrainConfig, step: int, value: str) -> NotFiniteError:
    """Return the failure of a run at a step: what was met, what to change, what is kept."""
    kept = "the best weights so far are kept there" if run.weights.is_file() else "no weights were kept"
    return NotFiniteError(
        f"Training in {run.path} stopped at step {step}",
        got=value,
        expected="a finite number",
        remedy=f"{advice(config)}; {kept}",
    )


def advice(config: TrainConfig) -> str:
    """Return the settings that bring a loss beyond all numbers, with their values."""
    parts = [f"lower optim.lr ({config.optim.lr:g})"]
    precision = lightning_precision(config.precision)
    if precision != FULL_PRECISION:
        parts.append(f"set precision=fp32 (now {precision})")
    if config.optim.clip == 0:
        parts.append("set optim.clip=1 (now 0)")
    return " or ".join(parts)


def not_finite(weights: dict[str, Tensor]) -> str | None:
    """Return the name of the first tensor, of any shape, with values that are no numbers; None where all are."""
    return next((name for name, tensor in weights.items() if not bool(torch.isfinite(tensor).all())), None)
