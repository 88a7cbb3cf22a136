"""Patients of a store whose cases had names alike in their source: perhaps one patient under two names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from napari_cpam_stroke.annotations.records import CaseRecord
from napari_cpam_stroke.core import NoticeCode


@dataclass(frozen=True)
class NamePair:
    """Two cases of different patients, in order, whose names were alike when they were imported."""

    first_case: str
    second_case: str
    first_patient: str
    second_patient: str

    @property
    def patients(self) -> tuple[str, str]:
        """Both patients."""
        return self.first_patient, self.second_patient


def name_pairs(records: Sequence[CaseRecord]) -> list[NamePair]:
    """Return every such pair once; only pseudonyms of names are known here, the import said which they were."""
    patient_of = {record.case_id: record.patient_id for record in records}
    pairs = {
        tuple(sorted((record.case_id, other)))
        for record in records
        for other in _alike(record)
        if patient_of.get(other, record.patient_id) != record.patient_id
    }
    return [NamePair(first, second, patient_of[first], patient_of[second]) for first, second in sorted(pairs)]


def _alike(record: CaseRecord) -> list[str]:
    return [str(n.data["case"]) for n in record.notices if n.code is NoticeCode.NAME_ALIKE]
