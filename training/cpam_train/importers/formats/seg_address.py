"""Which series of a folder a DICOM segmentation belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pydicom

from napari_cpam_stroke.errors import InputError

if TYPE_CHECKING:
    from napari_cpam_stroke.dicom import SeriesEntry

SEGMENTATION_STORAGE = ("1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7")
"""SOP classes of segmentations in pixels: Segmentation and Label Map Segmentation Storage."""

OUTLINES = {
    "1.2.840.10008.5.1.4.1.1.481.3": "an RT structure set: outlines, not pixels",
    "1.2.840.10008.5.1.4.1.1.66.5": "a surface segmentation: meshes, not pixels",
}
"""SOP classes of what also outlines findings and is not read, and what it is; else it would be left out unsaid."""

_TAGS = ["SOPClassUID", "ReferencedSeriesSequence", "FrameOfReferenceUID"]
_HEAD_BYTES = 1024


@dataclass(frozen=True)
class SegAddress:
    """A segmentation file and what it says it was made on.

    Attributes
    ----------
    series
        UIDs of the series it refers to.
    frame_of_reference
        Empty where it gives none.
    fault
        Why its header cannot be read; empty where it can.
    """

    path: Path
    series: frozenset[str] = frozenset()
    frame_of_reference: str = ""
    fault: str = ""

    def choose(self, entries: Sequence[SeriesEntry]) -> list[SeriesEntry]:
        """Return the volumes it belongs to: the series it names, else by its images; naming none, the one in its space.

        Raises
        ------
        InputError
            If there is none, or several lie in its space and it names none of them.
        """
        if self.fault:
            remedy = "write it as DICOM SEG or as NIfTI" if self.fault in OUTLINES.values() else ""
            raise InputError(f"Segmentation {_shown(self.path)} cannot be read", got=self.fault, remedy=remedy)
        named = [entry for entry in entries if entry.series_uid in self.series]
        if named:
            return named
        there = [e for e in entries if self.frame_of_reference and _space(e) == self.frame_of_reference]
        found = self._by_images(there) if self.series or len(there) > 1 else there
        if len(found) != 1:
            raise InputError(
                f"Segmentation {_shown(self.path)} belongs to no series of the folder"
                if not found
                else f"Segmentation {_shown(self.path)} names no series, and several lie in its frame of reference",
                got=f"{len(found)} series",
                expected="one",
                remedy="put it into a folder with the series it was made on",
            )
        return found

    def _by_images(self, entries: Sequence[SeriesEntry]) -> list[SeriesEntry]:
        from napari_cpam_stroke.dicom.derived.seg_file import open_segmentation

        images = open_segmentation(self.path).instances
        if not images:
            return [] if self.series else list(entries)
        return [e for e in entries if images & {frame.sop_instance_uid for frame in e.frames}]


def segmentations_in(folder: Path) -> list[SegAddress]:
    """Return every segmentation below a folder, in the order of their names."""
    found = (_address(path) for path in sorted(folder.rglob("*")) if path.is_file())
    return [address for address in found if address is not None]


def _address(path: Path) -> SegAddress | None:
    from napari_cpam_stroke.dicom.derived.seg_faults import told_in_words

    try:
        with told_in_words(path.name):
            header = pydicom.dcmread(path, specific_tags=_TAGS, stop_before_pixels=True)
            kind = str(header.get("SOPClassUID", ""))
            if kind not in SEGMENTATION_STORAGE:
                return SegAddress(path, fault=OUTLINES[kind]) if kind in OUTLINES else None
            series = frozenset(
                str(item.get("SeriesInstanceUID") or "") for item in header.get("ReferencedSeriesSequence") or []
            )
            return SegAddress(path, series - {""}, str(header.get("FrameOfReferenceUID") or ""))
    except InputError as error:
        return SegAddress(path, fault=str(error.got)) if _claims_to_be_one(path) else None


def _claims_to_be_one(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError:
        return False
    return any(uid.encode() in head for uid in SEGMENTATION_STORAGE)


def _space(entry: SeriesEntry) -> str:
    return "" if entry.geometry is None else entry.geometry.frame_of_reference_uid


def _shown(path: Path) -> str:
    from napari_cpam_stroke.dicom.headers.plain import plain_text

    return plain_text(path.name)
