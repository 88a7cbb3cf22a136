"""The order of work in a store: whose turn it is, and who trains, tunes and tests."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import func, select

from napari_cpam_stroke.annotations import casework
from napari_cpam_stroke.annotations.case_rows import saved_after, verified_record
from napari_cpam_stroke.annotations.checksums import TableColumns, damaged
from napari_cpam_stroke.annotations.database import Database
from napari_cpam_stroke.annotations.opinion import Opinion
from napari_cpam_stroke.annotations.queries import Order, worklist
from napari_cpam_stroke.annotations.records import (
    SPLITS,
    STATUSES,
    CaseRecord,
    ModelLike,
    ModelRecord,
    Split,
    Status,
    model_record,
    one_of,
)
from napari_cpam_stroke.annotations.schema import CaseRow, PatientRow
from napari_cpam_stroke.annotations.splits import DEFAULT_FRACTIONS
from napari_cpam_stroke.errors import StoreError

PATIENTS = TableColumns(PatientRow)


class Worklist:
    """Lists of cases, their state, and their patients' splits."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def cases(
        self,
        *,
        split: Split | Literal["none"] | None = None,
        source: str | None = None,
        status: Status | Collection[Status] | None = None,
        reader: str | None = None,
        search: str = "",
        order: Order = "id",
        limit: int | None = None,
        offset: int = 0,
    ) -> list[CaseRecord]:
        """Return the worklist.

        Parameters
        ----------
        split
            'none' for patients who have none yet.
        status
            One, or several.
        search
            Words that must all occur in name, source, facts, authors or comments.
        order
            'suspicion' and 'uncertainty' put the highest first and cases without a prediction last.
        """
        statement = worklist(split=split, source=source, status=status, reader=reader, search=search, order=order)
        with self._database.reading() as session:
            rows = session.execute(statement.limit(limit).offset(offset or None)).all()
            records = [verified_record(row) for row in rows]
        if split is not None and any((record.split or "none") != split for record in records):
            raise damaged("the index of splits")
        return records

    def count_cases(
        self,
        *,
        split: Split | Literal["none"] | None = None,
        source: str | None = None,
        status: Status | Collection[Status] | None = None,
        reader: str | None = None,
        search: str = "",
    ) -> int:
        """Return how many cases `cases` would return without a limit."""
        statement = worklist(split=split, source=source, status=status, reader=reader, search=search)
        with self._database.reading() as session:
            found: int = session.scalar(select(func.count()).select_from(statement.order_by(None).subquery())) or 0
        return found

    def saved_since(self, moment: datetime) -> set[str]:
        """Return the names of the cases whose newest version was saved after a moment."""
        after = moment.astimezone(UTC).isoformat(timespec="microseconds")
        with self._database.reading() as session:
            return set(saved_after(session, after))

    def counts(self) -> dict[Status, int]:
        """Return how many cases have each status."""
        with self._database.reading() as session:
            numbers = dict(
                session.execute(select(CaseRow.status, func.count()).group_by(CaseRow.status)).tuples().all()
            )
        if not numbers.keys() <= set(STATUSES):
            raise damaged("the status of a case")
        return {status: numbers.get(status, 0) for status in STATUSES}

    def set_status(self, case_id: str, status: Status) -> None:
        """Set the worklist status."""
        with self._database.writing() as session:
            casework.put_status(session, case_id, status)

    def set_reader(self, case_id: str, reader: str) -> None:
        """Assign the case to a reader; empty: to nobody."""
        with self._database.writing() as session:
            casework.put_reader(session, case_id, reader)

    def record_prediction(
        self,
        case_id: str,
        probabilities: Mapping[str, float],
        model: ModelLike,
        *,
        uncertainty: float | None = None,
        thresholds: Mapping[str, float] | None = None,
        members: Mapping[str, tuple[float, ...]] | None = None,
    ) -> None:
        """Note a model's series probabilities (by class, 0..1) for the worklist.

        Parameters
        ----------
        uncertainty
            0..1; by default how near the least certain class is to its threshold.
        thresholds
            By class, from which series probability on the model counts it as present; None: not known, and what is near
            one half is near to undecided.
        members
            By class, what each network of an ensemble says by itself.
        """
        opinion = Opinion(dict(probabilities), thresholds or {}, members or {})
        with self._database.writing() as session:
            casework.put_prediction(session, case_id, opinion, _known(model_record(model)), uncertainty=uncertainty)

    def assign_splits(
        self,
        fractions: tuple[float, float, float] = DEFAULT_FRACTIONS,
        *,
        seed: int = 0,
        only: Collection[str] | None = None,
    ) -> dict[str, Split]:
        """Give every patient without a split one; nobody is ever moved.

        Parameters
        ----------
        fractions
            Of the patients: train, validation, test; held within each source and class.
        only
            These patients; None: all.

        Returns
        -------
        The patients that were new.
        """
        with self._database.writing() as session:
            return casework.assign(session, fractions=fractions, seed=seed, only=only)

    def set_split(self, patient_id: str, split: Split) -> Split:
        """Fix a patient's split if none is fixed yet; return the one that holds."""
        one_of(split, SPLITS, "split")
        with self._database.writing() as session:
            row = session.get(PatientRow, patient_id)
            if row is None:
                raise StoreError(f"The store has no patient {patient_id!r}")
            casework.place_patient(session, patient_id, split)
            return casework.as_split(row.split)

    def splits(self) -> dict[str, int]:
        """Return how many patients each split holds; 'none' for those without."""
        with self._database.reading() as session:
            rows = session.execute(select(*PATIENTS.selected))
            numbers = Counter(PATIENTS.of(row).split or "none" for row in rows)
        return {split: numbers[split] for split in (*SPLITS, "none")}

    def test_fingerprint(self) -> str:
        """Return a short hash of the test set's pixels: two figures are comparable only if it is the same."""
        hashes = sorted(case.content_hash for case in self.cases(split="test"))
        return hashlib.sha256("".join(hashes).encode()).hexdigest()[:16]


def _known(model: ModelRecord | None) -> ModelRecord:
    if model is None:
        raise StoreError("A prediction must say which model made it")
    return model
