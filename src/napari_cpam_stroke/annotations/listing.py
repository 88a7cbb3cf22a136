"""The list of cases as a reader sees it: how long, some rows of it, where a case stands, which is next."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from napari_cpam_stroke.annotations.case_rows import CASE_COLUMNS, OWNERS, verified_record
from napari_cpam_stroke.annotations.checksums import TableColumns, damaged, row_name
from napari_cpam_stroke.annotations.database import Database
from napari_cpam_stroke.annotations.kind_rows import lesson_of, lessons_of_kinds, stands_right, tell, untold
from napari_cpam_stroke.annotations.lessons import Lesson
from napari_cpam_stroke.annotations.listed_rows import any_unlisted, forget_changed, list_missing
from napari_cpam_stroke.annotations.opinion import Suspected
from napari_cpam_stroke.annotations.records import CaseRecord, Status
from napari_cpam_stroke.annotations.schema import CaseRow, ListedRow, PatientRow
from napari_cpam_stroke.annotations.tables import has_table
from napari_cpam_stroke.annotations.wanted import COLUMNS, Wanted, beyond, counted, filters, in_stages, ordered
from napari_cpam_stroke.core.suspicion_scale import TOP

LISTED = TableColumns(ListedRow, first=OWNERS.end)

FEW = 1000
"""Up to so many cases, what a search found is put in order by name."""


@dataclass(frozen=True)
class Reading:
    """What one reader left of a case: the newest version of a line of versions."""

    version: int
    author: str


@dataclass(frozen=True)
class ListedCase:
    """One row of the list.

    Attributes
    ----------
    series
        What tells the series of one patient apart: thickness and kernel, as far as the source said.
    readings
        Of the main line first, then those beside it; empty for a case that nobody has read.
    suspected
        What the last prediction suspects most; None without one, and where its model's thresholds are not known.
    lesson
        How much reading it next would teach the model.
    """

    case: CaseRecord
    series: str
    readings: tuple[Reading, ...]
    suspected: Suspected | None
    lesson: Lesson


@dataclass(frozen=True)
class Answer:
    """Some rows of the list.

    Attributes
    ----------
    total
        How many cases are in it.
    first
        Place of the first of `cases`, from 0.
    """

    total: int
    first: int
    cases: tuple[ListedCase, ...]


class CaseList:
    """The list of a store. It reads the rows that are asked for, never those between."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def bring_up_to_date(self) -> int:
        """List what earlier programs wrote into the store and did not list; return how many cases that were."""
        with self._database.reading() as session:
            listed = has_table(session, ListedRow) and not any_unlisted(session)
        if listed:
            return 0
        with self._database.writing() as session:
            forget_changed(session)
        done, names = 0, [""]
        while names:
            with self._database.writing() as session:
                names = list_missing(session, after=names[-1])
            done += len(names)
        return done

    def weigh(self) -> int:
        """Tell anew what each kind of case teaches, by what was read since; return how many cases that changes."""
        self._prepare()
        with self._database.reading() as session:
            lessons = untold(session)
        if not lessons:
            return 0
        with self._database.writing() as session:
            return tell(session, lessons)

    def ask(self, wanted: Wanted, *, first: int = 0, limit: int, total: int | None = None) -> Answer:
        """Return some rows of the list and how long it is; past its end: none.

        Parameters
        ----------
        total
            As it was told before, so that it need not be counted again.
        """
        self._prepare()
        with self._database.reading() as session:
            few = None if total is not None and total > FEW else _few_found(session, wanted)
            if few is not None:
                total = len(few)
            elif total is None:
                total = _number(session, counted(wanted))
            names: Sequence[str] = session.scalars(ordered(wanted, among=few).limit(limit).offset(first)).all()
            return Answer(total, first, tuple(_listed(session, names)))

    def place(self, wanted: Wanted, case_id: str) -> int | None:
        """Return where a case stands in the list, from 0; None where it is not in it."""
        self._prepare()
        with self._database.reading() as session:
            key = session.scalar(select(COLUMNS[wanted.order]).where(ListedRow.case_id == case_id, *filters(wanted)))
            if key is None:
                return None
            before = beyond(wanted, key, case_id, after=False)
            return _number(session, counted(wanted).where(before))

    def next_case(self, wanted: Wanted, case_id: str, *, statuses: Collection[Status], step: int = 1) -> str | None:
        """Return the next case (step 1) or the one before (-1) of some statuses; None where there is none.

        Parameters
        ----------
        case_id
            Where to look from. Where it is not in the list: from its top, and nothing is before it.
        """
        self._prepare()
        with self._database.reading() as session:
            key = session.scalar(select(COLUMNS[wanted.order]).where(ListedRow.case_id == case_id, *filters(wanted)))
            if key is None and step < 0:
                return None
            statement = ordered(wanted, backwards=step < 0).where(in_stages(statuses))
            if key is not None:
                statement = statement.where(beyond(wanted, key, case_id, after=step > 0))
            found: str | None = session.scalar(statement.limit(1))
            return found

    def named(self, names: Collection[str]) -> tuple[ListedCase, ...]:
        """Return the cases of some names, in their order."""
        self._prepare()
        with self._database.reading() as session:
            return tuple(_listed(session, list(names)))

    def others_of_patient(self, case_id: str) -> tuple[ListedCase, ...]:
        """Return the other cases of a case's patient, newest first; none for an unknown name."""
        self._prepare()
        patient = select(CaseRow.patient_id).where(CaseRow.case_id == case_id).scalar_subquery()
        others = select(CaseRow.case_id).where(CaseRow.patient_id == patient, CaseRow.case_id != case_id)
        with self._database.reading() as session:
            names = session.scalars(others.order_by(CaseRow.added.desc(), CaseRow.case_id.desc())).all()
            return tuple(_listed(session, names))

    def _prepare(self) -> None:
        """List the cases of a store from before the list."""
        with self._database.reading() as session:
            there = has_table(session, ListedRow)
        if not there:
            self.bring_up_to_date()


