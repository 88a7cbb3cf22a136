"""Calls timed in turns, so that a busy machine slows all of them."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

from benchmarks.row import Row, Runs, Wanted


def turns(runs: int, *calls: Callable[[], object], before: Callable[[], object] | None = None) -> list[Runs]:
    """Return the seconds of each call, run by run, after one run that does not count."""
    taken: list[list[float]] = [[] for _ in calls]
    for run in range(runs + 1):
        for call, seconds in zip(calls, taken, strict=True):
            if before is not None:
                before()
            start = perf_counter()
            call()
            if run:
                seconds.append(perf_counter() - start)
    return [tuple(seconds) for seconds in taken]


def beside(words: str, unit: str, runs: int, call: Callable[[], object], wanted: Wanted | None = None) -> Row:
    """Return a row without a peer."""
    return Row(words, unit, turns(runs, call)[0], wanted=wanted)
