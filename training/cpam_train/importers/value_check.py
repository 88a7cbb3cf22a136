"""Every import asks the one rule whether its values are Hounsfield units; what it says stays with the case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cpam_train.importers.dicom_slice import DicomSlice
from cpam_train.importers.record import ImportedCase
from napari_cpam_stroke.core import Notice, NoticeCode
from napari_cpam_stroke.core.hounsfield_check import value_notices
from napari_cpam_stroke.core.notice import warning
from napari_cpam_stroke.dicom.headers.plain import plain_text

HOUNSFIELD_TYPES = ("", "HU", "HU_MOD")
"""Values of RescaleType that mean Hounsfield units."""


def with_value_notices(case: ImportedCase) -> ImportedCase:
    """Return a case with what its pixels say against Hounsfield units among its notices."""
    codes = {notice.code for notice in case.volume.notices}
    found = [n for n in value_notices(case.volume.hu, kept=case.hu_range) if n.code not in codes]
    return replace(case, volume=replace(case.volume, notices=(*case.volume.notices, *found))) if found else case


def unit_notices(slices: Sequence[DicomSlice]) -> tuple[Notice, ...]:
    """Return what the headers of DICOM slices say against Hounsfield units, and of how many slices."""
    without = sum("RescaleSlope" not in one.header or "RescaleIntercept" not in one.header for one in slices)
    types = [str(one.header.get("RescaleType") or "").upper() for one in slices]
    others = [plain_text(kind) for kind in types if kind not in HOUNSFIELD_TYPES]
    found = []
    if without:
        sentence = (
            f"{without} of {len(slices)} slices have no RescaleSlope and RescaleIntercept: "
            "the values may not be Hounsfield units."
        )
        found.append(warning(NoticeCode.RESCALE_MISSING, sentence, slices=without, of=len(slices)))
    if others:
        sentence = f"RescaleType of {len(others)} of {len(slices)} slices is not HU ({others[0]})."
        found.append(warning(NoticeCode.NOT_HOUNSFIELD, sentence, rescale_type=others[0], slices=len(others)))
    return tuple(found)