def _number(session: Session, counted: Select[Any]) -> int:
    number: int = session.scalar(counted) or 0
    return number


def _few_found(session: Session, wanted: Wanted) -> Sequence[str] | None:
    """Return the names that a search finds, in no order; None where they are many, or nothing is searched.

    A search has to read every row. Where it finds little, this reads them once, where counting and putting in order
    would read them twice.
    """
    if not wanted.search.strip():
        return None
    found = session.scalars(select(ListedRow.case_id).where(*filters(wanted)).limit(FEW + 1)).all()
    return found if len(found) <= FEW else None


def _listed(session: Session, names: Sequence[str]) -> Iterator[ListedCase]:
    """Yield the cases of some names, in their order, as they are now."""
    cases, patients, listed = CaseRow.__table__, PatientRow.__table__, ListedRow.__table__
    rows = session.execute(
        select(*CASE_COLUMNS, *LISTED.selected)
        .select_from(cases)
        .join(patients, patients.c.patient_id == cases.c.patient_id)
        .join(listed, listed.c.case_id == cases.c.case_id)
        .where(cases.c.case_id.in_(names))
    )
    found = {row[0]: row for row in rows}
    entries = {name: LISTED.of(row) for name, row in found.items()}
    kinds = lessons_of_kinds(session, {entry.kind for entry in entries.values()})
    for name in names:
        if name not in found:
            raise damaged(f"the index that leads to case {name}")
        entry = entries[name]
        yield ListedCase(
            verified_record(found[name]),
            entry.series,
            tuple(Reading(*each) for each in json.loads(entry.readings)),
            suspected=Suspected(entry.suspected, TOP * entry.suspicion) if entry.suspected else None,
            lesson=_lesson(entry, kinds),
        )


def _lesson(entry: Any, kinds: Mapping[str, Lesson]) -> Lesson:
    lesson = lesson_of(entry, kinds)
    if not stands_right(entry, lesson):
        raise damaged(row_name(ListedRow, entry))
    return lesson
