"""PhysioNet CT-ICH 1.3.1: one NIfTI volume and one mask per patient, and the same table of bleeds."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from cpam_train.importers.formats.ct_ich import Diagnosis, hemorrhage_annotation, read_diagnosis
from cpam_train.importers.layout import by_stem, numeric, require_folder
from cpam_train.importers.nifti_volume import read_pair
from cpam_train.importers.options import ImportOptions
from cpam_train.importers.record import Candidate, ImportedCase
from napari_cpam_stroke.core import CTVolume
from napari_cpam_stroke.errors import InputError

TABLE = "hemorrhage_diagnosis_raw_ct.csv"
LAYOUT = f"ct_scans/<patient>.nii, masks/<patient>.nii and {TABLE}"


def find_ct_ich_nifti(src: Path, options: ImportOptions) -> list[Candidate]:
    """One case per patient in true HU; the table counts slices from 1 in the order of the file."""
    require_folder(src)
    scans, masks = by_stem(src / "ct_scans", ".nii", ".nii.gz"), by_stem(src / "masks", ".nii", ".nii.gz")
    if not scans:
        raise InputError("Folder does not have the expected layout", got=src, expected=LAYOUT)
    diagnosis = read_diagnosis(src / TABLE)
    return [
        Candidate(
            f"ct-ich-nifti-{name}",
            partial(_read, name, scans[name], masks.get(name), diagnosis, options.ischemia_absent),
        )
        for name in sorted(scans, key=numeric)
    ]


def _read(name: str, scan: Path, mask: Path | None, diagnosis: Diagnosis, ischemia_absent: bool) -> ImportedCase:
    if mask is None:
        raise InputError(f"Volume {scan.name} has no mask", expected=f"masks/{name}.nii")
    volume, drawn, _ = read_pair(scan, mask, scan.name)
    number, _ = numeric(name)
    bleeds = diagnosis.get(number, {})
    numbers = _slice_numbers(volume.geometry.slices, reversed_order=volume.reversed_slices)
    lesion = np.asarray(drawn, dtype=np.float64) > 0
    annotation = hemorrhage_annotation(
        list(np.asarray(lesion)),
        [bleeds.get(n, False) for n in numbers],
        lesion.shape[1:],
        ischemia_absent=ischemia_absent,
    )
    case_id = f"ct-ich-nifti-{name}"
    case = CTVolume(volume.hu, volume.geometry, case_id, patient_id=f"ct-ich-{number:03d}")
    return ImportedCase(case, annotation, "CT-ICH radiologists")


def _slice_numbers(count: int, *, reversed_order: bool) -> list[int]:
    """Return the table's number of each slice; the table follows the file, slices here follow the patient."""
    numbers = list(range(1, count + 1))
    return numbers[::-1] if reversed_order else numbers
