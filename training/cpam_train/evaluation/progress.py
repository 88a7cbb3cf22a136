"""Showing a person how far a long job is."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager

from napari_cpam_stroke.progress import Progress

ProgressBar = Callable[[str], AbstractContextManager[Progress]]
"""Shows a bar under a name, and gives what moves it."""

LINE_INTERVAL_S = 30.0
"""Where output is no terminal, and so no bar can be drawn, a line says how far a job is at most so often."""


class Spacing:
    """Tells when enough time has gone by since the last line, or since the beginning."""

    def __init__(self) -> None:
        self.latest = time.monotonic()

    def due(self) -> bool:
        """Whether it is time for another line; then the next one is due as long after."""
        now = time.monotonic()
        if now - self.latest < LINE_INTERVAL_S:
            return False
        self.latest = now
        return True


class ProgressLines:
    """Says how far a job is, with the time left, in a line now and then; called as a `Progress`."""

    def __init__(self, name: str, say: Callable[[str], object]) -> None:
        self.name, self.say = name, say
        self.begun, self.spacing = time.monotonic(), Spacing()

    def __call__(self, done: int, total: int) -> None:
        """Tell of steps done and steps in all."""
        if 0 < done < total and self.spacing.due():
            seconds = (time.monotonic() - self.begun) * (total - done) / done
            self.say(f"{self.name}: {done} of {total}, {time_left(seconds)}")


def time_left(seconds: float) -> str:
    """Return how long a job will still take, in words."""
    minutes = seconds / 60
    return f"about {minutes:.0f} min left" if minutes >= 1 else "less than 1 min left"
