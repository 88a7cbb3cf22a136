"""Engines for prompts judged by simulated readers, prompt by prompt, on patients they have not seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from zlib import crc32

import numpy as np

from cpam_train.data.prompted_slices import PromptedRow, few_of_each, pixels_of, prompted_rows
from cpam_train.data.robot_reader import ANYWHERE, CLUMSY, EXACT, RobotReader
from cpam_train.data.slices import SliceRow, collect_slices
from cpam_train.evaluation.prompt_record import NOTHING, Reading
from cpam_train.metrics.counts import count
from cpam_train.metrics.counts import dice as dice_of
from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.annotations.records import Split
from napari_cpam_stroke.core import CTVolume, LesionClass
from napari_cpam_stroke.core.arrays import Mask, Region
from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.progress import Progress
from napari_cpam_stroke.prompting import Prompt, PromptEngine, PromptKind, PromptRequest
from napari_cpam_stroke.prompting.spacing import in_plane_spacing

MOST_PROMPTS = 10
SLICES_PER_PATIENT = 2
"""More of one patient would tell little more."""


@dataclass(frozen=True)
class Manner:
    """Who reads, how the reading starts, and how many prompts there are."""

    reader: RobotReader
    first: PromptKind
    prompts: int = MOST_PROMPTS


MANNERS: tuple[Manner, ...] = (
    Manner(EXACT, PromptKind.POINT),
    Manner(CLUMSY, PromptKind.POINT),
    Manner(CLUMSY, PromptKind.BOX, prompts=5),
)

CORRECTING: tuple[Manner, ...] = (Manner(CLUMSY, PromptKind.POINT, prompts=5),)
"""Of a reader who begins from a model's mask: there is nothing to put a box around."""


@dataclass(frozen=True, eq=False)
class JudgedSlice:
    """A lesion slice with its truth.

    Attributes
    ----------
    volume, truth
        A single slice, and bool (Y, X), not empty.
    """

    row: SliceRow
    lesion_class: LesionClass
    volume: CTVolume
    truth: Region

    @property
    def spacing(self) -> tuple[float, float]:
        """Distance between rows, then between columns, mm."""
        return in_plane_spacing(self.volume)

    def seed(self, *words: str) -> int:
        """Return where chance begins for this slice and whoever reads it, the same every time."""
        return crc32(" ".join((self.row.case.case_id, str(self.row.z), *words)).encode())

    def dice(self, drawn: Region) -> float:
        """Return how well bool (Y, X) meets the truth."""
        return float(dice_of(count(drawn, self.truth)))


@dataclass(frozen=True, eq=False)
class Start:
    """What is drawn before the first prompt.

    Attributes
    ----------
    model
        Whose it is.
    drawn
        bool (Y, X).
    probabilities
        uint8 (Y, X), as in `PromptRequest`.
    """

    model: str
    drawn: Region
    probabilities: Mask | None = None


Starts = Callable[[JudgedSlice], Start]


def from_nothing(judged: JudgedSlice) -> Start:
    """Return an empty slice."""
    return Start(NOTHING, np.zeros(judged.truth.shape, dtype=bool))


def judged_rows(
    store: AnnotationStore, *, split: Split, per_patient: int = SLICES_PER_PATIENT
) -> list[tuple[SliceRow, LesionClass]]:
    """Return lesion slices whose mask is known, at most so many of a patient and class, drawn the same every time."""
    shown = [each for each in prompted_rows(collect_slices(store, split=split)) if each.present]
    return [(each.row, each.lesion_class) for each in few_of_each(shown, per_patient)]


def judged_slices(
    store: AnnotationStore, *, split: Split, per_patient: int = SLICES_PER_PATIENT, progress: Progress | None = None
) -> Iterator[JudgedSlice]:
    """Yield the slices of `judged_rows` with their pixels."""
    rows = judged_rows(store, split=split, per_patient=per_patient)
    for done, (row, lesion_class) in enumerate(rows, start=1):
        judged = JudgedSlice(row, lesion_class, *pixels_of(store, PromptedRow(row, lesion_class)))
        if judged.truth.any():
            yield judged
        if progress is not None:
            progress(done, len(rows))


def read_store(
    engine: PromptEngine,
    store: AnnotationStore,
    *,
    split: Split = "test",
    manners: Sequence[Manner] = MANNERS,
    starts: Starts = from_nothing,
    per_patient: int = SLICES_PER_PATIENT,
    progress: Progress | None = None,
) -> Iterator[Reading]:
    """Yield the readings of one engine on a split."""
    for judged in judged_slices(store, split=split, per_patient=per_patient, progress=progress):
        start = starts(judged)
        for manner in manners:
            yield read_slice(engine, judged, manner, start)


def read_slice(engine: PromptEngine, judged: JudgedSlice, manner: Manner, start: Start) -> Reading:
    """Return how one reading of one slice went, prompt by prompt."""
    rng = np.random.default_rng(judged.seed(manner.reader.name, manner.first.value))
    request = PromptRequest(judged.volume, ANYWHERE, judged.lesion_class, (), start.drawn, start.probabilities)
    drawn, figures, slowest, refused = start.drawn, [judged.dice(start.drawn)], 0.0, 0
    engine.prepare(judged.volume, ANYWHERE)
    while len(figures) <= manner.prompts:
        prompt = (
            manner.reader.next(judged.truth, drawn, judged.spacing, rng)
            if request.prompts or drawn.any()
            else manner.reader.first(judged.truth, manner.first, judged.spacing, rng)
        )
        if prompt is None:
            break
        started = perf_counter()
        try:
            drawn, request = _answered(engine, request, prompt)
        except InputError:
            refused += 1
        slowest = max(slowest, perf_counter() - started)
        figures.append(judged.dice(drawn))
    figures += [figures[-1]] * (manner.prompts + 1 - len(figures))
    by = (engine.name, manner.reader.name, manner.first.value)
    return reading_of(judged, by, figures, start=start.model, seconds=slowest, refused=refused)


def reading_of(
    judged: JudgedSlice, by: tuple[str, str, str], dice: Sequence[float], *, start: str, seconds: float, refused: int
) -> Reading:
    """Return the record of a reading.

    Parameters
    ----------
    by
        Engine, reader, and kind of the first prompt.
    """
    case, spacing = judged.row.case, judged.spacing
    return Reading(
        *by,
        case.case_id,
        judged.row.z,
        case.patient_id,
        case.source,
        judged.lesion_class.label,
        area_cm2=float(judged.truth.sum()) * spacing[0] * spacing[1] / 100,
        dice=tuple(round(figure, 5) for figure in dice),
        seconds=round(seconds, 4),
        refused=refused,
        start=start,
    )


def _answered(engine: PromptEngine, request: PromptRequest, prompt: Prompt) -> tuple[Region, PromptRequest]:
    more = replace(request, prompts=(*request.prompts, prompt))
    return engine.answer(more), more
