"""What is searched: the source paper's ranges, as paths into the training config.

The paper's lr = 10^-p with p "from -3 to -5" is read as p from 3 to 5, its "patch size" as the crop edge of training
images (CPAM's token grid is searched apart from it), and its alpha, fixed at 0.25 there, is searched from 0.25 to 0.9.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import optuna

from cpam_train.presets import require_kind
from napari_cpam_stroke.errors import ConfigError, nearest

GRID_STEPS = 3
"""Values a continuous setting takes in a grid search."""


@dataclass(frozen=True)
class Real:
    """A number in a range, on a linear or logarithmic scale."""

    low: float
    high: float
    log: bool = False

    def suggest(self, trial: optuna.Trial, name: str) -> float:
        """Return the trial's value."""
        return trial.suggest_float(name, self.low, self.high, log=self.log)

    def grid(self) -> list[Any]:
        """Return `GRID_STEPS` values from end to end."""
        steps = [i / (GRID_STEPS - 1) for i in range(GRID_STEPS)]
        if self.log:
            return [self.low * (self.high / self.low) ** s for s in steps]
        return [self.low + (self.high - self.low) * s for s in steps]


@dataclass(frozen=True)
class Whole:
    """A whole number in a range."""

    low: int
    high: int
    step: int = 1

    def suggest(self, trial: optuna.Trial, name: str) -> int:
        """Return the trial's value."""
        return trial.suggest_int(name, self.low, self.high, step=self.step)

    def grid(self) -> list[Any]:
        """Return `GRID_STEPS` values from end to end."""
        steps = (self.high - self.low) // self.step
        return sorted({self.low + self.step * round(steps * i / (GRID_STEPS - 1)) for i in range(GRID_STEPS)})


@dataclass(frozen=True)
class OneOf:
    """One of some values."""

    values: tuple[Any, ...]

    def suggest(self, trial: optuna.Trial, name: str) -> Any:
        """Return the trial's value."""
        return trial.suggest_categorical(name, list(self.values))

    def grid(self) -> list[Any]:
        """Return the values."""
        return list(self.values)


Range = Real | Whole | OneOf
Space = dict[str, Range]

COMMON: Space = {
    "optim.lr": Real(1e-5, 1e-3, log=True),
    "data.batch_size": OneOf((16, 32, 64, 128)),
    "epochs": Whole(50, 200, 10),
    "model.dropout": Real(0.1, 0.5),
    "stop.patience": Whole(5, 40, 5),
    "stop.patience_multiplier": Real(1.0, 3.0),
}
"""Of the paper; lr = 10^-p, batch = 2^q."""

SEGMENTER: Space = {
    "augment.crop_size": OneOf((32, 64, 128, 256)),
    "model.attention.heads": OneOf((1, 2, 4, 8)),
    "model.attention.similarity": OneOf(("scaled_dot", "cosine", "additive")),
    "model.attention.dropout": Real(0.0, 0.5),
    "model.attention.token_grid": OneOf((8, 16, 32)),
    "loss.alpha": Real(0.25, 0.9),
    "loss.gamma": Real(0.5, 4.0),
}
"""Crop = 2^t; the rest by CPAM."""

CLASSIFIER: Space = {"model.freeze_backbone": OneOf((False, True)), "loss.label_smoothing": Real(0.0, 0.1)}

PROMPTED: Space = {
    "data.batch_size": OneOf((4, 8, 16)),
    "prompts.smallest_mm": Real(60.0, 140.0),
    "preprocess.size": OneOf((128, 160, 192, 224)),
    "optim.encoder_lr_share": Real(0.1, 1.0),
    "model.attention.heads": OneOf((1, 2, 4, 8)),
    "model.attention.token_grid": OneOf((8, 16, 32)),
}
"""How much is looked at, how finely, and CPAM. The paper has no prompts."""

LITEMEDSAM: Space = {
    "data.batch_size": OneOf((2, 4, 8)),
    "data.per_patient": OneOf((2, 4, 8)),
    "optim.ema": Real(0.9, 0.999),
}
"""Its network and its input are as published."""

OWN: dict[str, Space] = {
    "segmenter": SEGMENTER,
    "classifier": CLASSIFIER,
    "prompted": PROMPTED,
    "litemedsam": LITEMEDSAM,
}

WITHOUT_MEANING = {"litemedsam": ("model.dropout",)}
"""Of the common ones, by kind."""


def search_space(kind: str, *, only: tuple[str, ...] = (), fixed: tuple[str, ...] = ()) -> Space:
    """Return the settings to search.

    Parameters
    ----------
    only
        Search just these; empty: all.
    fixed
        Settings the user has set, which are therefore not searched.

    Raises
    ------
    ConfigError
        For a kind that does not exist, a setting that is not in the space, or if nothing is left.
    """
    require_kind(kind)
    space = {n: r for n, r in (COMMON | OWN[kind]).items() if n not in WITHOUT_MEANING.get(kind, ())}
    for name in only:
        if name not in space:
            raise ConfigError(
                f"The search does not know {name!r}{nearest(name, list(space))}", expected=", ".join(space)
            )
    chosen = {n: r for n, r in space.items() if (not only or n in only) and n not in fixed}
    if not chosen:
        raise ConfigError("There is nothing left to search", remedy="fix fewer settings by --set")
    return chosen


def suggested(trial: optuna.Trial, space: Mapping[str, Range]) -> dict[str, Any]:
    """Return a value for every setting of the space."""
    return {name: values.suggest(trial, name) for name, values in space.items()}


def as_overrides(values: Mapping[str, Any]) -> list[str]:
    """Return values as `a.b=value` strings that the training config takes."""
    import json

    return [f"{name}={json.dumps(value)}" for name, value in values.items()]
