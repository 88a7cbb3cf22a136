"""Keeping the list of cases: a narrow row beside each case, written with it, and brought up to date once."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from sqlalchemy import RowMapping, Select, case, delete, insert, or_, select
from sqlalchemy.orm import Session

from napari_cpam_stroke.annotations.checksums import TableColumns, checksum_of
from napari_cpam_stroke.annotations.kind_rows import joined, lessons_of_kinds
from napari_cpam_stroke.annotations.kinds import Kind, kind_of
from napari_cpam_stroke.annotations.lessons import NOTHING_SAID, Lesson, own_lesson, suspected_classes, together
from napari_cpam_stroke.annotations.opinion import Opinion
from napari_cpam_stroke.annotations.opinion_rows import opinions_of
from napari_cpam_stroke.annotations.records import STATUSES
from napari_cpam_stroke.annotations.remarks import unpack_acquisition
from napari_cpam_stroke.annotations.rows import prompts_from_plain
from napari_cpam_stroke.annotations.schema import CaseRow, ListedRow, PatientRow, RevisionRow
from napari_cpam_stroke.annotations.tables import make_table
from napari_cpam_stroke.core import CLASS_NAMES, Acquisition
from napari_cpam_stroke.core.annotation import PRESENT
from napari_cpam_stroke.core.suspicion_scale import TOP

REVISIONS = TableColumns(RevisionRow)

BATCH = 1000
"""Cases that are listed at a time: others can write between."""

LONGEST_SERIES = ListedRow.__table__.c.series.type.length  # type: ignore[attr-defined]

STAGES = {status: stage for stage, status in enumerate(STATUSES)}

SAME: dict[str, Any] = {
    "head": CaseRow.head,
    "added": CaseRow.added,
    "slices": CaseRow.slices,
    "priority": CaseRow.suspicion,
    "uncertainty": CaseRow.uncertainty,
    "split": PatientRow.split,
    "assigned": CaseRow.reader,
    "words": CaseRow.search_text,
    "stage": case(STAGES, value=CaseRow.status),
}
"""What of a case, or its patient, stands in its list row as it is, by column."""

SEEN = (
    CaseRow.case_id, CaseRow.facts, CaseRow.source, CaseRow.status, CaseRow.model_sha256, CaseRow.ischemia_label,
    CaseRow.hemorrhage_label, CaseRow.ischemia_probability, CaseRow.hemorrhage_probability, RevisionRow.number,
    RevisionRow.author, RevisionRow.kind, RevisionRow.rejections, RevisionRow.labels,
)  # fmt: skip
"""What the other columns are made of, of a case and its newest version."""


def keep_listed(session: Session, changed: CaseRow) -> None:
    """Write the list row of a case that is new or has changed."""
    make_table(session, ListedRow)
    session.execute(delete(ListedRow).where(ListedRow.case_id == changed.case_id))
    _insert(session, _cases().where(CaseRow.case_id == changed.case_id))


def any_unlisted(session: Session) -> bool:
    """Return whether there are cases that are not listed as they are, such as those an earlier program wrote."""
    return session.scalar(_unlisted().limit(1)) is not None


def forget_changed(session: Session) -> None:
    """Take cases off the list that are not as they are listed."""
    make_table(session, ListedRow)
    session.execute(delete(ListedRow).where(ListedRow.case_id.in_(_unlisted())))


def list_missing(session: Session, *, after: str) -> list[str]:
    """List the next `BATCH` cases after a name that are not listed; return their names, none at the end."""
    missing = _cases().outerjoin(ListedRow, ListedRow.case_id == CaseRow.case_id).where(ListedRow.case_id.is_(None))
    return _insert(session, missing.where(CaseRow.case_id > after).order_by(CaseRow.case_id).limit(BATCH))


def list_all(session: Session) -> None:
    """List every case as it is."""
    forget_changed(session)
    names = [""]
    while names:
        names = list_missing(session, after=names[-1])


def series_words(made: Acquisition) -> str:
    """Return what tells the series of one patient apart: thickness and kernel; empty where the source says neither."""
    thickness = made.slice_thickness_mm
    parts = ["" if thickness is None else f"{thickness:g} mm", made.kernel or ""]
    return " ".join(filter(None, parts))[:LONGEST_SERIES]


def _unlisted() -> Select[Any]:
    differs = [getattr(ListedRow, name).is_distinct_from(now) for name, now in SAME.items()]
    return (
        select(CaseRow.case_id)
        .join(PatientRow, PatientRow.patient_id == CaseRow.patient_id)
        .outerjoin(ListedRow, ListedRow.case_id == CaseRow.case_id)
        .where(or_(ListedRow.case_id.is_(None), *differs))
    )


def _cases() -> Select[Any]:
    """Return the statement for what list rows are made of."""
    columns: list[Any] = [*SEEN, *(now.label(name) for name, now in SAME.items())]
    return (
        select(*columns)
        .join(PatientRow, PatientRow.patient_id == CaseRow.patient_id)
        .outerjoin(RevisionRow, RevisionRow.id == CaseRow.head)
    )


def _insert(session: Session, cases: Select[Any]) -> list[str]:
    """List some cases; return their names."""
    found = session.execute(cases).mappings().all()
    opinions = opinions_of(session, found)
    readings = _readings(session, [one["case_id"] for one in found])
    rows = [_row(one, opinions.get(one["case_id"]), readings[one["case_id"]]) for one in found]
    kinds = lessons_of_kinds(session, {row["kind"] for row in rows})
    for row in rows:
        own = Lesson(row["own"], (row["own_reasons"],))
        row["teaches"] = together([own, kinds.get(row["kind"], NOTHING_SAID)]).score
    if rows:
        session.execute(insert(ListedRow), rows)
    return [row["case_id"] for row in rows]


def _readings(session: Session, names: Sequence[str]) -> dict[str, list[Any]]:
    """Return the revisions of some cases that are whole, by case, oldest first."""
    columns = RevisionRow.__table__.c
    rows = session.execute(select(*REVISIONS.selected).where(columns.case_id.in_(names)).order_by(columns.number))
    of_case: dict[str, list[Any]] = defaultdict(list)
    for row in REVISIONS.whole_of(rows):
        of_case[row.case_id].append(row)
    return of_case


def _ends(revisions: Sequence[Any], head: str | None) -> str:
    """Return number and author of the newest version of the main line, then of each line beside it."""
    continued = {row.parent for row in revisions}
    main = [(row.number, row.author) for row in revisions if row.id == head]
    beside = [(row.number, row.author) for row in revisions if row.id != head and row.id not in continued]
    return json.dumps(main + beside)


def _row(found: RowMapping, opinion: Opinion | None, revisions: Sequence[Any]) -> dict[str, Any]:
    read = found["number"] is not None
    made = unpack_acquisition(found["facts"])
    values = {name: found[name] for name in ("case_id", *SAME)} | {
        "series": series_words(made),
        "reader": found["author"] if read else found["assigned"],
        "version": found["number"] if read else 0,
        "readings": _ends(revisions, found["head"]),
        "kind": _kind(found, made, opinion).key,
        **_suspicion(found, opinion),
        **_lesson(found, opinion),
    }
    return values | {"checksum": checksum_of(ListedRow, SimpleNamespace(**values))}


def _suspicion(found: RowMapping, opinion: Opinion | None) -> dict[str, Any]:
    suspected = None if opinion is None else opinion.suspected
    if suspected is None:
        return {"suspicion": found["priority"], "suspected": ""}
    return {"suspicion": suspected.value / TOP, "suspected": suspected.name}


def _lesson(found: RowMapping, opinion: Opinion | None) -> dict[str, Any]:
    """Return what the case teaches by itself, and the corrections of its newest version."""
    rejected, prompts = _corrections(found)
    own = own_lesson(status=found["status"], split=found["split"], opinion=opinion, rejected=rejected, prompts=prompts)
    corrections = rejected + prompts if found["kind"] == "reading" else -1
    return {"own": own.score, "own_reasons": joined(own.reasons), "corrections": corrections}


def _corrections(found: RowMapping) -> tuple[int, int]:
    """Return the findings turned down in the newest version, and the prompts that made it."""
    if found["number"] is None:
        return 0, 0
    used = prompts_from_plain(json.loads(found["labels"]).get("prompts"))
    return len(json.loads(found["rejections"])), 0 if used is None else len(used.prompts)


def _kind(found: Mapping[Any, Any], made: Acquisition, opinion: Opinion | None) -> Kind:
    if found["number"] is None:
        return kind_of(found["source"], made, suspected_classes(opinion))
    return kind_of(found["source"], made, [name for name in CLASS_NAMES if found[f"{name}_label"] == PRESENT])
