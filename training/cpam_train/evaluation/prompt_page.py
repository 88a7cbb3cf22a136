"""The page on prompts: tables with intervals over patients, and the curves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cpam_train.evaluation.markdown import markdown_table
from cpam_train.evaluation.prompt_reading import Reading
from cpam_train.metrics.bootstrap import Estimate, estimate, mean_of, paired_difference
from napari_cpam_stroke.core.labels import CLASS_NAMES

STEPS = (0, 1, 2, 3, 5, 10)
"""Numbers of prompts the tables show."""

STRATA_PROMPTS, COMPARED_PROMPTS = (1, 3), (1, 3, 5)
"""Of the tables by size and source, and of the differences."""

GOALS = (0.80, 0.90)
SIZES_CM2 = ((0.0, 2.0), (2.0, 10.0), (10.0, float("inf")))
PAGE, PICTURE = "prompts.md", "prompts.png"
SAME = 0.001
"""Dice that differ by less are equal."""

NEVER = "-"

INTRODUCTION = (
    "{slices} lesion slices of {patients} patients on whom nothing was trained, at most two of a patient and class. A "
    "simulated reader starts from nothing and, prompt after prompt, points at the largest error left. The exact reader "
    "points at random inside it; the clumsy one is off by millimetres (2.5 mm standard deviation), near the rim in 3 "
    "of 10 and on the wrong side of it in 1 of 20. Mean Dice over slices [95 % interval over patients]. People point "
    "otherwise than either: these figures compare engines. Research use only."
)


def write_page(readings: Sequence[Reading], folder: Path, *, remarks: str = "") -> Path:
    """Write the page and its picture into a folder; returns the page."""
    draw_curves(readings, folder / PICTURE)
    page = folder / PAGE
    page.write_text(page_text(readings, remarks=remarks), encoding="utf-8")
    return page


def page_text(readings: Sequence[Reading], *, remarks: str = "") -> str:
    """Return the page as Markdown."""
    slices = {(_slice_of(r), r.lesion_class) for r in readings}
    parts = [
        "# Prompts: how far a few points or a box lead",
        INTRODUCTION.format(slices=len(slices), patients=len({r.patient_id for r in readings})),
        *([remarks] if remarks else []),
        f"![Dice by number of prompts]({PICTURE})",
    ]
    for (reader, first), part in _grouped(readings, lambda r: (r.reader, r.first)):
        parts.append(f"## The {reader} reader, a {first} first")
        for name in CLASS_NAMES:
            chosen = [r for r in part if r.lesion_class == name]
            if chosen:
                parts += [f"### {name.capitalize()}", _dice_table(chosen), _speed_table(chosen)]
    own = [r for r in readings if r.engine == readings[0].engine]
    by_points = [r for r in own if r.first == "point" and len(r.dice) > STRATA_PROMPTS[-1]]
    parts += [f"## {readings[0].engine} by size and by source", _strata_table(by_points)]
    parts += ["## Against the other engines", _difference_table(readings)]
    return "\n\n".join(parts) + "\n"


def _dice_table(readings: Sequence[Reading]) -> str:
    steps = [n for n in STEPS if n < len(readings[0].dice)]
    rows = [
        [engine, *(str(mean_dice(part, n)) for n in steps)] for engine, part in _grouped(readings, lambda r: r.engine)
    ]
    return markdown_table(["Engine", *map(_prompts, steps)], rows)


def _speed_table(readings: Sequence[Reading]) -> str:
    """Return prompts to each goal, how often one more prompt made it no worse, and prompts refused."""
    head = ["Engine", *(f"prompts to {goal:.2f} (reached)" for goal in GOALS), "one more prompt no worse", "refused"]
    rows = []
    for engine, part in _grouped(readings, lambda r: r.engine):
        given = sum(len(r.dice) - 1 for r in part)
        rows.append(
            [
                engine,
                *(_to_goal(part, goal) for goal in GOALS),
                f"{no_worse(part):.1%}",
                f"{sum(r.refused for r in part)} of {given}",
            ]
        )
    return markdown_table(head, rows)


def _strata_table(readings: Sequence[Reading]) -> str:
    rows = []
    for (name, reader), part in _grouped(readings, lambda r: (r.lesion_class, r.reader)):
        strata = [
            (f"{low:g} to {high:g} cm2" if np.isfinite(high) else f"above {low:g} cm2", _sized(part, low, high))
            for low, high in SIZES_CM2
        ]
        strata += [(source, [r for r in part if r.source == source]) for source in sorted({r.source for r in part})]
        rows += [
            [name, reader, title, str(len(cut)), *(str(mean_dice(cut, n)) for n in STRATA_PROMPTS)]
            for title, cut in strata
            if cut
        ]
    return markdown_table(["Class", "Reader", "Which", "Slices", *map(_prompts, STRATA_PROMPTS)], rows)


def _prompts(number: int) -> str:
    return "1 prompt" if number == 1 else f"{number} prompts"


def _difference_table(readings: Sequence[Reading]) -> str:
    """Return the first engine minus each other one, paired by slice."""
    engines = list(dict.fromkeys(r.engine for r in readings))
    rows = []
    for key, part in _grouped(readings, lambda r: (r.reader, r.first, r.lesion_class)):
        own = {_slice_of(r): r for r in part if r.engine == engines[0]}
        for other in engines[1:]:
            pairs = [(own[_slice_of(r)], r) for r in part if r.engine == other and _slice_of(r) in own]
            if pairs:
                cells = [str(_difference(pairs, n)) if n < len(pairs[0][0].dice) else NEVER for n in COMPARED_PROMPTS]
                rows.append([*key, f"{engines[0]} - {other}", *cells])
    return markdown_table(["Reader", "First", "Class", "Difference", *map(_prompts, COMPARED_PROMPTS)], rows)


def _slice_of(reading: Reading) -> tuple[str, int]:
    return reading.case_id, reading.slice_index


def _difference(pairs: Sequence[tuple[Reading, Reading]], prompts: int) -> Estimate:
    first, second = ([pair[k].dice[prompts] for pair in pairs] for k in (0, 1))
    return paired_difference(first, second, [one.patient_id for one, _ in pairs])


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


def _to_goal(readings: Sequence[Reading], goal: float) -> str:
    needed = [prompts_to(r, goal) for r in readings]
    reached = [n for n in needed if n is not None]
    median = f"{np.median(reached):g}" if reached else NEVER
    return f"{median} ({len(reached) / len(needed):.0%})"


def _sized(readings: Sequence[Reading], low: float, high: float) -> list[Reading]:
    return [r for r in readings if low <= r.area_cm2 < high]


def _grouped(readings: Iterable[Reading], key: Callable[[Reading], Any]) -> Iterable[tuple[Any, list[Reading]]]:
    """Return each key with its readings, in order of first appearance."""
    groups: dict[Any, list[Reading]] = {}
    for reading in readings:
        groups.setdefault(key(reading), []).append(reading)
    return groups.items()


def draw_curves(readings: Sequence[Reading], file: Path) -> None:
    """Draw mean Dice by number of prompts, a panel per class and start, a line per engine."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    panels = list(_grouped(readings, lambda r: (r.lesion_class, r.reader, r.first)))
    columns = max(len(panels) // len({key[0] for key, _ in panels}), 1)
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(4 * columns, 3.2 * rows), layout="constrained")
    FigureCanvasAgg(figure)
    axes = np.atleast_1d(figure.subplots(rows, columns, sharey=True, squeeze=False)).ravel()
    for axis, ((name, reader, first), part) in zip(axes, sorted(panels, key=lambda each: str(each[0])), strict=False):
        for engine, own in _grouped(part, lambda r: r.engine):
            axis.plot(np.mean([r.dice for r in own], axis=0), marker=".", label=engine)
        axis.set_title(f"{name}, {reader} reader, {first} first", fontsize=9)
        axis.set_xlabel("prompts")
        axis.set_ylim(0, 1)
        axis.grid(alpha=0.3)
    axes[0].set_ylabel("mean Dice")
    axes[0].legend(fontsize=8)
    figure.savefig(file, dpi=110)
