"""What a person sees while a run goes on: a bar with the time left, and one line per epoch; and a gentle Ctrl-C."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from cpam_train.evaluation.progress import Spacing, time_left
from cpam_train.fitting.best_weights import Keeper
from cpam_train.fitting.schedule import WallClock


class RunProgress(Callback):
    """A bar over the whole run, or lines now and then where none can be drawn, and a line for every finished epoch."""

    def __init__(self, console: Console, clock: WallClock, keeper: Keeper) -> None:
        self.console, self.clock, self.keeper = console, clock, keeper
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
        self.bar = Progress(
            *columns,
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self.job = self.bar.add_task("training", total=1.0, left="")
        self.spacing = Spacing()

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        """Show the bar."""
        if trainer.is_global_zero:
            self.bar.start()

    def on_train_batch_end(self, trainer: Trainer, *_: Any) -> None:
        """Move the bar, or say how far the run is."""
        done = self.clock.progress(trainer)
        if not self.console.is_terminal and trainer.is_global_zero and self.spacing.due():
            self.console.print(f"epoch {trainer.current_epoch + 1:3d}  {done:.0%} of the run  {self._left(done)}")
        self.bar.update(
            self.job, completed=done, left=self._left(done), description=f"epoch {trainer.current_epoch + 1}"
        )

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        """Print the line of this epoch."""
        if not trainer.is_global_zero or self.keeper.last is None:
            return
        metrics, patience = trainer.callback_metrics, self.keeper.patience
        parts = "  ".join(f"{k} {v:.3f}" for k, v in self.keeper.last.parts.items() if k.startswith(("dice", "auc")))
        best = "  (best)" if patience.best_epoch == trainer.current_epoch + 1 else ""
        self.console.print(
            f"epoch {trainer.current_epoch + 1:3d}  loss {metrics.get('train/loss', float('nan')):.4f} / "
            f"{metrics.get('validation/loss', float('nan')):.4f}  score {self.keeper.last.score:.4f}{best}  {parts}  "
            f"{self.clock.elapsed_s / 60:.1f} min  {self._left(self.clock.progress(trainer))}",
            highlight=False,
            soft_wrap=True,
        )

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        """Take the bar away."""
        self.bar.stop()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:  # noqa: ARG002
        """Take the bar away."""
        self.bar.stop()

    def _left(self, done: float) -> str:
        if done <= 0:
            return ""
        return time_left(self.clock.elapsed_s * (1 - done) / done)


class StoppedMidEpochError(Exception):
    """Ctrl-C ended the run within an epoch, which then does not count."""


class GentleStop(Callback):
    """The first Ctrl-C ends the run after the running batch and keeps the best weights; a second one breaks off.

    An epoch that is broken off is neither judged nor logged; one whose last batch is done is finished first.
    """

    def __init__(self, console: Console) -> None:
        self.console = console
        self.asked = False
        self._before: Any = None

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        """Take over Ctrl-C."""
        if threading.current_thread() is not threading.main_thread():
            return

        def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
            self.asked = True
            signal.signal(signal.SIGINT, signal.default_int_handler)
            self.console.print("Stopping after this batch; the best weights are kept. Ctrl-C again breaks off.")

        self._before = signal.signal(signal.SIGINT, stop)

    def on_train_batch_end(self, trainer: Trainer, *_: Any) -> None:
        """Break off where it was asked for, in all processes together.

        Raises
        ------
        StoppedMidEpochError
            If the epoch has more batches.
        """
        if trainer.strategy.reduce_boolean_decision(self.asked, all=False):
            self.asked = True
            if not trainer.is_last_batch:
                raise StoppedMidEpochError

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        """Begin no further epoch where a stop was asked for."""
        if trainer.strategy.reduce_boolean_decision(self.asked, all=False):
            self.asked = trainer.should_stop = True

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:  # noqa: ARG002
        """Give Ctrl-C back."""
        self._give_back()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:  # noqa: ARG002
        """Give Ctrl-C back: a run that fails is not torn down."""
        self._give_back()

    def _give_back(self) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
            self._before = None
