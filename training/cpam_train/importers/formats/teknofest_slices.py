"""TEKNOFEST-2021 ischemia slices as one plain folder: files, masks, and the groups that stand in for patients."""

from __future__ import annotations

import csv
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cpam_train.importers.dicom_slice import DicomSlice, read_dicom_slice
from cpam_train.importers.images import read_drawn, require_same_shape
from cpam_train.importers.knowledge import annotate
from cpam_train.importers.layout import by_stem
from cpam_train.importers.options import ImportOptions
from cpam_train.importers.record import Candidate, ImportedCase
from cpam_train.importers.value_check import unit_notices
from napari_cpam_stroke.core import CTVolume, LesionClass
from napari_cpam_stroke.errors import InputError

GROUPS = "groups.csv"
AUTHOR = "TEKNOFEST-2021 radiologists"


def find_slices(src: Path, dicom: Path, masks: Path, options: ImportOptions) -> list[Candidate]:
    """Return one candidate per file of `dicom`; its outline lies in `masks`, its group in the groups file."""
    groups = read_groups(options.groups or src / GROUPS)
    outlines = by_stem(masks, ".png")
    return [
        Candidate(f"teknofest-{name}", partial(_read, path, outlines.get(name), groups.get(name)))
        for name, path in by_stem(dicom, ".dcm").items()
    ]


def read_groups(path: Path) -> dict[str, str]:
    """Return slice name -> group."""
    remedy = "slices of one patient must stay in one split; give the file with --set groups=FILE"
    if not path.is_file():
        raise InputError(f"Groups file is missing: {path}", expected="a CSV with columns slice,group", remedy=remedy)
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            return {row["slice"].strip(): row["group"].strip() for row in csv.DictReader(file)}
    except (KeyError, AttributeError) as error:
        raise InputError(
            f"Groups file cannot be read: {path}", expected="columns slice,group", remedy=remedy
        ) from error


def _read(path: Path, outline: Path | None, group: str | None) -> ImportedCase:
    if outline is None:
        raise InputError(f"Slice {path.name} has no mask", expected=f"masks/{path.stem}.png")
    if not group:
        raise InputError(f"Slice {path.name} has no group", expected=f"a line {path.stem},<group> in {GROUPS}")
    lesion = read_drawn(outline)
    pixels = read_dicom_slice(path)
    mask = np.where(lesion, np.uint8(LesionClass.ISCHEMIA), np.uint8(0))
    return dicom_case(f"teknofest-{path.stem}", pixels, mask, group)


def dicom_case(case_id: str, pixels: DicomSlice, mask: NDArray[np.uint8], group: str) -> ImportedCase:
    """Return the case of one DICOM slice with its (Y, X) label mask; both classes were looked for."""
    require_same_shape(pixels.hu, mask, case_id)
    volume = CTVolume(
        pixels.hu[None],
        None,
        case_id,
        patient_id=f"teknofest-{group}",
        notices=(*pixels.acquisition.notices, *unit_notices([pixels])),
        acquisition=pixels.acquisition,
    )
    return ImportedCase(volume, annotate(mask[None], ischemia="drawn", hemorrhage="drawn"), AUTHOR)
