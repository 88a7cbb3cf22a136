"""Which cases, in which order: the filters of the worklist as one SQL statement."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Literal, get_args

from sqlalchemy import ColumnElement, Select, and_, select

from napari_cpam_stroke.annotations.case_rows import CASE_COLUMNS
from napari_cpam_stroke.annotations.records import STATUSES, Split, Status, one_of
from napari_cpam_stroke.annotations.schema import CaseRow, PatientRow

Order = Literal["id", "newest", "suspicion", "uncertainty"]
ORDERS: tuple[Order, ...] = get_args(Order)

CASE, PATIENT = CaseRow.__table__.c, PatientRow.__table__.c
"""Columns of the tables: rows of them are read faster than those of mapped classes."""

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
    cases, patients = CaseRow.__table__, PatientRow.__table__
    statement = select(*CASE_COLUMNS).select_from(cases).join(patients, PATIENT.patient_id == CASE.patient_id)
    wanted: list[ColumnElement[bool]] = []
    if split is not None:
        wanted.append(PATIENT.split.is_(None) if split == "none" else PATIENT.split == split)
    if source is not None:
        wanted.append(CASE.source == source)
    if status is not None:
        several = (status,) if isinstance(status, str) else status
        wanted.append(CASE.status.in_([one_of(each, STATUSES, "status") for each in several]))
    if reader is not None:
        wanted.append(CASE.reader == reader)
    wanted += [contains(CASE.search_text, word) for word in search.lower().split()]
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
        return (CASE.added.desc(), CASE.case_id.desc())
    if order == "suspicion":
        return (CASE.suspicion.desc(), CASE.case_id.desc())
    if order == "uncertainty":
        return (CASE.uncertainty.desc(), CASE.case_id.desc())
    return (CASE.case_id.asc(),)
