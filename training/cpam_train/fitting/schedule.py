"""The learning rate as a function of how far the run is, in steps or in time, and the clock that knows the latter."""

from __future__ import annotations

import math
import time
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

from cpam_train.config import OptimConfig, Schedule

START_DIVISOR = 25.0
"""`one_cycle` starts at the highest rate divided by this."""

END_DIVISOR = 1000.0
"""`one_cycle` and `cosine` end at the highest rate divided by this."""

LR_SHARE = "lr_share"
"""Key in a parameter group of the share of the learning rate it learns with."""


def lr_factor(progress: float, schedule: Schedule, warmup: float) -> float:
    """Return the share of the highest learning rate at `progress` (0 start, 1 end) of the run."""
    progress = min(max(progress, 0.0), 1.0)
    if progress < warmup:
        start = 1 / START_DIVISOR if schedule == "one_cycle" else 0.0
        return start + (1 - start) * progress / warmup
    if schedule == "constant":
        return 1.0
    falling = (progress - warmup) / max(1 - warmup, 1e-9)
    end = 1 / END_DIVISOR
    return end + (1 - end) * (1 + math.cos(math.pi * falling)) / 2


class WallClock(Callback):
    """Seconds trained so far, over all resumed parts of a run, and the stop when a limit is reached.

    Parameters
    ----------
    limit_minutes, limit_steps
        None: no limit. Lightning's own limits would skip the last validation.
    """

    def __init__(self, limit_minutes: float | None, limit_steps: int | None = None) -> None:
        self.limit_s = None if limit_minutes is None else limit_minutes * 60
        self.limit_steps = limit_steps
        self.before_s = 0.0
        self.started: float | None = None

    @property
    def elapsed_s(self) -> float:
        """Seconds of training, this part and the parts before."""
        return self.before_s + (0.0 if self.started is None else time.monotonic() - self.started)

    def progress(self, trainer: Trainer) -> float:
        """Return how far the run is, 0..1: by steps or by time, whichever will end it first."""
        total = min(trainer.estimated_stepping_batches, self.limit_steps or float("inf"))
        by_time = 0.0 if self.limit_s is None else self.elapsed_s / self.limit_s
        return min(max(trainer.global_step / max(total, 1), by_time), 1.0)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        """Start counting."""
        self.started = time.monotonic()

    def on_train_batch_end(self, trainer: Trainer, *_: Any) -> None:
        """Ask for a stop when time or steps are used up."""
        if self.progress(trainer) >= 1:
            trainer.should_stop = True

    def state_dict(self) -> dict[str, Any]:
        """Return what a resumed run needs."""
        return {"elapsed_s": self.elapsed_s}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from the seconds of the earlier part."""
        self.before_s = float(state_dict["elapsed_s"])


class LearningRate(Callback):
    """Set the learning rate before every batch; nothing to restore, so a resumed run simply goes on."""

    def __init__(self, config: OptimConfig, clock: WallClock) -> None:
        self.config, self.clock = config, clock
        self.current = 0.0

    def on_train_batch_start(self, trainer: Trainer, *_: Any) -> None:
        """Apply `lr_factor` to every parameter group."""
        factor = lr_factor(self.clock.progress(trainer), self.config.schedule, self.config.warmup)
        self.current = self.config.lr * factor
        for optimiser in trainer.optimizers:
            for group in optimiser.param_groups:
                group["lr"] = self.current * group[LR_SHARE]
