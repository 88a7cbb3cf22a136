"""When to give up waiting for a better score."""

from __future__ import annotations

import math
from dataclasses import dataclass

from cpam_train.config import StopConfig


@dataclass
class Patience:
    """Early stopping with a patience that a new best extends.

    A new best at epoch e (counted from 1) lets the run go on at least until epoch ``e * patience_multiplier``, and
    never less than `patience` epochs beyond it.

    Attributes
    ----------
    best, best_epoch
        Highest score so far and its epoch; 0 before the first.
    deadline
        The run stops after this epoch if no new best comes.
    """

    config: StopConfig
    best: float = -math.inf
    best_epoch: int = 0
    deadline: float = 0

    def update(self, epoch: int, score: float) -> bool:
        """Take in the score of an epoch and return whether it is a new best."""
        if not self.best_epoch:
            self.deadline = epoch + self.config.patience
        improved = not math.isnan(score) and (score > self.best + self.config.min_gain or not self.best_epoch)
        if improved:
            self.best, self.best_epoch = score, epoch
            self.deadline = max(epoch + self.config.patience, epoch * self.config.patience_multiplier)
        return improved

    def over(self, epoch: int) -> bool:
        """Whether to stop after this epoch."""
        return epoch >= self.deadline
