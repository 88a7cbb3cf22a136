"""A table of files and what each shows: labels of whole files, without outlines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NoReturn

import numpy as np

from cpam_train.importers.dicom_slice import read_dicom_slice
from cpam_train.importers.listed import grouped, listed_names, listed_path, read_rows, told_once
from cpam_train.importers.nifti_volume import read_nifti
from cpam_train.importers.options import ImportOptions
from cpam_train.importers.patients import pseudonym_of_patient
from cpam_train.importers.pictures import PICTURE_SUFFIXES, read_plain_grey
from cpam_train.importers.record import Candidate, ImportedCase
from cpam_train.importers.value_check import unit_notices
from napari_cpam_stroke.core import CLASS_NAMES, Annotation, CTVolume
from napari_cpam_stroke.core.annotation import ABSENT, PRESENT, UNKNOWN
from napari_cpam_stroke.core.label_map import LabelMap
from napari_cpam_stroke.core.label_names import Meaning, meaning_of_name
from napari_cpam_stroke.dicom.headers.pseudonym import case_pseudonym
from napari_cpam_stroke.errors import InputError

SOURCE = "csv"
AUTHOR = "imported labels"
FILE, LABEL, PATIENT = "file", "label", "patient"
LAYOUT = "a UTF-8 CSV with the columns file,label (also patient), or file,ischemia,hemorrhage with 0, 1 or nothing"

FREE_WORDS = frozenset({"none", "normal", "no lesion", "no stroke", "healthy", "negative", "inme yok"})
"""Labels that say that there is neither class; `--map "0=ignore"` makes one of any other word."""

ANSWERS = {"0": ABSENT, "1": PRESENT, "": UNKNOWN}

HOW_TO_SAY = 'say what it is with --map "{label}=hemorrhage" (or =ischemia; =ignore for neither)'

Labels = tuple[int, int]
"""Of ischemia and hemorrhage: -1 unknown, 0 absent, 1 present."""


@dataclass(frozen=True)
class _Line:
    """What one line says of its file."""

    labels: Labels
    patient: str


def find_csv(src: Path, options: ImportOptions) -> list[Candidate]:
    """One case per file of the table; names become pseudonyms, paths count from `options.root`."""
    listed = grouped((row[FILE], _line(row, number, src, options)) for number, row in _rows(src))
    if not listed:
        raise InputError(f"The table {src.name} names no file", expected=LAYOUT)
    _require_patients(listed, src)
    names = listed_names(listed)
    once, contradictory = told_once(listed)
    root = options.root or src.parent
    read = [_candidate(root, name, once[name], names[name], options) for name in listed if name in once]
    return read + [_refused(names[name], count) for name, count in contradictory.items()]


def _rows(src: Path) -> list[tuple[int, Mapping[str, str]]]:
    if not src.is_file():
        raise InputError(f"{src} is no table", expected=LAYOUT)
    rows: list[tuple[int, Mapping[str, str]]] = list(read_rows(src, LAYOUT))
    for number, row in rows[:1]:
        if FILE not in row or not (LABEL in row or set(CLASS_NAMES) & row.keys()):
            raise InputError(f"The table {src.name} has other columns", got=", ".join(row), expected=LAYOUT)
        if LABEL in row and set(CLASS_NAMES) & row.keys():
            raise InputError(f"Line {number} of {src.name} tells labels twice", expected=LAYOUT)
    unnamed = next((number for number, row in rows if not row.get(FILE)), None)
    if unnamed is not None:
        raise InputError(f"Line {unnamed} of {src.name} names no file", expected=LAYOUT)
    return rows


def _line(row: Mapping[str, str], number: int, src: Path, options: ImportOptions) -> _Line:
    where = f"Line {number} of {src.name}"
    labels = _of_word(row[LABEL], where, options) if LABEL in row else _of_columns(row, where)
    return _Line(labels, row.get(PATIENT, ""))


def _of_columns(row: Mapping[str, str], where: str) -> Labels:
    ischemia, hemorrhage = (row.get(name, "") for name in CLASS_NAMES)
    strange = next((value for value in (ischemia, hemorrhage) if value not in ANSWERS), None)
    if strange is not None:
        raise InputError(f"{where} answers neither yes nor no", got=repr(strange), expected="0, 1 or nothing")
    return ANSWERS[ischemia], ANSWERS[hemorrhage]


def _of_word(label: str, where: str, options: ImportOptions) -> Labels:
    """Return what a label says; of the class that it does not name nothing, unless labels name all there is."""
    meaning = _meaning(label, options.labels)
    if meaning is Meaning.UNKNOWN:
        raise InputError(
            f"{where} has a label that is not understood",
            got=repr(label),
            expected="a name of hemorrhage, of ischemia, or none",
            remedy=HOW_TO_SAY.format(label=label or "LABEL"),
        )
    if meaning is Meaning.IGNORE:
        return ABSENT, ABSENT
    other = ABSENT if options.exclusive else UNKNOWN
    return (PRESENT, other) if meaning is Meaning.ISCHEMIA else (other, PRESENT)


def _meaning(label: str, labels: LabelMap) -> Meaning:
    """Return the user's word on a label, else what it is called; a mere anatomical name is no answer."""
    said = labels.of(label)
    if said is not None:
        return said
    if label.casefold() in FREE_WORDS:
        return Meaning.IGNORE
    usual = meaning_of_name(label)
    return Meaning.UNKNOWN if usual is Meaning.IGNORE else usual


