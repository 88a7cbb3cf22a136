"""The settings of a run that goes on: those it was begun with, and how far it goes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cpam_train.config import TrainConfig
from cpam_train.presets import changed, leaves
from cpam_train.run_folder import RunFolder
from napari_cpam_stroke.config import plain
from napari_cpam_stroke.errors import ConfigError

EXTENDABLE = ("epochs", "max_steps", "stop", "data.workers", "data.cache")
"""What may change in a run that goes on: how far it goes and how its slices are read, not what it learns."""


def extended(run: RunFolder, *, file: Path | None = None, overrides: Sequence[str] = ()) -> TrainConfig:
    """Return the settings of a run with a file and each `a.b=value` laid over them.

    Raises
    ------
    ConfigError
        If another setting than those of `EXTENDABLE` would change.
    InputError
        If there is no run.
    """
    before = run.config()
    after = changed(before, file=file, overrides=overrides)
    require_kept(
        before,
        after,
        EXTENDABLE,
        told="A run that goes on",
        remedy=f"or begin a new run from this one: --from {run.path}",
    )
    return after


def require_kept(before: TrainConfig, after: TrainConfig, free: Sequence[str], *, told: str, remedy: str) -> None:
    """Refuse settings that differ in more than those that are free, by name or group.

    Parameters
    ----------
    told
        What keeps its settings, as the beginning of the refusal.
    remedy
        What to do in the place of changing only what is free.

    Raises
    ------
    ConfigError
        Naming the first that differs.
    """
    old, new = dict(leaves(plain(before))), dict(leaves(plain(after)))
    for name, value in new.items():
        if old.get(name) != value and not any(name == e or name.startswith(f"{e}.") for e in free):
            raise ConfigError(
                f"{told} keeps its {name}",
                got=repr(value),
                expected=repr(old.get(name)),
                remedy=f"change only {', '.join(free)}, {remedy}",
            )
