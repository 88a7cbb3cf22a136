"""The folder of one case: DICOM SEG and SR, NIfTI, report.json, report.html, and for readers lesions.csv."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_cpam_stroke import dicom
from napari_cpam_stroke.errors import InputError, UnreferableError
from napari_cpam_stroke.export.lesion_csv import lesion_csv
from napari_cpam_stroke.export.page import render_page
from napari_cpam_stroke.export.result import CaseResult
from napari_cpam_stroke.export.safe_folder import result_folder
from napari_cpam_stroke.export.summary import summary_text

SEGMENTATION, MEASUREMENTS, NIFTI = "segmentation.dcm", "measurements.dcm", "mask.nii.gz"
RESAMPLED = "segmentation_resampled.dcm"
JSON, HTML, CSV = "report.json", "report.html", "lesions.csv"
FILES = (SEGMENTATION, RESAMPLED, MEASUREMENTS, NIFTI, JSON, HTML, CSV)
"""Every name this program writes into a case's folder."""

NO_SOURCE = "No DICOM SEG and SR: the case came without its source images, to which they must refer."
NO_PLACE = "No NIfTI file: the series gives no positions."


@dataclass(frozen=True)
class CaseFiles:
    """What was written: the folder, the files in it, and what the user should know about them.

    Attributes
    ----------
    left_out
        Names of files that this case cannot have; `notes` say why.
    """

    folder: Path
    files: tuple[Path, ...]
    notes: tuple[str, ...]
    left_out: tuple[str, ...] = ()


def write_case(
    parent: Path, result: CaseResult, *, table: bool = False, keep_patient: bool = False, resampled: bool = False
) -> CaseFiles:
    """Write everything that can be written about one case into `parent`/<case id>, whole or not at all.

    Parameters
    ----------
    table
        Also write lesions.csv.
    keep_patient
        Take the patient and study attributes of the source over into SEG and SR, on the user's explicit wish.
    resampled
        Also write segmentation_resampled.dcm where the native frames are tilted or unevenly spaced.

    Raises
    ------
    InputError
        If the folder holds other files, or nothing can be written there.
    SeriesError
        If the source files are gone or others than those that were read.
    """
    name = result.volume.case_id
    if not name or Path(name).name != name or name.startswith("."):
        raise InputError("The case id cannot be a folder name", got=repr(name))
    target = parent / name
    with result_folder(target, replaceable=FILES) as folder:
        notes = [*_write_dicom(folder, result, keep_patient=keep_patient), *_write_nifti(folder, result)]
        if resampled and (folder / SEGMENTATION).exists():
            notes.append(_write_resampled(folder, result, keep_patient=keep_patient))
        (folder / JSON).write_text(summary_text(result, notes), encoding="utf-8")
        (folder / HTML).write_text(render_page(result, notes), encoding="utf-8")
        if table:
            (folder / CSV).write_text(lesion_csv(result), encoding="utf-8")
    there = tuple(target / name for name in FILES if (target / name).exists())
    left_out = tuple(name for name in (SEGMENTATION, MEASUREMENTS, NIFTI) if target / name not in there)
    return CaseFiles(target, there, tuple(notes), left_out)


def _write_dicom(folder: Path, result: CaseResult, *, keep_patient: bool) -> list[str]:
    """Write SEG and SR; of a series that neither can refer to, return why they are left out."""
    if not result.volume.source:
        return [NO_SOURCE]
    try:
        segmentation = _write_segmentation(folder, result, keep_patient=keep_patient)
    except UnreferableError as error:
        return [f"No DICOM SEG and SR: {error}"]
    notes = list(dicom.patient_notes(result.volume)) if keep_patient else []
    try:
        _write_report(folder, result, segmentation, keep_patient=keep_patient)
    except UnreferableError as error:
        notes.append(f"No DICOM SR: {error}")
    return notes


def _write_segmentation(folder: Path, result: CaseResult, *, keep_patient: bool) -> Path:
    return dicom.write_segmentation(
        folder / SEGMENTATION, result.mask, result.volume, keep_patient=keep_patient, **_made_by(result)
    )


def _write_resampled(folder: Path, result: CaseResult, *, keep_patient: bool) -> str:
    """Write the SEG on an even grid and return what is said of it, or why there is none."""
    try:
        _, note = dicom.write_resampled_segmentation(
            folder / RESAMPLED, result.mask, result.volume, keep_patient=keep_patient, **_made_by(result)
        )
    except UnreferableError as error:
        return f"No {RESAMPLED}: {error}"
    return note


def _write_report(folder: Path, result: CaseResult, segmentation: Path, *, keep_patient: bool) -> None:
    dicom.write_report(
        folder / MEASUREMENTS, result.table, result.volume, segmentation, keep_patient=keep_patient, **_made_by(result)
    )


def _made_by(result: CaseResult) -> dict[str, Any]:
    name, version = result.algorithm
    return {
        "algorithm_type": result.algorithm_type,
        "algorithm_name": name,
        "algorithm_version": version,
        "run": result.model_run,
    }


def _write_nifti(folder: Path, result: CaseResult) -> list[str]:
    if result.volume.geometry is None:
        return [NO_PLACE]
    _, notes = dicom.write_nifti(folder / NIFTI, result.mask, result.volume, algorithm_type=result.algorithm_type)
    return list(notes)
