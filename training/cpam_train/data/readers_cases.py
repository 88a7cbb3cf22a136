"""Cases that came in through the reading room: whose they are, and which of them wait for a split."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence

from napari_cpam_stroke.annotations.casework import named_as
from napari_cpam_stroke.annotations.records import CaseRecord
from napari_cpam_stroke.review.case import READER


def waiting(records: Sequence[CaseRecord]) -> set[str]:
    """Return the patients without a split of whom a reading was saved and who are known from the room alone.

    Patients of an import keep waiting: whoever imported them without a split may want to name the test patients.
    """
    elsewhere = {record.patient_id for record in records if record.source != READER}
    read = {record.patient_id for record in records if record.split is None and record.head is not None}
    return read - elsewhere


def nameless(records: Sequence[CaseRecord]) -> set[str]:
    """Return the readers' patients who are known by a case alone: its source does not say whose it is."""
    return {r.patient_id for r in records if r.source == READER and named_as(r.case_id, r.patient_id)}


def same_head(records: Sequence[CaseRecord], unknown: Collection[str]) -> list[list[str]]:
    """Return the nameless patients with all who share a frame of reference with them: series of one examination.

    Every nameless patient is in one of the groups, alone where nobody shares it.
    """
    sharing: defaultdict[str, set[str]] = defaultdict(set)
    for record in records:
        if record.geometry is not None and record.geometry.frame_of_reference_uid:
            sharing[record.geometry.frame_of_reference_uid].add(record.patient_id)
    groups = [sorted(patients) for patients in sharing.values() if patients & set(unknown)]
    return [*groups, *([patient] for patient in sorted(unknown))]
