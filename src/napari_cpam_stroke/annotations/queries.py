"""Which cases, in which order: the filters of the worklist as one SQL statement."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Literal, get_args

from sqlalchemy import ColumnElement, Select, and_, select

from napari_cpam_stroke.annotations.records import STATUSES, Split, Status, one_of
from napari_cpam_stroke.annotations.schema import CaseRow, PatientRow

Order = Literal["id", "newest", "suspicion", "uncertainty"]
ORDERS: tuple[Order, ...] = get_args(Order)

ESCAPE = "\\"
"""Makes % and _ in a search plain letters."""


def worklist(
    *,
    split: Split | Literal["none"] | None = None,
    source: str | None = None,
    status: Status | Collection[Status] | None = None,
    reader: str | None = None,
    search: str = "",
    order: Order = "id",
) -> Select[Any]:
    """Return the statement for case rows with their split; see `AnnotationStore.cases`."""
    statement = select(*CaseRow.__table__.columns, PatientRow.split).join(
        PatientRow, PatientRow.patient_id == CaseRow.patient_id
    )
    wanted: list[ColumnElement[bool]] = []
    if split is not None:
        wanted.append(PatientRow.split.is_(None) if split == "none" else PatientRow.split == split)
    if source is not None:
        wanted.append(CaseRow.source == source)
    if status is not None:
        several = (status,) if isinstance(status, str) else status
        wanted.append(CaseRow.status.in_([one_of(each, STATUSES, "status") for each in several]))
    if reader is not None:
        wanted.append(CaseRow.reader == reader)
    wanted += [contains(CaseRow.search_text, word) for word in search.lower().split()]
    if wanted:
        statement = statement.where(and_(*wanted))
    return statement.order_by(*_ordering(order))


def contains(text: Any, word: str) -> ColumnElement[bool]:
    """Return the condition that a text has a word in it; every sign of it is taken as it is."""
    for letter in (ESCAPE, "%", "_"):
        word = word.replace(letter, ESCAPE + letter)
    condition: ColumnElement[bool] = text.like(f"%{word}%", escape=ESCAPE)
    return condition


def _ordering(order: Order) -> tuple[ColumnElement[Any], ...]:
    one_of(order, ORDERS, "order")
    if order == "newest":
        return (CaseRow.added.desc(), CaseRow.case_id.desc())
    if order == "suspicion":
        return (CaseRow.suspicion.desc(), CaseRow.case_id.desc())
    if order == "uncertainty":
        return (CaseRow.uncertainty.desc(), CaseRow.case_id.desc())
    return (CaseRow.case_id.asc(),)
