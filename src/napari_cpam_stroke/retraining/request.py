"""What a reader asks of a retraining, and the command line that does it."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import Field, TypeAdapter
from pydantic.dataclasses import dataclass

from napari_cpam_stroke.bundles.card import NAME_PATTERN
from napari_cpam_stroke.config import STRICT
from napari_cpam_stroke.errors import InputError

Preset = Literal["quick", "thorough", "tune"]
PRESETS: tuple[Preset, ...] = get_args(Preset)

QUICK_MINUTES, TRIAL_MINUTES = 15, 10
"""How long a quick training takes, and each trial of a search, without judging."""

TRIALS = 12
"""Trainings of a search, the best of which is then done thoroughly."""

FIXED: Mapping[Preset, tuple[str, ...]] = {
    "quick": (f"stop.max_minutes={QUICK_MINUTES}",),
    "thorough": (),
    "tune": ("stop.max_minutes=null",),
}
"""Settings of the training that a preset ends with."""

TRAINER = (sys.executable, "-m", "cpam_train.cli")


@dataclass(frozen=True, config=STRICT)
class Request:
    """One retraining, as it was asked for.

    Attributes
    ----------
    store
        Folder or PostgreSQL address, without a password.
    start
        The model it begins from: a name, or name@version.
    name
        What the new model shall be called.
    settings
        Further settings of the training, as `a.b=value`.
    """

    store: str
    start: str
    name: Annotated[str, Field(pattern=NAME_PATTERN)]
    preset: Preset = "quick"
    settings: tuple[str, ...] = ()

    def searching(self, study: Path) -> list[str]:
        """Return the command that searches settings, with everything it leaves in a folder."""
        limit = _set((f"stop.max_minutes={TRIAL_MINUTES}", *self.settings))
        place = ["--study", self.name, "--out", str(study), "--trials", str(TRIALS)]
        return [*TRAINER, "tune", "segmenter", "--store", self.store, *place, "--from", self.start, *limit]

    def fitting(self, run: Path, *, found: Path | None, resume: bool) -> list[str]:
        """Return the command that trains.

        Parameters
        ----------
        found
            Settings that a search found; None: those of the model it begins from.
        resume
            Go on with what is in the run folder.
        """
        begin = ["--from", self.start] if found is None else ["--config", str(found)]
        given = _set((*FIXED[self.preset], *self.settings))
        place = ["--store", self.store, "--run", str(run), "--progress", "jsonl", *(["--resume"] if resume else [])]
        return [*TRAINER, "fit", "segmenter", *place, *begin, *given]


def judging(run: Path, store: str, name: str) -> list[str]:
    """Return the command that compares a run with the model it would follow, and publishes nothing."""
    return [*taking(run, store, name, ""), "--dry-run"]


def taking(run: Path, store: str, name: str, insist: str) -> list[str]:
    """Return the command that publishes a run.

    Parameters
    ----------
    insist
        Why it is taken though it is not shown to be better, for its card; empty: only if it is.
    """
    why = ["--insist", insist] if insist else []
    return [*TRAINER, "promote", str(run), "--name", name, "--store", store, "--progress", "jsonl", *why]


def settings_in(text: str) -> tuple[str, ...]:
    """Return the settings of a line such as ``epochs=20 data.workers=0``.

    Raises
    ------
    InputError
        If a word of it is no setting.
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise InputError(
            "The settings cannot be read", got=repr(text), expected="a.b=value, parted by spaces"
        ) from error
    for word in words:
        if "=" not in word.strip("="):
            raise InputError("This is no setting", got=repr(word), expected="a.b=value, parted by spaces")
    return tuple(words)


def request_to_json(request: Request) -> str:
    """Return a request as text that `request_from_json` reads."""
    return json.dumps(asdict(request), indent=1)


def request_from_json(text: str) -> Request:
    """Return a request.

    Raises
    ------
    ValueError
        If the text is no request.
    """
    return TypeAdapter(Request).validate_json(text)


def _set(settings: tuple[str, ...]) -> list[str]:
    return [part for setting in settings for part in ("--set", setting)]
