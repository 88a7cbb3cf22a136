"""What leaves the program for one case: DICOM SEG and SR, NIfTI, JSON, CSV, and a page to read."""

from napari_cpam_stroke.export.case_folder import CaseFiles, write_case
from napari_cpam_stroke.export.case_run import DoubtfulValuesError, run_case
from napari_cpam_stroke.export.lesion_csv import lesion_csv
from napari_cpam_stroke.export.page import render_page
from napari_cpam_stroke.export.pictures import contact_sheet, png_bytes, slice_picture
from napari_cpam_stroke.export.result import CaseResult
from napari_cpam_stroke.export.summary import summary

__all__ = [
    "CaseFiles",
    "CaseResult",
    "DoubtfulValuesError",
    "contact_sheet",
    "lesion_csv",
    "png_bytes",
    "render_page",
    "run_case",
    "slice_picture",
    "summary",
    "write_case",
]
