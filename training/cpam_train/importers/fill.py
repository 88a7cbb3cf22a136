"""Bring candidate cases into the store, each once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from cpam_train.importers.options import ImportOptions
from cpam_train.importers.patients import follow_up_sentence, require_same_patients
from cpam_train.importers.record import (
    Candidate,
    DoubtfulCase,
    ImportedCase,
    ImportSummary,
    SkippedCase,
    none_imported,
)
from cpam_train.importers.slice_order import OrderCount
from cpam_train.importers.value_check import with_value_notices
from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.core import CLASS_NAMES, Notice, NoticeCode
from napari_cpam_stroke.core.annotation import PRESENT
from napari_cpam_stroke.core.hounsfield_check import doubt_sentences
from napari_cpam_stroke.core.mask_reading import most_automatic
from napari_cpam_stroke.core.notice import info
from napari_cpam_stroke.errors import GeometryMismatchError, InputError, SeriesError
from napari_cpam_stroke.progress import Progress

CASES_PER_COMMIT = 16
"""Cases that reach the disk together; a stopped import loses at most these and a second run brings them."""


def fill_store(
    store: AnnotationStore,
    source: str,
    candidates: Sequence[Candidate],
    options: ImportOptions,
    *,
    progress: Progress | None = None,
) -> ImportSummary:
    """Read every candidate that the store does not hold yet and save it with its annotation as reference.

    Raises
    ------
    InputError
        When not one case of the source could be used, or a case is there as another patient's than is said now.
    """
    require_same_patients(store, source, candidates)
    held = {record.case_id: record.patient_id for record in store.cases(source=source) if record.head is not None}
    new = list(islice((c for c in candidates if c.case_id not in held), options.limit))
    there = {c.case_id: held[c.case_id] for c in candidates if c.case_id in held}
    tally = _Tally(source, already_there=len(there), patient_of=there)
    for start in range(0, len(new), CASES_PER_COMMIT):
        with store.bulk():
            for candidate in new[start : start + CASES_PER_COMMIT]:
                _take(store, source, candidate, tally)
        if progress is not None:
            progress(min(start + CASES_PER_COMMIT, len(new)), len(new))
    tally.refuse_nothing()
    return tally.summary(alike=follow_up_sentence(candidates, tally.patient_of))


def _take(store: AnnotationStore, source: str, candidate: Candidate, tally: _Tally) -> None:
    """Read and save one case, or note why it was left out."""
    try:
        case = _whose(candidate, with_value_notices(candidate.load()))
        _save(store, source, case)
    except (InputError, SeriesError, GeometryMismatchError) as error:
        tally.skipped.append(SkippedCase(candidate.case_id, str(error)))
    else:
        tally.count(case)


def _whose(candidate: Candidate, case: ImportedCase) -> ImportedCase:
    """Return the case with the patient the user names, or with a notice of the cases that may be the same patient's."""
    volume = case.volume
    if candidate.patient:
        return replace(case, volume=replace(volume, patient_id=candidate.patient))
    if not candidate.alike:
        return case
    return replace(case, volume=replace(volume, notices=(*volume.notices, *map(_alike, candidate.alike))))


def _alike(other: str) -> Notice:
    return info(NoticeCode.NAME_ALIKE, f"its name is like that of {other}: perhaps the same patient", case=other)


def _save(store: AnnotationStore, source: str, case: ImportedCase) -> None:
    volume = case.volume
    record = store.add_case(volume, source=source, hu_range=case.hu_range, group=volume.patient_id)
    if record.case_id != volume.case_id:
        raise InputError("Pixels are the same as those of a case that is there", got=record.case_id)
    if record.head is not None:
        raise InputError(f"Case {record.case_id} has been read already", remedy="correct it in the viewer")
    store.save(
        record.case_id,
        case.annotation,
        author=case.author,
        parent=None,
        model=None,
        algorithm_type=most_automatic(case.makers) or "MANUAL",
        comment="; ".join(maker.words for maker in case.makers if maker.words),
        status="accepted",
        truth_source=case.truth_source,
        kind="reference",
    )


@dataclass
class _Tally:
    """Running counts of an import."""

    source: str
    already_there: int
    cases: int = 0
    slices: int = 0
    present: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CLASS_NAMES, 0))
    groups: set[str] = field(default_factory=set)
    own_patients: int = 0
    patient_of: dict[str, str] = field(default_factory=dict)
    skipped: list[SkippedCase] = field(default_factory=list)
    doubts: list[DoubtfulCase] = field(default_factory=list)
    notices: Counter[str] = field(default_factory=Counter)
    order: OrderCount = field(default_factory=OrderCount)

    def count(self, case: ImportedCase) -> None:
        self.cases += 1
        self.slices += case.volume.shape[0]
        patient = case.volume.patient_id or case.volume.case_id
        self.groups.add(patient)
        self.patient_of[case.volume.case_id] = patient
        self.own_patients += patient == case.volume.case_id
        reasons = doubt_sentences(case.volume.notices)
        self.doubts += [DoubtfulCase(case.volume.case_id, reason) for reason in reasons]
        self.notices.update({notice.sentence: 1 for notice in case.notices})
        self.skipped += case.left_out
        self.order.add(case.volume)
        for name, column in zip(CLASS_NAMES, case.annotation.slice_labels.T, strict=True):
            self.present[name] += int((column == PRESENT).sum())

    def refuse_nothing(self) -> None:
        """Raise when every case was skipped."""
        if self.skipped and not self.cases and not self.already_there:
            raise none_imported(self.skipped)

    def summary(self, *, alike: str) -> ImportSummary:
        return ImportSummary(
            source=self.source,
            cases=self.cases,
            slices=self.slices,
            already_there=self.already_there,
            slices_with=self.present,
            groups=len(self.groups),
            own_patients=self.own_patients,
            alike=alike,
            skipped=tuple(self.skipped),
            doubts=tuple(self.doubts),
            notices=dict(self.notices),
            order=self.order.sentence,
        )
