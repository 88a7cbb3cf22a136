"""What the same lesions take by brush alone: Dice after each stroke of a simulated hand."""

from __future__ import annotations

from collections.abc import Iterator
from time import perf_counter

import numpy as np

from cpam_train.data.robot_brush import CLUMSY_BRUSH, EXACT_BRUSH, RobotBrush, covered
from cpam_train.evaluation.prompt_reading import (
    SLICES_PER_PATIENT,
    JudgedSlice,
    Start,
    Starts,
    from_nothing,
    judged_slices,
    reading_of,
)
from cpam_train.evaluation.prompt_record import BRUSH, STROKE, Reading
from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.annotations.records import Split
from napari_cpam_stroke.progress import Progress

MOST_STROKES = 30
"""Nobody is simulated longer on one slice."""


def paint_store(
    store: AnnotationStore,
    *,
    split: Split = "test",
    brushes: tuple[RobotBrush, ...] = (EXACT_BRUSH, CLUMSY_BRUSH),
    starts: Starts = from_nothing,
    per_patient: int = SLICES_PER_PATIENT,
    progress: Progress | None = None,
) -> Iterator[Reading]:
    """Yield how each hand did on a split."""
    for judged in judged_slices(store, split=split, per_patient=per_patient, progress=progress):
        start = starts(judged)
        for brush in brushes:
            yield paint_slice(brush, judged, start)


def paint_slice(brush: RobotBrush, judged: JudgedSlice, start: Start) -> Reading:
    """Return how one slice went, stroke by stroke, until the brush mends nothing more."""
    rng, drawn = np.random.default_rng(judged.seed(brush.name, STROKE)), start.drawn
    figures, slowest = [judged.dice(drawn)], 0.0
    while len(figures) <= MOST_STROKES:
        started = perf_counter()
        stroke = brush.next(judged.truth, drawn, judged.spacing, rng)
        if stroke is None:
            break
        under = covered(stroke, (drawn.shape[0], drawn.shape[1]), judged.spacing)
        drawn = drawn | under if stroke.adds else drawn & ~under
        slowest = max(slowest, perf_counter() - started)
        figures.append(judged.dice(drawn))
    figures += [figures[-1]] * (MOST_STROKES + 1 - len(figures))
    return reading_of(judged, (BRUSH, brush.name, STROKE), figures, start=start.model, seconds=slowest, refused=0)
