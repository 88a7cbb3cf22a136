"""The page on prompts: tables with intervals over patients, and the curves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from cpam_train.evaluation.markdown import markdown_table
from cpam_train.evaluation.prompt_curves import draw_curves
from cpam_train.evaluation.prompt_figures import (
    NEVER,
    SAME,
    grouped,
    mean_dice,
    median_of,
    no_worse,
    prompts_to,
    slice_of,
)
from cpam_train.evaluation.prompt_record import BRUSH, NOTHING, STROKE, Reading
from cpam_train.metrics.bootstrap import Estimate, paired_difference
from napari_cpam_stroke.core.labels import CLASS_NAMES
from napari_cpam_stroke.files import write_whole

STEPS = (0, 1, 2, 3, 5, 10)
"""Numbers of prompts the tables show."""

STRATA_PROMPTS, COMPARED_PROMPTS = (1, 3), (1, 3, 5)
"""Of the tables by size and source, and of the differences."""

SAME_DICE_PROMPTS, CORRECTED_PROMPTS = (1, 3, 5, 10), (0, 1, 3, 5)
"""Of the table of strokes to the same Dice, and of that of corrections."""

GOALS = (0.80, 0.90)
SIZES_CM2 = ((0.0, 2.0), (2.0, 10.0), (10.0, float("inf")))
PAGE, PICTURE = "prompts.md", "prompts.png"
INTRODUCTION = (
    "{slices} lesion slices of {patients} patients on whom nothing was trained, at most two of a patient and class. A "
    "simulated reader starts from nothing and, prompt after prompt, points at the largest error left. The exact reader "
    "points at random inside it; the clumsy one is off by millimetres (2.5 mm standard deviation), near the rim in 3 "
    "of 10 and on the wrong side of it in 1 of 20. Mean Dice over slices [95 % interval over patients]. People point "
    "otherwise than either: these figures compare engines. Research use only."
)

BRUSH_REMARK = (
    "The brush is no engine: a hand as exact as the reader paints and erases straight strokes with the round brush of "
    "the room's first size (11 pixels wide), each over the largest error that it can mend, and knows which stroke "
    "mends most. Its rows count strokes where others count prompts."
)


def write_page(readings: Sequence[Reading], folder: Path, *, remarks: str = "") -> Path:
    """Write the page and its picture into a folder; returns the page."""
    draw_curves(readings, folder / PICTURE)
    page = folder / PAGE
    write_whole(page, page_text(readings, remarks=remarks))
    return page


def page_text(readings: Sequence[Reading], *, remarks: str = "") -> str:
    """Return the page as Markdown."""
    prompted = [r for r in readings if r.start == NOTHING and r.first != STROKE]
    strokes = [r for r in readings if r.start == NOTHING and r.first == STROKE]
    started = [r for r in readings if r.start != NOTHING]
    slices = {(slice_of(r), r.lesion_class) for r in prompted}
    parts = [
        "# Prompts: how far a few points or a box lead",
        INTRODUCTION.format(slices=len(slices), patients=len({r.patient_id for r in prompted})),
        *([BRUSH_REMARK] if strokes else []),
        *([remarks] if remarks else []),
        f"![Dice by number of prompts]({PICTURE})",
    ]
    for (reader, first), part in grouped(prompted, lambda r: (r.reader, r.first)):
        parts.append(f"## The {reader} reader, a {first} first")
        beside = [r for r in strokes if r.reader == reader]
        for name in CLASS_NAMES:
            chosen = [r for r in part + beside if r.lesion_class == name]
            if chosen:
                parts += [f"### {name.capitalize()}", _dice_table(chosen), _speed_table(chosen)]
    own = [r for r in prompted if r.engine == prompted[0].engine]
    by_points = [r for r in own if r.first == "point" and len(r.dice) > STRATA_PROMPTS[-1]]
    parts += [f"## {prompted[0].engine} by size and by source", _strata_table(by_points)]
    parts += ["## Against the other engines", _difference_table(prompted)]
    if strokes:
        parts += [f"## Strokes of a brush to the Dice of {own[0].engine}", _strokes_table(own, strokes)]
    if started:
        parts += [f"## Beginning from the mask of {started[0].start}", *_corrected(started)]
    return "\n\n".join(parts) + "\n"


def _dice_table(readings: Sequence[Reading]) -> str:
    steps = [n for n in STEPS if n < len(readings[0].dice)]
    return markdown_table(["Engine", *map(_prompts, steps)], _dice_rows(readings, steps))


def _dice_rows(readings: Sequence[Reading], steps: Sequence[int]) -> list[list[str]]:
    """Return each engine's mean Dice after so many prompts; one that was shown fewer slices than others says so."""
    engines = list(grouped(readings, lambda r: r.engine))
    most = max(len(part) for _, part in engines)
    return [
        [
            engine if len(part) == most else f"{engine} ({len(part)} of {most} slices)",
            *(str(mean_dice(part, n)) for n in steps),
        ]
        for engine, part in engines
    ]


