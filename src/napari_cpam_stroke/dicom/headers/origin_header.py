"""How the pixels of a frame came about, as far as its header says: computed, marked, one part of several."""

from __future__ import annotations

import struct
from typing import Any

from napari_cpam_stroke.dicom.file.frame_header import ComputedPicture, ConcatenationPart
from napari_cpam_stroke.dicom.file.tags import Tag
from napari_cpam_stroke.dicom.file.values import ElementReader
from napari_cpam_stroke.dicom.headers.computed_picture import find_computed
from napari_cpam_stroke.dicom.headers.plain import decode_text

_NO_TECHNIQUE = frozenset({"", "NONE", "MPR"})
_DOUBLE_BYTES = 8


def origin_of_pixels(e: ElementReader, charset: str) -> dict[str, Any]:
    """Return the fields of a `FrameHeader` that tell how its pixels came about."""
    return {
        "computed": _computed(e, charset),
        "multi_energy": e.code(Tag.MULTIENERGY_CT_ACQUISITION).upper() == "YES"
        or any("DUAL" in value.upper().split() for value in e.codes(Tag.IMAGE_TYPE)),
        "burned_in": e.code(Tag.BURNED_IN_ANNOTATION).upper() == "YES",
        "concatenation": _concatenation(e),
    }


def _computed(e: ElementReader, charset: str) -> ComputedPicture | None:
    technique = e.code(Tag.VOLUME_BASED_CALCULATION_TECHNIQUE).upper()
    codes = [item.code(Tag.CODE_MEANING) for item in e.items(Tag.DERIVATION_CODE_SEQUENCE)]
    types = [*e.codes(Tag.IMAGE_TYPE), e.code(Tag.VOLUMETRIC_PROPERTIES), *codes]
    texts = (decode_text(e.raw(tag), charset) for tag in (Tag.SERIES_DESCRIPTION, Tag.DERIVATION_DESCRIPTION))
    found = find_computed(types, texts, _energy_kev(e))
    if technique not in _NO_TECHNIQUE and (found is None or found.plain):
        return ComputedPicture("projection", technique.replace("_", " "))
    return found


def _energy_kev(e: ElementReader) -> float | None:
    """Return the energy of a virtual picture, an FD value of the multi-energy characteristics."""
    for group in (e, *e.items(Tag.MULTIENERGY_CT_CHARACTERISTICS_SEQUENCE)):
        raw = group.raw(Tag.MONOENERGETIC_ENERGY_EQUIVALENT)
        if len(raw) == _DOUBLE_BYTES:
            return float(struct.unpack("<d" if group.little_endian else ">d", raw)[0])
    return None


def _concatenation(e: ElementReader) -> ConcatenationPart | None:
    uid, number = e.code(Tag.CONCATENATION_UID), e.unsigned(Tag.IN_CONCATENATION_NUMBER)
    if not uid or not number:
        return None
    return ConcatenationPart(uid, number, e.unsigned(Tag.IN_CONCATENATION_TOTAL_NUMBER))
