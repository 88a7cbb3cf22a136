"""Read CT series from DICOM, and write segmentations and measurements back.

Imported on first use, so that a decoding worker starts quickly.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_cpam_stroke.dicom.algorithm import AlgorithmType
    from napari_cpam_stroke.dicom.folder_report import FolderReport
    from napari_cpam_stroke.dicom.nifti import write_nifti
    from napari_cpam_stroke.dicom.nifti_reader import read_nifti_mask
    from napari_cpam_stroke.dicom.pseudonym import case_pseudonym, patient_pseudonym
    from napari_cpam_stroke.dicom.reader import read_series
    from napari_cpam_stroke.dicom.rejected_file import RejectedFile
    from napari_cpam_stroke.dicom.report import write_report
    from napari_cpam_stroke.dicom.scan import scan_folder
    from napari_cpam_stroke.dicom.segmentation import write_segmentation
    from napari_cpam_stroke.dicom.segmentation_reader import read_segmentation
    from napari_cpam_stroke.dicom.series_entry import SeriesEntry

_HOMES = {
    "AlgorithmType": "algorithm",
    "FolderReport": "folder_report",
    "RejectedFile": "rejected_file",
    "SeriesEntry": "series_entry",
    "case_pseudonym": "pseudonym",
    "patient_pseudonym": "pseudonym",
    "read_nifti_mask": "nifti_reader",
    "read_segmentation": "segmentation_reader",
    "read_series": "reader",
    "scan_folder": "scan",
    "write_nifti": "nifti",
    "write_report": "report",
    "write_segmentation": "segmentation",
}

__all__ = [
    "AlgorithmType",
    "FolderReport",
    "RejectedFile",
    "SeriesEntry",
    "case_pseudonym",
    "patient_pseudonym",
    "read_nifti_mask",
    "read_segmentation",
    "read_series",
    "scan_folder",
    "write_nifti",
    "write_report",
    "write_segmentation",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
