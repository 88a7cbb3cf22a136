"""Cases of the worklist and series of a folder in words, as the Cases dock shows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from napari_cpam_stroke.annotations import ListedCase
from napari_cpam_stroke.core.suspicion_scale import OWN, TOP
from napari_cpam_stroke.widgets.reading.case_list import UNREAD
from napari_cpam_stroke.widgets.reading.moments import local_time, short_date

if TYPE_CHECKING:
    from napari_cpam_stroke.annotations.wanted import ListOrder
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
"""Series probability from which an unread case is marked with '!', where the model's own threshold is not known."""

NO_THRESHOLD = "a probability of 0 to 1: the store does not know this model's threshold; run it again to have it"


@dataclass(frozen=True)
class CaseColumn:
    """A column of the worklist.

    Attributes
    ----------
    order
        What a click on its head puts the list in order by; the column goes by this name.
    widest
        What it has to hold, as a rule.
    tip
        What it says.
    """

    order: ListOrder
    title: str
    widest: str
    tip: str


COLUMNS: tuple[CaseColumn, ...] = (
    CaseColumn("id", "case", "u-0\u202600000", "Pseudonym of the series"),
    CaseColumn("added", "date", "26 Nov 26", "When the series came into the store, which keeps no date of the study"),
    CaseColumn("slices", "slices", "300", "Number of slices"),
    CaseColumn("series", "series", "1.25 mm H31s", "Slice thickness and kernel"),
    CaseColumn("status", "status", "second read", "Where the case stands"),
    CaseColumn(
        "suspicion",
        "suspicion",
        "100 isc.",
        f"What the last run of a model suspects most, 0 to {TOP:g}; {OWN:g} is the model's own threshold",
    ),
    CaseColumn("uncertainty", "unsure", "0.95", "How near to undecided that run was: 1 is at the model's threshold"),
    CaseColumn("teaches", "teaches", "0.95", "How much reading the case next would teach the model, 0 to 1, and why"),
    CaseColumn(
        "reader", "reader", "Dr. Name", "Who wrote the newest version, of each line; else who it is assigned to"
    ),
    CaseColumn("version", "version", "1, 2", "Number of the newest version, of each line of versions"),
)
"""In the order they stand."""

FIRST_COLUMNS: tuple[ListOrder, ...] = (
    "id", "suspicion", "teaches", "added", "status", "reader", "slices", "version", "series",
)  # fmt: skip
"""Which columns are shown as far as there is room, the most wanted first."""


def case_cells(listed: ListedCase, *, blinded: bool) -> dict[ListOrder, str]:
    """Return the words of every column; a blinded reader is told nothing of what the model thinks."""
    case = listed.case
    hide = blinded and case.status in UNREAD
    mark = "!" if is_urgent(listed) and not hide else MARKS[case.status]
    readers = dict.fromkeys(reading.author for reading in listed.readings)
    return {
        "id": f"{mark} {case.case_id}",
        "added": short_date(datetime.fromisoformat(case.added)),
        "slices": str(case.shape[0]),
        "series": listed.series,
        "status": case.status.replace("_", " "),
        "suspicion": HIDDEN if hide else _suspicion(listed),
        "uncertainty": HIDDEN if hide else _probability(case.uncertainty),
        "teaches": HIDDEN if hide else _teaches(listed),
        "reader": ", ".join(readers) or case.reader,
        "version": ", ".join(str(reading.version) for reading in listed.readings),
    }


def is_urgent(listed: ListedCase) -> bool:
    """Return whether the model suspects something in a case that nobody has begun to read."""
    case, suspected = listed.case, listed.suspected
    if case.status not in {"new", "predicted"}:
        return False
    return suspected.value >= OWN if suspected is not None else (case.suspicion or 0) >= URGENT


def why_next(listed: ListedCase, *, blinded: bool) -> str:
    """Return why a case would teach much or little; nothing where that would tell a blinded reader of the model."""
    hide = blinded and listed.case.status in UNREAD
    return "" if hide else f"{listed.case.case_id}: {'; '.join(listed.lesson.reasons)}"


def cell_tip(listed: ListedCase, order: ListOrder, *, blinded: bool) -> str:
    """Return the words of a column, what they rest on, and what is known of the case."""
    hide = blinded and listed.case.status in UNREAD
    unscaled = listed.case.probabilities and listed.suspected is None
    more = {"suspicion": (NO_THRESHOLD,) if unscaled else (), "teaches": listed.lesson.reasons}
    words = case_cells(listed, blinded=blinded)[order]
    return "\n".join([words, *(() if hide else more.get(order, ())), case_facts(listed)])


def case_facts(listed: ListedCase) -> str:
    """Return what is known of a case, one fact a line."""
    case = listed.case
    came = f"came in {local_time(datetime.fromisoformat(case.added))}, source {case.source}"
    read = [f"version {reading.version} by {reading.author}" for reading in listed.readings]
    facts = [case.case_id, came, f"assigned to {case.reader or 'nobody'}", *read]
    return "\n".join(fact for fact in [*facts, *case.facts, *case.warnings, case.comment] if fact)


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


def _probability(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _suspicion(listed: ListedCase) -> str:
    """Return the suspicion on the scale of Findings; the probability where the model's threshold is not known."""
    said, suspected = listed.case.probabilities, listed.suspected
    if suspected is not None:
        return f"{suspected.value:.0f} {suspected.name[:3]}."
    if not said:
        return "-"
    name = max(said, key=lambda each: said[each])
    return f"{said[name]:.2f} {name[:3]}."


def _teaches(listed: ListedCase) -> str:
    lesson = listed.lesson
    return " ".join([f"{lesson.score:.2f}" if lesson.worth else "-", *lesson.reasons[:1]])
