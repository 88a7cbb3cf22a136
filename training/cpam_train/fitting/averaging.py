"""Averaged weights (EMA): validated and kept instead of the last step's."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from lightning.pytorch.callbacks import WeightAveraging
from torch import Tensor

from cpam_train.run_folder import state_of


def warmed_decay(decay: float, updates: int) -> float:
    """Return the decay after some updates: short memory at first, so that the random start is forgotten."""
    return min(decay, (1 + updates) / (10 + updates))


class Averaging(WeightAveraging):
    """Averages parameters and normalisation statistics after every step.

    Parameters
    ----------
    decay
        Of the average, 0..1: how much of it a step leaves.
    """

    def __init__(self, decay: float) -> None:
        super().__init__(multi_avg_fn=_average(decay))

    @property
    def latest_step(self) -> int:
        """The step after which the average was last brought up to date."""
        return self._latest_update_step

    def tensors(self) -> dict[str, Tensor]:
        """Return the average by name, tensors of any shape on the CPU."""
        return {} if self._average_model is None else state_of(self._average_model)

    def take_up(self, tensors: dict[str, Tensor], step: int) -> None:
        """Go on with the average of an earlier part of the run, of any shape, brought up to date after `step`."""
        if self._average_model is not None:
            self._average_model.load_state_dict(tensors)
        self._latest_update_step = step


def _average(decay: float) -> Callable[[Sequence[Tensor], Sequence[Tensor], Tensor | int], None]:
    @torch.no_grad()
    def update(averaged: Sequence[Tensor], current: Sequence[Tensor], updates: Tensor | int) -> None:
        weight = 1 - warmed_decay(decay, int(updates))
        for mean, value in zip(averaged, current, strict=True):
            if torch.is_floating_point(mean):
                mean.lerp_(value, weight)
            else:
                mean.copy_(value)

    return update
