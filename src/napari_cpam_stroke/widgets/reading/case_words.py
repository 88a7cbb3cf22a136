"""Cases of the worklist and series of a folder in words, as the Cases dock shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_cpam_stroke.annotations import CaseRecord
from napari_cpam_stroke.widgets.reading.case_list import UNREAD

if TYPE_CHECKING:
    from napari_cpam_stroke.dicom import FolderReport, SeriesEntry

MARKS = {
    "new": "\u2022",
    "predicted": "?",
    "in_review": "\u270e",
    "accepted": "\u2713",
    "second_read": "2",
    "rejected": "\u2715",
}
"""One sign per status; the word stands beside it."""

VERDICT_MARKS = {"ready": MARKS["accepted"], "view_only": "\u25cb", "refused": MARKS["rejected"]}
"""One sign per verdict on a series."""

HIDDEN = "hidden"
"""Stands for the suspicion of an unread case where the first read is blinded."""

URGENT = 0.5
"""Series probability from which an unread case is marked with '!'."""


def case_cells(case: CaseRecord, *, blinded: bool) -> tuple[str, str, str]:
    """Return mark and name, suspicion, and status; a blinded reader is told nothing of what the model thinks."""
    hide = blinded and case.status in UNREAD
    urgent = case.suspicion is not None and case.suspicion >= URGENT and case.status in {"new", "predicted"}
    mark = "!" if urgent and not hide else MARKS[case.status]
    return (f"{mark} {case.case_id}", HIDDEN if hide else _suspicion(case), case.status.replace("_", " "))


def case_facts(case: CaseRecord) -> str:
    """Return what is known of a case, one fact a line."""
    facts = [f"source {case.source}", f"reader {case.reader or 'nobody'}", *case.facts, *case.warnings, case.comment]
    return "\n".join(fact for fact in facts if fact)


def series_line(entry: SeriesEntry) -> str:
    """Return verdict, description, number of slices and reasons."""
    why = " ".join(entry.reasons)
    name = entry.description or "series"
    return f"{VERDICT_MARKS[entry.verdict]} {name}, {entry.slices} slices{': ' + why if why else ''}"


def series_facts(entry: SeriesEntry) -> str:
    """Return what is known of a series, one fact a line."""
    return "\n".join([entry.verdict.replace("_", " "), *entry.reasons, *entry.warnings, *entry.facts])


def report_sentence(report: FolderReport) -> str:
    """Return how many series there are, which is proposed and why, and what was left out."""
    left_out = f" {len(report.rejected)} file(s) left out." if report.rejected else ""
    return f"{len(report.series)} series. {report.proposal_reason}{left_out}"


def _suspicion(case: CaseRecord) -> str:
    if not case.probabilities:
        return "-"
    name = max(case.probabilities, key=lambda each: case.probabilities[each])
    return f"{case.probabilities[name]:.2f} {name[:3]}."