def _speed_table(readings: Sequence[Reading]) -> str:
    """Return prompts to each goal, how often one more prompt made it no worse, and prompts refused."""
    head = ["Engine", *(f"prompts to {goal:.2f} (reached)" for goal in GOALS), "one more prompt no worse", "refused"]
    rows = []
    for engine, part in grouped(readings, lambda r: r.engine):
        given = sum(len(r.dice) - 1 for r in part)
        rows.append(
            [
                engine,
                *(_to_goal(part, goal) for goal in GOALS),
                f"{no_worse(part):.1%}",
                NEVER if engine == BRUSH else f"{sum(r.refused for r in part)} of {given}",
            ]
        )
    return markdown_table(head, rows)


def _strata_table(readings: Sequence[Reading]) -> str:
    rows = []
    for (name, reader), part in grouped(readings, lambda r: (r.lesion_class, r.reader)):
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
    for key, part in grouped(readings, lambda r: (r.reader, r.first, r.lesion_class)):
        own = {slice_of(r): r for r in part if r.engine == engines[0]}
        for other in engines[1:]:
            pairs = [(own[slice_of(r)], r) for r in part if r.engine == other and slice_of(r) in own]
            if pairs:
                cells = [str(_difference(pairs, n)) if n < len(pairs[0][0].dice) else NEVER for n in COMPARED_PROMPTS]
                rows.append([*key, f"{engines[0]} - {other}", *cells])
    return markdown_table(["Reader", "First", "Class", "Difference", *map(_prompts, COMPARED_PROMPTS)], rows)


def _strokes_table(own: Sequence[Reading], strokes: Sequence[Reading]) -> str:
    """Return how many strokes a hand needs to what prompts reached on the same slice: median, and how often it does."""
    by_hand = {(r.reader, r.lesion_class, slice_of(r)): r for r in strokes}
    rows = []
    for (reader, first, name), part in grouped(own, lambda r: (r.reader, r.first, r.lesion_class)):
        pairs = [(r, hand) for r in part if (hand := by_hand.get((r.reader, r.lesion_class, slice_of(r))))]
        if pairs:
            steps = [n if n < len(part[0].dice) else None for n in SAME_DICE_PROMPTS]
            cells = [
                NEVER if n is None else median_of([prompts_to(hand, r.dice[n]) for r, hand in pairs]) for n in steps
            ]
            rows.append([reader, first, name, *cells])
    return markdown_table(["Reader", "First", "Class", *map(_prompts, SAME_DICE_PROMPTS)], rows)


def _strokes_to(pairs: Sequence[tuple[Reading, Reading]], prompts: int) -> str:
    if prompts >= len(pairs[0][0].dice):
        return NEVER
    return median_of([prompts_to(hand, reading.dice[prompts]) for reading, hand in pairs])


def _corrected(readings: Sequence[Reading]) -> list[str]:
    """Return what prompts and strokes make of a model's mask, by class, and on how many slices it had drawn nothing."""
    parts = []
    for name in CLASS_NAMES:
        chosen = [r for r in readings if r.lesion_class == name]
        if not chosen:
            continue
        one = [r for r in chosen if r.engine == chosen[0].engine]
        missed = sum(r.dice[0] < SAME for r in one)
        parts += [
            f"### {name.capitalize()}",
            f"Points of the {one[0].reader} reader. The model met nothing of it on {missed} of {len(one)} slices.",
            markdown_table(["Engine", *map(_prompts, CORRECTED_PROMPTS)], _dice_rows(chosen, CORRECTED_PROMPTS)),
        ]
    return parts


def _difference(pairs: Sequence[tuple[Reading, Reading]], prompts: int) -> Estimate:
    first, second = ([pair[k].dice[prompts] for pair in pairs] for k in (0, 1))
    return paired_difference(first, second, [one.patient_id for one, _ in pairs])


def _to_goal(readings: Sequence[Reading], goal: float) -> str:
    return median_of([prompts_to(r, goal) for r in readings])


def _sized(readings: Sequence[Reading], low: float, high: float) -> list[Reading]:
    return [r for r in readings if low <= r.area_cm2 < high]
