"""RSNA 2019: slices with hemorrhage labels and no masks, brought back together into series."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset

from cpam_train.importers.dicom_slice import DicomSlice, read_dicom_slice, to_hu
from cpam_train.importers.dicom_stack import geometry_of, order_by_position, stack_hu
from cpam_train.importers.formats.ct_ich import hemorrhage_annotation
from cpam_train.importers.layout import require, require_folder
from cpam_train.importers.listed import table_rows
from cpam_train.importers.options import ImportOptions
from cpam_train.importers.record import Candidate, ImportedCase
from cpam_train.importers.value_check import unit_notices
from napari_cpam_stroke.core import CTVolume
from napari_cpam_stroke.dicom.file.header_faults import HEADER_FAULTS
from napari_cpam_stroke.files import require_regular

LAYOUT = "stage_2_train/ID_*.dcm and a CSV with ID_<12 digits>_<subtype>,<label>"
ANY = "any"
"""Subtype that is 1 when one of the others is."""

WRAP = 4096
"""12-bit files that lost their sign hold values from 0 to 4095."""

WRAP_SHIFT = 1000
NO_SHIFT_INTERCEPT = -100
"""A true intercept of unsigned 12-bit CT is about -1024; above this the values wrapped around."""

HEADER_TAGS = ["PatientID", "SeriesInstanceUID", "ImagePositionPatient", "ImageOrientationPatient"]


def find_rsna(src: Path, _options: ImportOptions) -> list[Candidate]:
    """One case per series, one group per patient; nothing is known of ischemia, nor of where a bleed lies.

    Lines that occur twice in the table are counted once; slices whose two lines disagree are left out.
    """
    require_folder(src)
    labels = read_labels(require(src.glob("*.csv"), src, LAYOUT)[0])
    files = {p.stem: p for p in require(src.glob("stage_2_train/ID_*.dcm"), src, LAYOUT)}
    series: defaultdict[tuple[str, str], list[Path]] = defaultdict(list)
    for name in sorted(files.keys() & labels.keys()):
        series[_identity(files[name])].append(files[name])
    return [
        Candidate(f"rsna-{_short(uid)}", partial(_read, paths, labels, patient, uid))
        for (patient, uid), paths in sorted(series.items())
    ]


def read_labels(path: Path) -> dict[str, bool]:
    """Return slice name -> whether it bleeds."""
    bleeds: dict[str, set[bool]] = defaultdict(set)
    for row in table_rows(path, "ID", "Label"):
        name, _, subtype = row["ID"].rpartition("_")
        if subtype == ANY:
            bleeds[name].add(row["Label"].strip() in {"1", "1.0"})
    return {name: values.pop() for name, values in bleeds.items() if len(values) == 1}


def unwrapped(one: DicomSlice) -> DicomSlice:
    """Return a slice with 12-bit values that wrapped around brought back."""
    header = one.header
    wraps = (
        int(header.get("BitsStored", 16)) == 12
        and int(header.get("PixelRepresentation", 0)) == 0
        and float(header.get("RescaleIntercept", 0)) > NO_SHIFT_INTERCEPT
    )
    if not wraps:
        return one
    raw = header.pixel_array.astype(np.int32) + WRAP_SHIFT
    raw[raw >= WRAP] -= WRAP
    fixed = Dataset()
    fixed.RescaleSlope, fixed.RescaleIntercept = header.get("RescaleSlope", 1), -WRAP_SHIFT
    return replace(one, hu=to_hu(raw, fixed))


def _identity(path: Path) -> tuple[str, str]:
    """Return patient and series of one file, both replaced by a hash."""
    try:
        require_regular(path)
        header = pydicom.dcmread(path, specific_tags=HEADER_TAGS, stop_before_pixels=True)
        return _short(str(header.get("PatientID", path.stem))), str(header.get("SeriesInstanceUID", path.stem))
    except HEADER_FAULTS:
        return ("unreadable", path.stem)


def _read(paths: Iterable[Path], labels: dict[str, bool], patient: str, uid: str) -> ImportedCase:
    files = list(paths)
    slices = [unwrapped(read_dicom_slice(path)) for path in files]
    order = order_by_position([one.header for one in slices])
    slices, files = [slices[i] for i in order], [files[i] for i in order]
    name = f"rsna-{_short(uid)}"
    hu = stack_hu(slices, name)
    geometry, made = geometry_of([one.header for one in slices]), slices[0].acquisition
    volume = CTVolume(
        hu,
        geometry,
        name,
        patient_id=f"rsna-{patient}",
        notices=(*made.notices, *unit_notices(slices)),
        acquisition=made,
    )
    nothing_drawn = [None] * len(files)
    annotation = hemorrhage_annotation(
        nothing_drawn, [labels[path.stem] for path in files], hu.shape[1:], ischemia_absent=False
    )
    return ImportedCase(volume, annotation, "RSNA 2019 radiologists")


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
