"""Engines for prompts judged by simulated readers, prompt by prompt, on patients they have not seen."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import perf_counter
from zlib import crc32

import numpy as np

from cpam_train.data.robot_reader import ANYWHERE, CLUMSY, EXACT, RobotReader
from cpam_train.data.slices import SliceRow, collect_slices
from cpam_train.metrics.counts import count
from cpam_train.metrics.counts import dice as dice_of
from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.annotations.records import Split
from napari_cpam_stroke.core import CTVolume, LesionClass
from napari_cpam_stroke.core.annotation import PRESENT
from napari_cpam_stroke.core.arrays import Region
from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.progress import Progress
from napari_cpam_stroke.prompting import Prompt, PromptEngine, PromptKind, PromptRequest
from napari_cpam_stroke.prompting.spacing import in_plane_spacing

MOST_PROMPTS = 10
SLICES_PER_PATIENT = 2
"""More of one patient would tell little more."""


@dataclass(frozen=True)
class Reading:
    """How one engine did for one reader on one slice.

    Attributes
    ----------
    first
        Kind of the first prompt; the others are points.
    area_cm2
        Of the lesion on the slice.
    dice
        After 0, 1, 2, ... prompts; a reader who finds nothing wrong gives no more, and the last figure stays.
    seconds
        Longest answer.
    refused
        Prompts that were refused: they count, and change nothing.
    """

    engine: str
    reader: str
    first: str
    case_id: str
    slice_index: int
    patient_id: str
    source: str
    lesion_class: str
    area_cm2: float
    dice: tuple[float, ...]
    seconds: float
    refused: int


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


def judged_rows(
    store: AnnotationStore, *, split: Split, per_patient: int = SLICES_PER_PATIENT
) -> list[tuple[SliceRow, LesionClass]]:
    """Return lesion slices whose mask is known, at most so many of a patient and class, drawn the same every time."""
    chosen: dict[tuple[str, LesionClass], list[SliceRow]] = {}
    for row in collect_slices(store, split=split):
        for lesion_class in LesionClass:
            if row.mask_known[lesion_class - 1] and row.labels[lesion_class - 1] == PRESENT:
                chosen.setdefault((row.case.patient_id, lesion_class), []).append(row)
    return [
        (row, lesion_class)
        for (_, lesion_class), rows in sorted(chosen.items())
        for row in sorted(rows, key=lambda row: crc32(f"{row.case.case_id} {row.z}".encode()))[:per_patient]
    ]


def read_store(
    engine: PromptEngine,
    store: AnnotationStore,
    *,
    split: Split = "test",
    manners: Sequence[Manner] = MANNERS,
    per_patient: int = SLICES_PER_PATIENT,
    progress: Progress | None = None,
) -> Iterator[Reading]:
    """Yield the readings of one engine on a split."""
    rows = judged_rows(store, split=split, per_patient=per_patient)
    for done, (row, lesion_class) in enumerate(rows, start=1):
        volume, truth = _slice(store, row, lesion_class)
        if not truth.any():
            continue
        for manner in manners:
            seed = crc32(f"{row.case.case_id} {row.z} {manner.reader.name} {manner.first.value}".encode())
            yield read_slice(engine, volume, truth, lesion_class, manner, seed=seed, row=row)
        if progress is not None:
            progress(done, len(rows))


def read_slice(
    engine: PromptEngine,
    volume: CTVolume,
    truth: Region,
    lesion_class: LesionClass,
    manner: Manner,
    *,
    seed: int,
    row: SliceRow,
) -> Reading:
    """Return how one reading of one slice went: from nothing, prompt by prompt.

    Parameters
    ----------
    volume, truth
        A single slice, and bool (Y, X), not empty.
    """
    rng, spacing = np.random.default_rng(seed), in_plane_spacing(volume)
    empty = np.zeros(truth.shape, dtype=bool)
    request = PromptRequest(volume, ANYWHERE, lesion_class, (), empty)
    drawn, figures, slowest, refused = empty, [0.0], 0.0, 0
    engine.prepare(volume, ANYWHERE)
    while len(figures) <= manner.prompts:
        prompt = (
            manner.reader.next(truth, drawn, spacing, rng)
            if request.prompts
            else manner.reader.first(truth, manner.first, spacing, rng)
        )
        if prompt is None:
            break
        started = perf_counter()
        try:
            drawn, request = _answered(engine, request, prompt)
        except InputError:
            refused += 1
        slowest = max(slowest, perf_counter() - started)
        figures.append(float(dice_of(count(drawn, truth))))
    figures += [figures[-1]] * (manner.prompts + 1 - len(figures))
    return Reading(
        engine.name,
        manner.reader.name,
        manner.first.value,
        row.case.case_id,
        row.z,
        row.case.patient_id,
        row.case.source,
        lesion_class.label,
        float(truth.sum()) * spacing[0] * spacing[1] / 100,
        tuple(round(figure, 5) for figure in figures),
        round(slowest, 4),
        refused,
    )


def _answered(engine: PromptEngine, request: PromptRequest, prompt: Prompt) -> tuple[Region, PromptRequest]:
    more = replace(request, prompts=(*request.prompts, prompt))
    return engine.answer(more), more


def _slice(store: AnnotationStore, row: SliceRow, lesion_class: LesionClass) -> tuple[CTVolume, Region]:
    record = store.case(row.case.case_id)
    acquisition = record.acquisition
    if record.geometry is not None:
        acquisition = replace(acquisition, pixel_spacing_mm=record.geometry.pixel_spacing_mm)
    hu = store.read_frames(row.case.case_id, [row.z])
    mask = store.read_mask(row.case.revision, [row.z])[0]
    return CTVolume(hu, None, row.case.case_id, acquisition=acquisition), np.asarray(mask == lesion_class)


def write_readings(file: Path, readings: Iterable[Reading]) -> list[Reading]:
    """Write readings as CSV while they come, one line each; returns them."""
    kept: list[Reading] = []
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(Reading.__dataclass_fields__))
        writer.writeheader()
        for reading in readings:
            writer.writerow({**asdict(reading), "dice": " ".join(f"{figure:g}" for figure in reading.dice)})
            stream.flush()
            kept.append(reading)
    return kept


def read_readings(file: Path) -> list[Reading]:
    """Return the readings `write_readings` wrote."""
    with file.open(newline="", encoding="utf-8") as stream:
        return [_from_line(line) for line in csv.DictReader(stream)]


def _from_line(line: dict[str, str]) -> Reading:
    words = ("engine", "reader", "first", "case_id", "patient_id", "source", "lesion_class")
    engine, reader, first, case_id, patient_id, source, lesion_class = (line[word] for word in words)
    return Reading(
        engine,
        reader,
        first,
        case_id,
        int(line["slice_index"]),
        patient_id,
        source,
        lesion_class,
        area_cm2=float(line["area_cm2"]),
        dice=tuple(float(figure) for figure in line["dice"].split()),
        seconds=float(line["seconds"]),
        refused=int(line["refused"]),
    )
