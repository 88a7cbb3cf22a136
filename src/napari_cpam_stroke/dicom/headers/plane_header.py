"""Where one frame lies in the patient, from its elements; a value that is no number is a problem, never a guess."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from napari_cpam_stroke.core.notice import Notice, NoticeCode, refusal
from napari_cpam_stroke.dicom.file.frame_header import Vector
from napari_cpam_stroke.dicom.file.limits import (
    COSINE_TOLERANCE,
    MAX_PIXEL_SPACING_MM,
    MAX_POSITION_MM,
    MIN_PIXEL_SPACING_MM,
)
from napari_cpam_stroke.dicom.file.tags import Tag
from napari_cpam_stroke.dicom.file.values import ElementReader


def pixel_spacing(e: ElementReader, problems: list[Notice]) -> tuple[float, float] | None:
    """Return mm between rows and between columns, or None and a problem."""
    values = e.numbers(Tag.PIXEL_SPACING, 2)
    if values is None:
        state = "is not two numbers" if e.raw(Tag.PIXEL_SPACING).strip(b" \0") else "is missing"
        sentence = f"{Tag.PIXEL_SPACING} {state}, so nothing can be measured."
        problems.append(refusal(NoticeCode.PIXEL_SPACING_INVALID, sentence))
        return None
    if not all(MIN_PIXEL_SPACING_MM <= v <= MAX_PIXEL_SPACING_MM for v in values):
        sentence = f"{Tag.PIXEL_SPACING} is {values[0]:g} x {values[1]:g} mm, which no head scan has."
        problems.append(refusal(NoticeCode.PIXEL_SPACING_INVALID, sentence, row_mm=values[0], column_mm=values[1]))
        return None
    return values[0], values[1]


def display_window(e: ElementReader) -> tuple[float, float] | None:
    """Return centre and width in HU that the header proposes for display, the first of several; None without any."""
    centre, width = e.first_number(Tag.WINDOW_CENTER), e.first_number(Tag.WINDOW_WIDTH)
    return None if centre is None or width is None or width <= 0 else (centre, width)


def position(e: ElementReader, problems: list[Notice]) -> Vector | None:
    """Return LPS mm of the first pixel, or None; what is written but is no position is a problem."""
    values = e.numbers(Tag.IMAGE_POSITION_PATIENT, 3)
    if values is not None and max(map(abs, values)) <= MAX_POSITION_MM:
        return values[0], values[1], values[2]
    if e.raw(Tag.IMAGE_POSITION_PATIENT).strip(b" \0"):
        problems.append(refusal(NoticeCode.POSITION_INVALID, f"{Tag.IMAGE_POSITION_PATIENT} is not a position."))
    return None


def orientation(e: ElementReader, problems: list[Notice]) -> tuple[Vector, Vector] | None:
    """Return row and column directions, unit length and at a right angle, or None; nonsense is a problem."""
    values = e.numbers(Tag.IMAGE_ORIENTATION_PATIENT, 6)
    if values is None:
        if e.raw(Tag.IMAGE_ORIENTATION_PATIENT).strip(b" \0"):
            sentence = f"{Tag.IMAGE_ORIENTATION_PATIENT} is not six numbers."
            problems.append(refusal(NoticeCode.ORIENTATION_INVALID, sentence))
        return None
    directions = _unit_directions(values)
    if directions is None:
        sentence = f"{Tag.IMAGE_ORIENTATION_PATIENT} is not two unit vectors at a right angle."
        problems.append(refusal(NoticeCode.ORIENTATION_INVALID, sentence))
    return directions


@lru_cache(maxsize=64)
def _unit_directions(values: tuple[float, ...]) -> tuple[Vector, Vector] | None:
    """Return row and column made exactly unit and orthogonal, or None if they are far from it."""
    row, column = np.array(values[:3]), np.array(values[3:])
    lengths = np.linalg.norm(row), np.linalg.norm(column)
    if max(abs(lengths[0] - 1), abs(lengths[1] - 1), abs(row @ column)) > COSINE_TOLERANCE:
        return None
    row = row / lengths[0]
    column = column - (column @ row) * row
    column /= np.linalg.norm(column)
    return (float(row[0]), float(row[1]), float(row[2])), (float(column[0]), float(column[1]), float(column[2]))
