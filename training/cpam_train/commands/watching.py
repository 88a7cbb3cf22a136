"""How a run is watched: lines for a person, or JSON lines for a program, which are also kept in the run folder."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from cpam_train.commands.common import console, errors, progress_bar
from napari_cpam_stroke.errors import CancelledError, ConfigError, CpamError, nearest

if TYPE_CHECKING:
    from cpam_train.evaluation.progress import ProgressBar
    from cpam_train.fitting.fit import FitResult
    from napari_cpam_stroke.progress import Progress

WAYS = ("lines", "jsonl")

EVENTS_FILE = "progress.jsonl"
"""In the run folder: the events of all its parts, so that a program that comes later finds where the run stands."""


@dataclass(frozen=True)
class Watch:
    """Where a run tells how far it is.

    Attributes
    ----------
    console
        For sentences: standard output, or standard error where that is kept for events.
    run
        Folder of the run; None where nobody watches by events.
    """

    console: Console
    run: Path | None = None

    @property
    def report(self) -> Any:
        """What takes an event; None where nobody asked for events."""
        return None if self.run is None else self._write

    def _write(self, event: dict[str, Any]) -> None:
        line = write_event(event)
        if self.run is not None and self.run.is_dir():
            with (self.run / EVENTS_FILE).open("a", encoding="utf-8") as stream:
                stream.write(f"{line}\n")

    def end(self, result: FitResult) -> None:
        """Report the last event of a run that came to an end, or was stopped."""
        if self.run is not None:
            stage = "stopped" if result.interrupted else "done"
            score = round(result.score, 6) if result.best_epoch else None
            self._write({"stage": stage, "run": str(self.run), "score": score, "best_epoch": result.best_epoch})

    @contextmanager
    def failures(self) -> Iterator[None]:
        """Report a failure as an event too, in the sentence that the command ends with."""
        try:
            yield
        except CpamError as error:
            if self.run is not None:
                stage = "stopped" if isinstance(error, CancelledError) else "failed"
                self._write({"stage": stage, "error": str(error)})
            raise


@dataclass(frozen=True)
class Telling:
    """Where a command that judges tells what it finds, and how far it is."""

    console: Console
    bar: ProgressBar


def progress_of(way: str) -> Telling:
    """Return how a command is watched that leaves no run: bars for a person, or events for a program.

    Raises
    ------
    ConfigError
        For a way that does not exist.
    """
    _require_way(way)
    return Telling(console, progress_bar) if way == "lines" else Telling(errors, event_bar)


@contextmanager
def event_bar(name: str) -> Iterator[Progress]:
    """Report steps as events; yields what reports them."""

    def report(done: int, total: int) -> None:
        write_event({"stage": name, "done": done, "total": total})

    yield report


def write_event(event: dict[str, Any]) -> str:
    """Write an event to standard output; return its line."""
    line = json.dumps(event)
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
    return line


def watch_of(way: str, run: Path) -> Watch:
    """Return how a run is watched.

    Raises
    ------
    ConfigError
        For a way that does not exist.
    """
    _require_way(way)
    return Watch(console) if way == "lines" else Watch(errors, run)


def _require_way(way: str) -> None:
    if way not in WAYS:
        raise ConfigError(f"There is no --progress {way!r}{nearest(way, WAYS)}", expected=" or ".join(WAYS))
