"""Averaged weights (EMA): validated and kept instead of the last step's."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from lightning.pytorch.callbacks import WeightAveraging
from torch import Tensor


def warmed_decay(decay: float, updates: int) -> float:
    """Return the decay after some updates: short memory at first, so that the random start is forgotten."""
    return min(decay, (1 + updates) / (10 + updates))


def ema(decay: float) -> WeightAveraging:
    """Return the callback that averages parameters and normalisation statistics after every step."""
    return WeightAveraging(multi_avg_fn=_average(decay))


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
