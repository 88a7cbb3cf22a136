"""Read CT series from DICOM, and write segmentations and measurements back.

Imported on first use, so that a decoding worker starts quickly.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_cpam_stroke.dicom.folder_report import FolderReport
    from napari_cpam_stroke.dicom.reader import read_series
    from napari_cpam_stroke.dicom.rejected_file import RejectedFile
    from napari_cpam_stroke.dicom.scan import scan_folder
    from napari_cpam_stroke.dicom.series_entry import SeriesEntry

_HOMES = {
    "FolderReport": "folder_report",
    "RejectedFile": "rejected_file",
    "SeriesEntry": "series_entry",
    "read_series": "reader",
    "scan_folder": "scan",
}

__all__ = ["FolderReport", "RejectedFile", "SeriesEntry", "read_series", "scan_folder"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
