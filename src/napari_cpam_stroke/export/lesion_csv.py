"""lesions.csv: one row per lesion, for a spreadsheet."""

from __future__ import annotations

import csv
import io

from napari_cpam_stroke.export.result import CaseResult
from napari_cpam_stroke.spreadsheet import safe_text

HEADER = (
    "case_id", "class", "volume_ml", "voxels", "first_slice", "last_slice", "warnings",
    "centroid_x_mm", "centroid_y_mm", "centroid_z_mm",
)  # fmt: skip


def lesion_csv(result: CaseResult) -> str:
    """Return a comma-separated table with a header; slices count from 0, positions are LPS mm.

    Each row carries the warnings of its case: ml must not be read without them.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    for lesion in result.table.lesions:
        place = lesion.centroid_lps_mm or (None, None, None)
        writer.writerow(
            [
                safe_text(result.volume.case_id),
                lesion.lesion_class.label,
                _number(lesion.volume_ml, 4),
                lesion.voxels,
                lesion.first_slice,
                lesion.last_slice,
                safe_text(" ".join(result.warnings)),
                *(_number(value, 2) for value in place),
            ]
        )
    return text.getvalue()


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"
