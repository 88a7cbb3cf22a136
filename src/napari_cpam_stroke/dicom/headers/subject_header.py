"""Who was scanned, as a pseudonym, and with which contrast agent; no identifying value leaves this file."""

from __future__ import annotations

import re

from napari_cpam_stroke.core.label_words import fold
from napari_cpam_stroke.dicom.file.tags import Tag
from napari_cpam_stroke.dicom.file.values import ElementReader
from napari_cpam_stroke.dicom.headers.plain import decode_text, name_parts, plain_text
from napari_cpam_stroke.dicom.headers.pseudonym import Pseudonyms

_NO_CONTRAST = re.compile(
    r"\W*|(?:N|NA|N/A|N\.A\.?|NIL|0 ?(?:ML|CC)?)\.?|NON?[ -]?(?:CONTRAST|ENHANCED|KM)|"
    r"(?:NO(?!\W*[IY]ON)|NONE|WITHOUT|W/O|UNENHANCED|NATIVE?|PLAIN|OHNE|KEINE?S?|SANS|AUCUN|SIN|NINGUNO|YOK|KONTRASTSIZ)(?:\W.*)?"
)
"""ContrastBolusAgent, in capitals, where it says that there was none; "non-ionic" is an agent."""

_PATIENT = (Tag.PATIENT_ID, Tag.PATIENT_NAME, Tag.PATIENT_BIRTH_DATE)


def patient_pseudonyms(e: ElementReader, pseudonyms: Pseudonyms) -> tuple[str, str, tuple[str, ...]]:
    """Return the patient's pseudonym, the one that tells apart by every mark, and words that must not be shown."""
    number, name, birth = (e.raw(tag).decode("latin-1").strip(" \0") for tag in _PATIENT)
    parts = name_parts(name)
    patient = pseudonyms.patient(number.casefold()) if number else pseudonyms.patient(*parts, birth if parts else "")
    key = pseudonyms.patient(number.casefold(), *parts, _digits(birth), _sex(e))
    return patient, key, (number, *parts)


def patient_marks(e: ElementReader, pseudonyms: Pseudonyms) -> tuple[str, str, str, str]:
    """Return a pseudonym for each of number, name, date of birth and sex; empty where the header does not give it."""
    number, name, birth = (e.raw(tag).decode("latin-1").strip(" \0").casefold() for tag in _PATIENT)
    values = ([number], name_parts(name), [_digits(birth)], [_sex(e)])
    marks = [pseudonyms.patient(*value) for value in values]
    return marks[0], marks[1], marks[2], marks[3]


def _digits(birth: str) -> str:
    return "".join(filter(str.isdigit, birth))


def _sex(e: ElementReader) -> str:
    """Return M or F; what is other, unknown or no code tells no two patients apart."""
    value = e.code(Tag.PATIENT_SEX).upper()
    return value if value in {"M", "F"} else ""


def contrast_agent(e: ElementReader, charset: str, *, hide: tuple[str, ...] = ()) -> str:
    """Return the contrast agent in plain text without the words to hide, or an empty string."""
    agent = decode_text(e.raw(Tag.CONTRAST_BOLUS_AGENT), charset).strip()
    if not _NO_CONTRAST.fullmatch(fold(agent).upper().strip()):
        return plain_text(agent, hide=hide) or "unnamed"
    given = e.items(Tag.CONTRAST_BOLUS_AGENT_SEQUENCE) or (e.number(Tag.CONTRAST_BOLUS_VOLUME) or 0) > 0
    return "unnamed" if given else ""
