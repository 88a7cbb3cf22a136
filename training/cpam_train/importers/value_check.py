"""Every import asks whether values are Hounsfield units and the mask in the head; the answer stays with the case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pydicom.dataset import Dataset

from cpam_train.importers.dicom_slice import DicomSlice
from cpam_train.importers.record import ImportedCase
from napari_cpam_stroke.core import Notice
from napari_cpam_stroke.core.hounsfield_check import value_notices
from napari_cpam_stroke.core.hounsfield_units import slice_unit_notices, told_of_slices
from napari_cpam_stroke.core.mask_place import mask_place_notices
from napari_cpam_stroke.dicom.headers.plain import plain_text


def with_value_notices(case: ImportedCase) -> ImportedCase:
    """Return a case with what its pixels say against Hounsfield units, and its mask, among its notices."""
    codes = {notice.code for notice in case.volume.notices}
    found = [n for n in value_notices(case.volume.hu, case.volume.geometry, kept=case.hu_range) if n.code not in codes]
    told = replace(case.volume, notices=(*case.volume.notices, *found))
    beside = mask_place_notices(case.annotation.mask, told) if case.hu_range is None else []
    return replace(case, volume=replace(told, notices=(*told.notices, *beside)))


def unit_notices(slices: Sequence[DicomSlice]) -> tuple[Notice, ...]:
    """Return what the headers of DICOM slices say against Hounsfield units, and of how many slices."""
    return tuple(told_of_slices((_of_slice(one.header) for one in slices), len(slices)))


def _of_slice(header: Dataset) -> list[Notice]:
    rescaled = "RescaleSlope" in header and "RescaleIntercept" in header
    return slice_unit_notices(rescaled=rescaled, rescale_type=plain_text(str(header.get("RescaleType") or "")))
