"""RSNA 2019 as pictures: single slices with hemorrhage labels, in 8 bits of a window or in Hounsfield units."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cpam_train.importers.formats.ct_ich import hemorrhage_annotation
from cpam_train.importers.images import read_16_bit, read_grey, window_notice, window_range, window_to_hu
from cpam_train.importers.layout import require_folder
from cpam_train.importers.listed import table_rows
from cpam_train.importers.options import ImportOptions
from cpam_train.importers.record import FULL_RANGE, Candidate, ImportedCase
from napari_cpam_stroke.config import BRAIN
from napari_cpam_stroke.core import Acquisition, CTVolume, Notice
from napari_cpam_stroke.core.volume import AIR_HU
from napari_cpam_stroke.errors import InputError

TABLE = "labels.csv"
LAYOUT = f"images/ID_*.png and {TABLE}"
HU_OFFSET = 1024
"""Stored value of 0 HU in the pictures of 16 bits."""

AUTHOR = "RSNA 2019 radiologists"
ANSWERS = {"0": False, "1": True}

Row = dict[str, str]


@dataclass(frozen=True)
class PictureKind:
    """How the pictures of one set are read."""

    source: str
    read: Callable[[Path], NDArray[np.int16]]
    hu_range: tuple[int, int] | None
    notices: tuple[Notice, ...] = ()


def find_rsna_slices(src: Path, _options: ImportOptions) -> list[Candidate]:
    """8-bit pictures of the brain window; a series stands in for its patient, of whom the set tells nothing."""
    notices = (window_notice("8-bit PNG", BRAIN),)
    return _find(src, PictureKind("rsna-slices", _windowed, window_range(BRAIN), notices))


def find_rsna_hu(src: Path, _options: ImportOptions) -> list[Candidate]:
    """16-bit pictures of Hounsfield units, with patient and pixel spacing."""
    return _find(src, PictureKind("rsna-hu", _hounsfield, FULL_RANGE))


def _find(src: Path, kind: PictureKind) -> list[Candidate]:
    """One case per slice: bleeding or not, as the table says; not where, and nothing of ischemia.

    A patient is called by the first series, in either set, so that a series of both stands in one split.
    """
    require_folder(src)
    rows = _rows(src / TABLE)
    series_of: dict[str, str] = {}
    for row in rows:
        series_of.setdefault(_who(row), row["series"])
    return [_candidate(src, row, series_of[_who(row)], kind) for row in rows]


def _who(row: Row) -> str:
    return row.get("patient") or row["series"]


def _rows(path: Path) -> list[Row]:
    if not path.is_file():
        raise InputError(f"Table of labels is missing: {path.name}", expected=LAYOUT)
    return table_rows(path, "image", "series", "any")


def _candidate(src: Path, row: Row, patient: str, kind: PictureKind) -> Candidate:
    case_id = f"{kind.source}-{Path(row['image']).stem}"
    return Candidate(case_id, partial(_read, src / "images" / row["image"], case_id, row, patient, kind))


def _read(path: Path, case_id: str, row: Row, patient: str, kind: PictureKind) -> ImportedCase:
    bleeds = ANSWERS.get(row["any"].strip())
    if bleeds is None or not patient:
        raise InputError(f"Line of {path.name} is not complete", got=row["any"], expected="any 0 or 1, and a series")
    hu, made = kind.read(path)[None], _acquisition(row)
    notices = (*kind.notices, *made.notices)
    volume = CTVolume(hu, None, case_id, patient_id=f"rsna-{patient}", notices=notices, acquisition=made)
    annotation = hemorrhage_annotation([None], [bleeds], hu.shape[1:], ischemia_absent=False)
    return ImportedCase(volume, annotation, AUTHOR, kind.hu_range)


def _acquisition(row: Row) -> Acquisition:
    spacing = row.get("spacing_mm")
    return Acquisition(pixel_spacing_mm=(float(spacing), float(spacing)) if spacing else None)


def _windowed(path: Path) -> NDArray[np.int16]:
    return window_to_hu(read_grey(path), BRAIN)


def _hounsfield(path: Path) -> NDArray[np.int16]:
    return np.maximum(read_16_bit(path) - HU_OFFSET, AIR_HU).astype(np.int16)
