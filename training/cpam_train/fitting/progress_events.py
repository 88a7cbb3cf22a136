"""How far a run is, as plain values for a program that watches it: one event at a time, with the time left."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

from cpam_train.fitting.best_weights import Keeper
from cpam_train.fitting.schedule import WallClock

Event = dict[str, Any]
"""JSON-ready; `stage` is preparing, training, epoch, judging, done, stopped or failed."""

Report = Callable[[Event], None]
"""Takes an event."""

EVENT_INTERVAL_S = 1.0
"""At most one event of the stage `training` in so many seconds."""


class ProgressEvents(Callback):
    """Reports where a run stands, every second or so, and the figures of every epoch that is over."""

    def __init__(self, report: Report, clock: WallClock, keeper: Keeper) -> None:
        self.report, self.clock, self.keeper = report, clock, keeper
        self._latest = -math.inf

    def on_train_batch_end(self, trainer: Trainer, *_: Any) -> None:
        """Report how far the run is, unless that was said just now."""
        now = time.monotonic()
        if trainer.is_global_zero and now - self._latest >= EVENT_INTERVAL_S:
            self._latest = now
            self.report({"stage": "training", **self._place(trainer)})

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        """Report losses, score and the figures of each class."""
        if not trainer.is_global_zero or self.keeper.last is None:
            return
        losses = {
            name.replace("/", "_"): _number(trainer.callback_metrics.get(name))
            for name in ("train/loss", "validation/loss")
        }
        figures = {name: _number(value) for name, value in self.keeper.last.parts.items()}
        best = {"score": _number(self.keeper.last.score), "best_epoch": self.keeper.patience.best_epoch}
        self.report({"stage": "epoch", **self._place(trainer), **losses, **best, **figures})

    def _place(self, trainer: Trainer) -> Event:
        done, elapsed = self.clock.progress(trainer), self.clock.elapsed_s
        return {
            "epoch": trainer.current_epoch + 1,
            "epochs": trainer.max_epochs,
            "step": trainer.global_step,
            "done": round(done, 4),
            "seconds": round(elapsed, 1),
            "seconds_left": round(elapsed * (1 - done) / done, 1) if done > 0 else None,
        }


def _number(value: Any) -> float | None:
    """Return a figure as JSON takes it: what is no number is nothing."""
    number = math.nan if value is None else float(value)
    return round(number, 6) if math.isfinite(number) else None
