"""A folder of CT series and DICOM Segmentation objects that point at them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pydicom
from pydicom.errors import InvalidDicomError

from cpam_train.importers.knowledge import Knowledge, annotate
from cpam_train.importers.layout import require_folder
from cpam_train.importers.options import ImportOptions
from cpam_train.importers.record import Candidate, ImportedCase
from napari_cpam_stroke.errors import InputError

if TYPE_CHECKING:
    from napari_cpam_stroke.dicom import SeriesEntry

SEGMENTATION_STORAGE = "1.2.840.10008.5.1.4.1.1.66"
"""Start of the SOP class UIDs of Segmentation and Label Map Segmentation Storage."""


def find_dicom_seg(src: Path, options: ImportOptions) -> list[Candidate]:
    """One case per readable series with a segmentation; names are this machine's pseudonyms.

    Classes in `options.unknown_classes` were not looked for by whoever drew the segmentation.
    """
    from napari_cpam_stroke.dicom import scan_folder

    require_folder(src)
    segmentations = _segmentations(src)
    if not segmentations:
        raise InputError("Folder has no DICOM Segmentation", got=src, expected="CT series and SEG objects made on them")
    entries = [entry for entry in scan_folder(src).series if entry.series_uid in segmentations]
    if not entries:
        raise InputError("No series of the folder belongs to its segmentations", got=src)
    return [Candidate(entry.key, partial(_read, entry, segmentations[entry.series_uid], options)) for entry in entries]


def _segmentations(src: Path) -> Mapping[str, Path]:
    """Return the referenced series of every segmentation, and the newest file that refers to it."""
    files: dict[str, Path] = {}
    for path in sorted((p for p in src.rglob("*") if p.is_file()), key=lambda p: p.stat().st_mtime):
        try:
            header = pydicom.dcmread(
                path, specific_tags=["SOPClassUID", "ReferencedSeriesSequence"], stop_before_pixels=True
            )
        except (InvalidDicomError, OSError):
            continue
        if str(header.get("SOPClassUID", "")).startswith(SEGMENTATION_STORAGE):
            files |= {str(item.SeriesInstanceUID): path for item in header.get("ReferencedSeriesSequence", [])}
    return files


def _read(entry: SeriesEntry, segmentation: Path, options: ImportOptions) -> ImportedCase:
    from napari_cpam_stroke.dicom import read_segmentation, read_series

    volume = read_series(entry)
    mask = read_segmentation(segmentation, volume)
    return ImportedCase(
        replace(volume, source=()),
        annotate(mask, ischemia=_knowledge("ischemia", options), hemorrhage=_knowledge("hemorrhage", options)),
        "imported segmentation",
    )


def _knowledge(name: str, options: ImportOptions) -> Knowledge:
    return "unknown" if name in options.unknown_classes else "drawn"
