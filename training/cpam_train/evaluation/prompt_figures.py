"""Figures of prompts: means with intervals, prompts to a goal, and how they are grouped."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from cpam_train.evaluation.prompt_record import Reading
from cpam_train.metrics.bootstrap import Estimate, estimate, mean_of

SAME = 0.001
"""Dice that differ by less are equal."""

NEVER = "-"


def mean_dice(readings: Sequence[Reading], prompts: int) -> Estimate:
    """Return the mean Dice after so many prompts."""
    return estimate(mean_of([r.dice[prompts] for r in readings]), [r.patient_id for r in readings])


def prompts_to(reading: Reading, goal: float) -> int | None:
    """Return the fewest prompts after which Dice is at least the goal, None where it never is."""
    return next((n for n, figure in enumerate(reading.dice) if figure >= goal), None)


def no_worse(readings: Iterable[Reading]) -> float:
    """Return the share of prompts after the first that did not lower Dice."""
    steps = np.concatenate([np.diff(r.dice[1:]) for r in readings])
    return float((steps > -SAME).mean()) if steps.size else float("nan")


def median_of(needed: Sequence[int | None]) -> str:
    """Return the median of those that are known, and the share that is."""
    reached = [n for n in needed if n is not None]
    median = f"{np.median(reached):g}" if reached else NEVER
    return f"{median} ({len(reached) / len(needed):.0%})"


def grouped(readings: Iterable[Reading], key: Callable[[Reading], Any]) -> Iterable[tuple[Any, list[Reading]]]:
    """Return each key with its readings, in order of first appearance."""
    groups: dict[Any, list[Reading]] = {}
    for reading in readings:
        groups.setdefault(key(reading), []).append(reading)
    return groups.items()


def slice_of(reading: Reading) -> tuple[str, int]:
    """Return what tells the slices of a store apart."""
    return reading.case_id, reading.slice_index
