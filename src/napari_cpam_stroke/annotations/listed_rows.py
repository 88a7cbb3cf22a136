"""Keeping the list of cases: a narrow row beside each case, written with it, and brought up to date once."""

from __future__ import annotations

from typing import Any

from sqlalchemy import RowMapping, Select, case, delete, insert, or_, select
from sqlalchemy.orm import Session

from napari_cpam_stroke.annotations.database import make_table
from napari_cpam_stroke.annotations.records import STATUSES
from napari_cpam_stroke.annotations.remarks import unpack_acquisition
from napari_cpam_stroke.annotations.schema import CaseRow, ListedRow, RevisionRow
from napari_cpam_stroke.core import Acquisition

BATCH = 1000
"""Cases that are listed at a time."""

LONGEST_SERIES = ListedRow.__table__.c.series.type.length  # type: ignore[attr-defined]

STAGES = {status: stage for stage, status in enumerate(STATUSES)}

SAME: dict[str, Any] = {
    "head": CaseRow.head,
    "added": CaseRow.added,
    "slices": CaseRow.slices,
    "suspicion": CaseRow.suspicion,
    "uncertainty": CaseRow.uncertainty,
    "assigned": CaseRow.reader,
    "words": CaseRow.search_text,
    "stage": case(STAGES, value=CaseRow.status),
}
"""What of a case stands in its list row as it is, by column."""


def keep_listed(session: Session, changed: CaseRow) -> None:
    """Write the list row of a case that is new or has changed."""
    make_table(session, ListedRow)
    session.execute(delete(ListedRow).where(ListedRow.case_id == changed.case_id))
    _insert(session, _cases().where(CaseRow.case_id == changed.case_id))


def any_unlisted(session: Session) -> bool:
    """Return whether there are cases that are not listed as they are, such as those an earlier program wrote."""
    return session.scalar(_unlisted().limit(1)) is not None


def bring_up_to_date(session: Session) -> int:
    """List every case as it is; return how many were not."""
    make_table(session, ListedRow)
    session.execute(delete(ListedRow).where(ListedRow.case_id.in_(_unlisted())))
    missing = _cases().outerjoin(ListedRow, ListedRow.case_id == CaseRow.case_id).where(ListedRow.case_id.is_(None))
    done, last = 0, ""
    while names := _insert(session, missing.where(CaseRow.case_id > last).order_by(CaseRow.case_id).limit(BATCH)):
        done, last = done + len(names), names[-1]
    return done


def series_words(made: Acquisition) -> str:
    """Return what tells the series of one patient apart: thickness and kernel; empty where the source says neither."""
    thickness = made.slice_thickness_mm
    parts = ["" if thickness is None else f"{thickness:g} mm", made.kernel or ""]
    return " ".join(filter(None, parts))[:LONGEST_SERIES]


def _unlisted() -> Select[Any]:
    differs = [getattr(ListedRow, name).is_distinct_from(now) for name, now in SAME.items()]
    return (
        select(CaseRow.case_id)
        .outerjoin(ListedRow, ListedRow.case_id == CaseRow.case_id)
        .where(or_(ListedRow.case_id.is_(None), *differs))
    )


def _cases() -> Select[Any]:
    """Return the statement for what list rows are made of."""
    of_case = (now.label(name) for name, now in SAME.items())
    return select(CaseRow.case_id, CaseRow.facts, RevisionRow.number, RevisionRow.author, *of_case).outerjoin(
        RevisionRow, RevisionRow.id == CaseRow.head
    )


def _insert(session: Session, cases: Select[Any]) -> list[str]:
    """List some cases; return their names."""
    rows = [_row(found) for found in session.execute(cases).mappings()]
    if rows:
        session.execute(insert(ListedRow), rows)
    return [row["case_id"] for row in rows]


def _row(found: RowMapping) -> dict[str, Any]:
    read = found["number"] is not None
    return {name: found[name] for name in ("case_id", *SAME)} | {
        "series": series_words(unpack_acquisition(found["facts"])),
        "reader": found["author"] if read else found["assigned"],
        "version": found["number"] if read else 0,
    }
