"""What a training tells while it goes on: one JSON object a line, read as far as it is written."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from napari_cpam_stroke.files import json_values, open_regular

MOST_BYTES = 64 * 1024
"""Read at once, a few hundred lines: a window shows them without a halt."""

Event = Mapping[str, Any]


class EventFile:
    """Reads what was added to a file since the last look; a line that is half written waits for its end."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._position, self._half = 0, b""

    def read(self) -> list[Event]:
        """Return the next events; none where nothing was added. What is no JSON object is passed over."""
        try:
            with os.fdopen(open_regular(self.path, follow=True), "rb") as stream:
                if self._position > stream.seek(0, 2):
                    self._position, self._half = 0, b""
                stream.seek(self._position)
                found = stream.read(MOST_BYTES)
        except OSError:
            return []
        self._position += len(found)
        *lines, self._half = (self._half + found).split(b"\n")
        return [event for line in lines if (event := _event(line)) is not None]

    def read_all(self) -> list[Event]:
        """Return all events that are left, however many."""
        events: list[Event] = []
        before = -1
        while before != self._position:
            before = self._position
            events += self.read()
        return events


@dataclass(frozen=True)
class Epoch:
    """The figures of one epoch; what is no number is None.

    Attributes
    ----------
    dice
        Of validation slices, by class.
    """

    number: int
    train_loss: float | None
    validation_loss: float | None
    score: float | None
    dice: dict[str, float]


@dataclass(frozen=True)
class Standing:
    """Where a training stands.

    Attributes
    ----------
    stage
        Of the last event: preparing, training, epoch, judging, done, stopped, failed; empty before the first.
    done
        Share of the training, 0..1.
    seconds_left
        None while nobody can tell.
    error
        Why it failed, one sentence.
    """

    stage: str = ""
    epoch: int = 0
    epochs: int = 0
    done: float = 0.0
    seconds_left: float | None = None
    best_epoch: int = 0
    error: str = ""
    curve: tuple[Epoch, ...] = ()

    def after(self, events: Iterable[Event]) -> Standing:
        """Return where it stands after further events."""
        standing = self
        for event in events:
            standing = standing._next(event)
        return standing

    def _next(self, event: Event) -> Standing:
        told = replace(
            self,
            stage=str(event.get("stage", self.stage)),
            error=str(event.get("error", "")),
            epoch=_whole(event.get("epoch"), self.epoch),
            epochs=_whole(event.get("epochs"), self.epochs),
            done=_number(event.get("done")) or self.done,
            seconds_left=_number(event.get("seconds_left")),
            best_epoch=_whole(event.get("best_epoch"), self.best_epoch),
        )
        return replace(told, curve=_extended(self.curve, event)) if event.get("stage") == "epoch" else told


def _extended(curve: tuple[Epoch, ...], event: Event) -> tuple[Epoch, ...]:
    """Return a curve with the epoch of an event; after a resumed run, epochs done again take the place of the old."""
    number = _whole(event.get("epoch"), len(curve) + 1)
    dice = {
        name.removeprefix("dice_"): value
        for name, told in event.items()
        if name.startswith("dice_") and (value := _number(told)) is not None
    }
    losses = _number(event.get("train_loss")), _number(event.get("validation_loss"))
    return (*(e for e in curve if e.number < number), Epoch(number, *losses, _number(event.get("score")), dice))


def _event(line: bytes) -> Event | None:
    try:
        found = json_values(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _whole(value: Any, otherwise: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else otherwise
