"""Every import asks the one rule whether its values are Hounsfield units; what it says stays with the case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pydicom.dataset import Dataset

from cpam_train.importers.dicom_slice import DicomSlice
from cpam_train.importers.record import ImportedCase
from napari_cpam_stroke.core import Notice
from napari_cpam_stroke.core.hounsfield_check import value_notices
from napari_cpam_stroke.core.hounsfield_units import slice_unit_notices, told_of_slices
from napari_cpam_stroke.dicom.headers.plain import plain_text


def with_value_notices(case: ImportedCase) -> ImportedCase:
    """Return a case with what its pixels say against Hounsfield units among its notices."""
    codes = {notice.code for notice in case.volume.notices}
    found = [n for n in value_notices(case.volume.hu, kept=case.hu_range) if n.code not in codes]
    return replace(case, volume=replace(case.volume, notices=(*case.volume.notices, *found))) if found else case


def unit_notices(slices: Sequence[DicomSlice]) -> tuple[Notice, ...]:
    """Return what the headers of DICOM slices say against Hounsfield units, and of how many slices."""
    return tuple(told_of_slices((_of_slice(one.header) for one in slices), len(slices)))


def _of_slice(header: Dataset) -> list[Notice]:
    rescaled = "RescaleSlope" in header and "RescaleIntercept" in header
    return slice_unit_notices(rescaled=rescaled, rescale_type=plain_text(str(header.get("RescaleType") or "")))
