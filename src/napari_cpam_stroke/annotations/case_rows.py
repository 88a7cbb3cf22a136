"""Many rows at once: cases with their patients, and all that belongs to a case, each verified before it is used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from napari_cpam_stroke.annotations.checksums import TableColumns, damaged, require_all
from napari_cpam_stroke.annotations.records import CaseRecord
from napari_cpam_stroke.annotations.rows import case_record
from napari_cpam_stroke.annotations.schema import CaseRow, PatientRow, RevisionRow

CASES = TableColumns(CaseRow)
OWNERS = TableColumns(PatientRow, first=CASES.end)
HEADS = TableColumns(RevisionRow, first=CASES.end)
CASE_COLUMNS: tuple[Any, ...] = (*CASES.selected, *OWNERS.selected)
"""What a statement over cases joined with patients has to select, first of all, for `verified_record`."""


def verified_record(row: Any) -> CaseRecord:
    """Return the record of a result row.

    Raises
    ------
    StoreError
        If the case or its patient is not as it was written, or the database joined the two wrongly.
    """
    case, owner = CASES.of(row), OWNERS.of(row)
    if owner.patient_id != case.patient_id:
        raise damaged(f"the index that leads to patient {case.patient_id}")
    return case_record(case, owner.split)


def all_of_case(session: Session, case_id: str, table: TableColumns, held: Any, order: Sequence[Any]) -> list[Any]:
    """Return all rows of one case, their values by name; none of a case that the store lacks.

    Parameters
    ----------
    table
        Of the rows, with `held` before them.
    held
        The column of cases that holds the sum over their checksums.

    Raises
    ------
    StoreError
        If one is damaged or missing.
    """
    cases, key = CaseRow.__table__, table.selected[0]
    joined = cases.outerjoin(key.table, key.table.c.case_id == cases.c.case_id)
    wanted = select(held, *table.selected).select_from(joined).where(cases.c.case_id == case_id).order_by(*order)
    rows = session.execute(wanted).all()
    found = [table.of(row) for row in rows if row[1] is not None]
    if rows:
        require_all(case_id, rows[0][0], (row.checksum for row in found), table.kind.SEVERAL)
    return found


def saved_after(session: Session, moment: str) -> Iterator[str]:
    """Yield the names of the cases whose newest version was saved after a moment, as the tables keep it.

    Raises
    ------
    StoreError
        If any case or newest version is not as it was written, this one or another: it might belong to them.
    """
    cases, revisions = CaseRow.__table__, RevisionRow.__table__
    newest = cases.join(revisions, revisions.c.id == cases.c.head, isouter=True)
    for row in session.execute(select(*CASES.selected, *HEADS.selected).select_from(newest)):
        case = CASES.of(row)
        if case.head is None:
            continue
        if row[CASES.end] != case.head:
            raise damaged(f"the newest version of case {case.case_id}")
        if HEADS.of(row).created > moment:
            yield case.case_id
