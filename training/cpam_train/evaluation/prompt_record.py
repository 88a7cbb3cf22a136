"""How one reading of one slice went, kept in a table."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from napari_cpam_stroke.files import write_whole

NOTHING = "nothing"
"""What a reading starts from where no model has drawn anything."""

BRUSH, STROKE = "brush, by strokes", "stroke"
"""The engine and the prompts of readings without any."""


@dataclass(frozen=True)
class Reading:
    """How one engine did for one reader on one slice.

    Attributes
    ----------
    first
        Kind of the first prompt; the others are points. Of a brush: what all of it is.
    area_cm2
        Of the lesion on the slice.
    dice
        After 0, 1, 2, ... prompts or strokes; a reader who finds nothing wrong gives no more: the last figure stays.
    seconds
        Longest answer.
    refused
        Prompts that were refused: they count, and change nothing.
    start
        The model whose mask was there before the first prompt.
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
    start: str = NOTHING


def write_readings(file: Path, readings: Iterable[Reading]) -> list[Reading]:
    """Write readings as CSV, one line each, whole or not at all; returns them."""
    kept = list(readings)
    table = io.StringIO(newline="")
    writer = csv.DictWriter(table, fieldnames=list(Reading.__dataclass_fields__))
    writer.writeheader()
    for reading in kept:
        writer.writerow({**asdict(reading), "dice": " ".join(f"{figure:g}" for figure in reading.dice)})
    write_whole(file, table.getvalue())
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
        start=line.get("start", NOTHING),
    )
