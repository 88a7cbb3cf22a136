"""The folder of one case: DICOM SEG and SR, NIfTI, report.json, report.html, and for readers lesions.csv."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from napari_cpam_stroke import dicom
from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.export.lesion_csv import lesion_csv
from napari_cpam_stroke.export.page import render_page
from napari_cpam_stroke.export.result import CaseResult
from napari_cpam_stroke.export.safe_folder import result_folder
from napari_cpam_stroke.export.summary import summary_text

SEGMENTATION, MEASUREMENTS, NIFTI = "segmentation.dcm", "measurements.dcm", "mask.nii.gz"
JSON, HTML, CSV = "report.json", "report.html", "lesions.csv"
FILES = (SEGMENTATION, MEASUREMENTS, NIFTI, JSON, HTML, CSV)
"""Every name this program writes into a case's folder."""

NO_SOURCE = "No DICOM SEG and SR: the case came without its source images, to which they must refer."
NO_PLACE = "No NIfTI file: the series gives no positions."


@dataclass(frozen=True)
class CaseFiles:
    """What was written: the folder, the files in it, and what the user should know about them."""

    folder: Path
    files: tuple[Path, ...]
    notes: tuple[str, ...]


def write_case(parent: Path, result: CaseResult, *, table: bool = False, keep_patient: bool = False) -> CaseFiles:
    """Write everything about one case into `parent`/<case id>, whole or not at all.

    Parameters
    ----------
    table
        Also write lesions.csv.
    keep_patient
        Take the patient and study attributes of the source over into SEG and SR, on the user's explicit wish.

    Raises
    ------
    InputError
        If the folder holds other files, or nothing can be written there.
    """
    name = result.volume.case_id
    if not name or Path(name).name != name or name.startswith("."):
        raise InputError("The case id cannot be a folder name", got=repr(name))
    target = parent / name
    with result_folder(target, replaceable=FILES) as folder:
        notes = [*_write_dicom(folder, result, keep_patient=keep_patient), *_write_nifti(folder, result)]
        (folder / JSON).write_text(summary_text(result), encoding="utf-8")
        (folder / HTML).write_text(render_page(result), encoding="utf-8")
        if table:
            (folder / CSV).write_text(lesion_csv(result), encoding="utf-8")
    return CaseFiles(target, tuple(target / name for name in FILES if (target / name).exists()), tuple(notes))


def _write_dicom(folder: Path, result: CaseResult, *, keep_patient: bool) -> list[str]:
    if not result.volume.source:
        return [NO_SOURCE]
    name, version = result.algorithm
    segmentation = dicom.write_segmentation(
        folder / SEGMENTATION,
        result.mask,
        result.volume,
        algorithm_type=result.algorithm_type,
        algorithm_name=name,
        algorithm_version=version,
        keep_patient=keep_patient,
    )
    dicom.write_report(
        folder / MEASUREMENTS,
        result.table,
        result.volume,
        segmentation,
        algorithm_type=result.algorithm_type,
        algorithm_name=name,
        algorithm_version=version,
        keep_patient=keep_patient,
    )
    return []


def _write_nifti(folder: Path, result: CaseResult) -> list[str]:
    if result.volume.geometry is None:
        return [NO_PLACE]
    _, notes = dicom.write_nifti(folder / NIFTI, result.mask, result.volume)
    return list(notes)