def _require_patients(listed: Mapping[str, list[_Line]], src: Path) -> None:
    """Refuse a column of patients that is filled in part: the rest could stand on both sides of the split."""
    told = [bool(line.patient) for lines in listed.values() for line in lines]
    if any(told) and not all(told):
        raise InputError(
            f"The table {src.name} names the patient of some files only", got=f"{sum(told)} of {len(told)} lines"
        )


def _candidate(root: Path, name: str, line: _Line, names: tuple[str, ...], options: ImportOptions) -> Candidate:
    case_id = _case_id(names)
    patient = pseudonym_of_patient(SOURCE, line.patient) if line.patient else ""
    return Candidate(case_id, partial(_read, case_id, root, name, line.labels, options), names, patient=patient)


def _refused(names: tuple[str, ...], count: int) -> Candidate:
    def load() -> NoReturn:
        raise InputError(f"The table names a file {count} times with different labels", expected="one line each")

    return Candidate(_case_id(names), load, names)


def _case_id(names: tuple[str, ...]) -> str:
    return f"{SOURCE}-{case_pseudonym(SOURCE, names[-1])}"


def _read(case_id: str, root: Path, name: str, labels: Labels, options: ImportOptions) -> ImportedCase:
    volume, hu_range = _volume(listed_path(root, name), case_id, options)
    return ImportedCase(volume, annotation_of_labels(labels, volume.shape), AUTHOR, hu_range)


def _volume(path: Path, case_id: str, options: ImportOptions) -> tuple[CTVolume, tuple[int, int] | None]:
    """Return the pixels of one file by its ending."""
    ending = path.name.lower()
    if ending.endswith((".nii", ".nii.gz")):
        image = read_nifti(path)
        return CTVolume(image.hu, image.geometry, case_id, patient_id=case_id), None
    if ending.endswith(PICTURE_SUFFIXES):
        picture = read_plain_grey(path, options.grey_window, zero_hu=options.zero_hu)
        return CTVolume(picture.hu[None], None, case_id, patient_id=case_id, notices=picture.notices), picture.hu_range
    if ending.endswith(".dcm"):
        one = read_dicom_slice(path)
        notices = (*one.acquisition.notices, *unit_notices([one]))
        made = one.acquisition
        return CTVolume(one.hu[None], None, case_id, patient_id=case_id, notices=notices, acquisition=made), None
    raise InputError("File is of no kind that is read here", got=path.suffix, expected=".nii.gz, .png, .jpg or .dcm")


def annotation_of_labels(labels: Labels, shape: tuple[int, int, int]) -> Annotation:
    """Return what labels of a whole file say of its slices (Z, Y, X): absent of all, present of one only if alone."""
    series = np.array(labels, dtype=np.int8)
    slices = np.tile(series, (shape[0], 1))
    if shape[0] > 1:
        slices[slices == PRESENT] = UNKNOWN
    return Annotation(np.zeros(shape, dtype=np.uint8), slices == ABSENT, slices, series)
