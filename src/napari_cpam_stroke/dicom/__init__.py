"""Read CT series from DICOM, and write segmentations and measurements back.

Imported on first use, so that a decoding worker starts quickly.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_cpam_stroke.dicom.derived.algorithm import AlgorithmType, ModelRun
    from napari_cpam_stroke.dicom.derived.any_mask import is_mask, read_mask
    from napari_cpam_stroke.dicom.derived.patient import patient_notes
    from napari_cpam_stroke.dicom.derived.report import write_report
    from napari_cpam_stroke.dicom.derived.resampled import write_resampled_segmentation
    from napari_cpam_stroke.dicom.derived.segmentation import write_segmentation
    from napari_cpam_stroke.dicom.derived.segmentation_reader import read_segmentation
    from napari_cpam_stroke.dicom.headers.pseudonym import case_pseudonym, patient_pseudonym
    from napari_cpam_stroke.dicom.pixels.reader import read_series
    from napari_cpam_stroke.dicom.series.folder_report import FolderReport
    from napari_cpam_stroke.dicom.series.rejected_file import RejectedFile
    from napari_cpam_stroke.dicom.series.scan import scan_folder, scan_paths
    from napari_cpam_stroke.dicom.series.series_entry import SeriesEntry
    from napari_cpam_stroke.nifti.reader import read_nifti_mask
    from napari_cpam_stroke.nifti.writer import write_nifti

_HOMES = {
    "AlgorithmType": "napari_cpam_stroke.dicom.derived.algorithm",
    "FolderReport": "napari_cpam_stroke.dicom.series.folder_report",
    "ModelRun": "napari_cpam_stroke.dicom.derived.algorithm",
    "RejectedFile": "napari_cpam_stroke.dicom.series.rejected_file",
    "SeriesEntry": "napari_cpam_stroke.dicom.series.series_entry",
    "case_pseudonym": "napari_cpam_stroke.dicom.headers.pseudonym",
    "is_mask": "napari_cpam_stroke.dicom.derived.any_mask",
    "patient_notes": "napari_cpam_stroke.dicom.derived.patient",
    "patient_pseudonym": "napari_cpam_stroke.dicom.headers.pseudonym",
    "read_mask": "napari_cpam_stroke.dicom.derived.any_mask",
    "read_nifti_mask": "napari_cpam_stroke.nifti.reader",
    "read_segmentation": "napari_cpam_stroke.dicom.derived.segmentation_reader",
    "read_series": "napari_cpam_stroke.dicom.pixels.reader",
    "scan_folder": "napari_cpam_stroke.dicom.series.scan",
    "scan_paths": "napari_cpam_stroke.dicom.series.scan",
    "write_nifti": "napari_cpam_stroke.nifti.writer",
    "write_report": "napari_cpam_stroke.dicom.derived.report",
    "write_resampled_segmentation": "napari_cpam_stroke.dicom.derived.resampled",
    "write_segmentation": "napari_cpam_stroke.dicom.derived.segmentation",
}

__all__ = [
    "AlgorithmType",
    "FolderReport",
    "ModelRun",
    "RejectedFile",
    "SeriesEntry",
    "case_pseudonym",
    "is_mask",
    "patient_notes",
    "patient_pseudonym",
    "read_mask",
    "read_nifti_mask",
    "read_segmentation",
    "read_series",
    "scan_folder",
    "scan_paths",
    "write_nifti",
    "write_report",
    "write_resampled_segmentation",
    "write_segmentation",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
