"""Choose the series to read first, and say why."""

from __future__ import annotations

from collections.abc import Sequence

from napari_cpam_stroke.core.notice import NoticeCode, notice_of
from napari_cpam_stroke.dicom.series.kernels import kernel_sharpness
from napari_cpam_stroke.dicom.series.series_entry import SeriesEntry
from napari_cpam_stroke.dicom.series.stacking import gaps
from napari_cpam_stroke.dicom.series.verdict import of_the_head, suggests_contrast

READING_THICKNESS_MM = (0.625, 6.0)
"""Slices of this thickness are wanted for reading."""

IDEAL_THICKNESS_MM = 5.0
"""Among equals the series nearest to this is taken: the reading series of a head CT."""

_LEFT_OUT = frozenset({NoticeCode.TISSUE_LEFT_OUT, NoticeCode.PARTS_MISSING})

TOLERANCE_MM = 0.01
"""0.6 is written for 0.625 now and then, but not 0.5."""


def propose(entries: Sequence[SeriesEntry]) -> tuple[SeriesEntry | None, str]:
    """Return the best series for reading and the reason in one or two sentences."""
    ready = [entry for entry in entries if entry.verdict == "ready"]
    if not ready:
        return None, "No series is ready for reading." if entries else "No CT series was found."
    best = min(ready, key=_rank)
    others = [f"{_name(entry)}: {_why_not(entry, best)}" for entry in entries if entry is not best]
    reason = f"{_name(best)}: {_why(best)}."
    return best, reason + (f" Set aside: {'; '.join(others)}." if others else "")


def _rank(entry: SeriesEntry) -> tuple[float, ...]:
    """Smaller is better."""
    thickness = entry.thickness_mm or 0.0
    return (
        bool(_shortcomings(entry)),
        len(_shortcomings(entry)),
        notice_of(entry.notices, NoticeCode.PART_OF_A_HEAD) is not None,
        entry.frames[0].image_type[:1] == ("DERIVED",),
        kernel_sharpness(entry.kernel, entry.description) != "soft",
        abs(thickness - IDEAL_THICKNESS_MM),
        -entry.slices,
    )


def _shortcomings(entry: SeriesEntry) -> list[str]:
    low, high = READING_THICKNESS_MM
    found = []
    if kernel_sharpness(entry.kernel, entry.description) == "sharp":
        found.append("bone kernel")
    if entry.thickness_mm is None or not low - TOLERANCE_MM <= entry.thickness_mm <= high + TOLERANCE_MM:
        found.append("slices too thin or too thick")
    if any(map(suggests_contrast, entry.frames)):
        found.append("contrast agent")
    if not all(map(of_the_head, entry.frames)):
        found.append("not of the head")
    if entry.lossy:
        found.append("lossy compression")
    if entry.geometry is not None and gaps(entry.geometry):
        found.append("slices missing")
    if _LEFT_OUT & {notice.code for notice in entry.notices}:
        found.append("tissue left out")
    return found


def _why(entry: SeriesEntry) -> str:
    parts = ["axial"]
    if entry.thickness_mm is not None:
        parts.append(f"{entry.thickness_mm:g} mm")
    if kernel_sharpness(entry.kernel, entry.description) == "soft":
        parts.append("soft-tissue kernel")
    if not suggests_contrast(entry.frames[0]):
        parts.append("no contrast agent")
    worse = _shortcomings(entry)
    return ", ".join(parts) + (f"; nothing better is there ({', '.join(worse)})" if worse else "")


def _why_not(entry: SeriesEntry, best: SeriesEntry) -> str:
    if entry.verdict != "ready":
        return entry.reasons[0].rstrip(".") if entry.reasons else entry.verdict
    worse = _shortcomings(entry)
    if worse:
        return ", ".join(worse)
    if entry.thickness_mm != best.thickness_mm:
        return f"{entry.thickness_mm or 0:g} mm slices"
    return "equal or nearly so" if entry.slices == best.slices else f"{entry.slices} slices"


def _name(entry: SeriesEntry) -> str:
    return f"{entry.description or 'unnamed series'} [{entry.key}]"
