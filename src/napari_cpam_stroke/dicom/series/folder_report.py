"""What a scan found."""

from __future__ import annotations

from dataclasses import dataclass

from napari_cpam_stroke.dicom.series.rejected_file import RejectedFile
from napari_cpam_stroke.dicom.series.series_entry import SeriesEntry


@dataclass(frozen=True)
class FolderReport:
    """Every series with its verdict, every file set aside, and the series to read first.

    Attributes
    ----------
    proposed
        Best series for reading, or None when nothing is ready.
    proposal_reason
        Why this one and not the others, in plain words.
    """

    series: tuple[SeriesEntry, ...]
    rejected: tuple[RejectedFile, ...]
    proposed: SeriesEntry | None
    proposal_reason: str
