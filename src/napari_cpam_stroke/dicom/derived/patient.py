"""The patient in what is written: a keyed pseudonym or, on the user's wish, the source's own attributes if valid."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from unicodedata import category

from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset

from napari_cpam_stroke.core import CTVolume
from napari_cpam_stroke.dicom.derived.algorithm import UTF_8
from napari_cpam_stroke.dicom.file.elements import read_header, tag_name
from napari_cpam_stroke.dicom.file.limits import MAX_HEADER_BYTES
from napari_cpam_stroke.dicom.file.open_bytes import OpenFiles
from napari_cpam_stroke.dicom.file.sources import UnreadableError
from napari_cpam_stroke.dicom.file.tags import Tag
from napari_cpam_stroke.dicom.file.values import ElementReader
from napari_cpam_stroke.dicom.headers.plain import decode_text
from napari_cpam_stroke.errors import SeriesError

SHORT_CHARACTERS, LONG_CHARACTERS = 16, 64
"""Longest short string (SH) and long string (LO), and longest group of a person name (PN)."""

NAME_GROUPS, NAME_PARTS = 3, 5
"""Groups of a person name (alphabetic, ideographic, phonetic), and parts of each (family, given ...)."""

_TIME = re.compile(r"([01]\d|2[0-3])([0-5]\d([0-5]\d(\.\d{1,6})?)?)?")
_NEVER = frozenset("\\\ufffd")
"""What parts values, and what stands for a letter that could not be decoded."""

_DATE = re.compile(r"\d{8}")


@dataclass(frozen=True, eq=False)
class KeptPatient:
    """Attributes taken over from a source, and sentences on those that were left empty; never with a value in them."""

    attributes: Dataset
    notes: tuple[str, ...]


def pseudonymous_patient(volume: CTVolume) -> Dataset:
    """Return the patient and study as the keyed pseudonym and nothing else."""
    pseudonym = volume.patient_id or volume.case_id
    patient = _nobody()
    patient.PatientName, patient.PatientID = f"{pseudonym}^", pseudonym
    return patient


def kept_patient(volume: CTVolume, files: OpenFiles) -> KeptPatient:
    """Return the patient and study of the source; a value that its attribute does not allow is left empty.

    Raises
    ------
    SeriesError
        If the source file can no longer be read.
    """
    patient, notes = _nobody(), []
    header = _header_of(volume, files)
    charset = header.code(Tag.SPECIFIC_CHARACTER_SET)
    for keyword, allowed in PATIENT_AND_STUDY.items():
        text = decode_text(header.raw(_tag(keyword)), charset).strip(" \0")
        if text and not allowed(text):
            notes.append(f"{keyword} {tag_name(_tag(keyword))} of the source is not valid and was left empty.")
        elif text:
            setattr(patient, keyword, text)
    return KeptPatient(patient, tuple(notes))


def patient_notes(volume: CTVolume) -> tuple[str, ...]:
    """Return which attributes `keep_patient` leaves empty, and why; see `kept_patient`."""
    with OpenFiles() as files:
        return kept_patient(volume, files).notes


def _nobody() -> Dataset:
    patient = Dataset()
    patient.SpecificCharacterSet = UTF_8
    for keyword in PATIENT_AND_STUDY:
        setattr(patient, keyword, "")
    return patient


def _header_of(volume: CTVolume, files: OpenFiles) -> ElementReader:
    wanted = {Tag.SPECIFIC_CHARACTER_SET, *map(_tag, PATIENT_AND_STUDY)}
    try:
        with closing(files.open(volume.source[0].path, limit=MAX_HEADER_BYTES)) as source:
            header = read_header(source, wanted)
    except UnreadableError as error:
        raise SeriesError("The patient of this series can no longer be read", got=error) from error
    return ElementReader(header.elements, little_endian=header.little_endian)


def _tag(keyword: str) -> int:
    tag = tag_for_keyword(keyword)
    assert tag is not None  # noqa: S101 - the keywords below are DICOM's
    return tag


def _plain(text: str, *, longest: int) -> bool:
    """Whether a string is one value without control characters or letters that could not be decoded."""
    return len(text) <= longest and not any(c in _NEVER or category(c) == "Cc" for c in text)


def _long(text: str) -> bool:
    return _plain(text, longest=LONG_CHARACTERS)


def _short(text: str) -> bool:
    return _plain(text, longest=SHORT_CHARACTERS)


def _name(text: str) -> bool:
    groups = text.split("=")
    return len(groups) <= NAME_GROUPS and all(_long(g) and g.count("^") < NAME_PARTS for g in groups)


def _date(text: str) -> bool:
    if _DATE.fullmatch(text) is None:
        return False
    try:
        datetime.strptime(text, "%Y%m%d")  # noqa: DTZ007 - a date has no time zone
    except ValueError:
        return False
    return True


def _time(text: str) -> bool:
    return _TIME.fullmatch(text) is not None


def _sex(text: str) -> bool:
    return text in {"M", "F", "O"}


PATIENT_AND_STUDY: dict[str, Callable[[str], bool]] = {
    "PatientName": _name,
    "PatientID": _long,
    "IssuerOfPatientID": _long,
    "PatientBirthDate": _date,
    "PatientSex": _sex,
    "AccessionNumber": _short,
    "StudyID": _short,
    "StudyDate": _date,
    "StudyTime": _time,
    "ReferringPhysicianName": _name,
}
"""Attributes taken over only when the user asks to keep the patient, to send the result back to the PACS, each with
what it allows."""
