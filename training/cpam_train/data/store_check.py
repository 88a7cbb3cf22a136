"""What a store holds and whether it may be trained on: counts, splits, leaks between them, damage."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

from cpam_train.data.follow_ups import NamePair, name_pairs
from cpam_train.data.near_duplicates import LikePair, find_alike, fingerprints
from cpam_train.data.readers_cases import waiting
from cpam_train.data.slices import SliceRow, collect_slices
from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.annotations.records import CaseRecord
from napari_cpam_stroke.core import CLASS_NAMES
from napari_cpam_stroke.core.annotation import PRESENT
from napari_cpam_stroke.core.hounsfield_check import doubt_sentences
from napari_cpam_stroke.progress import Progress

UNASSIGNED = "none"
"""Name of the split of a case that has none."""


SHOWN_REMARKS = 10
"""Pairs kept in one split that are named one by one, most alike first."""

WHO_IS_WHO = (
    "Say who is who: import into a new store with --patients FILE.csv (columns case,patient), also where they are "
    "different patients, or with --patient-pattern."
)


@dataclass(frozen=True)
class CellCount:
    """Counts of one source in one split.

    Attributes
    ----------
    labelled, outlined
        Class name to number of slices on which the class is labelled present, and on which its outline is known.
    """

    source: str
    split: str
    patients: int
    cases: int
    slices: int
    labelled: dict[str, int]
    outlined: dict[str, int]


@dataclass(frozen=True)
class CheckReport:
    """What was found.

    Attributes
    ----------
    counts
        By source and split.
    unassigned
        Patients without a split.
    divided
        Patients whose cases lie in more than one split.
    leaks
        Patients in different splits with slices that look alike.
    damage
        Sentences on pixels or masks that cannot be read as they were written.
    doubtful
        Sentences on cases whose pictures may be no plain CT in Hounsfield units.
    follow_ups
        Cases of two patients whose names were alike in their source.
    kept_together
        Patients in one split with slices that look alike.
    waiting
        Of those without a split, the patients read in the reading room: the next training gives them one.
    """

    counts: tuple[CellCount, ...]
    unassigned: tuple[str, ...]
    divided: tuple[str, ...]
    leaks: tuple[LikePair, ...]
    damage: tuple[str, ...]
    doubtful: tuple[str, ...] = ()
    follow_ups: tuple[NamePair, ...] = ()
    kept_together: tuple[LikePair, ...] = ()
    waiting: tuple[str, ...] = ()

    @property
    def problems(self) -> tuple[str, ...]:
        """One sentence for everything that stands in the way of an honest figure."""
        sentences = [*self.damage, *self.doubtful]
        if not self.counts:
            sentences.append("The store holds no case: there is nothing to train on or to check.")
        if others := set(self.unassigned) - set(self.waiting):
            sentences.append(f"{len(others)} patients have no split; assign them before training.")
        sentences += [f"Patient {patient} lies in more than one split." for patient in self.divided]
        sentences += [
            f"Slice {p.first_slice} of {p.first_case} and slice {p.second_slice} of {p.second_case} look like one "
            f"patient (correlation {p.correlation:.3f}) but lie in different splits."
            for p in self.leaks
        ]
        return (*sentences, *self._doubts)

    @property
    def remarks(self) -> tuple[str, ...]:
        """One sentence for everything that is worth a look and stands in no way."""
        shown = tuple(
            f"{p.first_case} and {p.second_case} look like one patient (correlation {p.correlation:.3f}); they lie in "
            "one split, but count as two patients."
            for p in self.kept_together[:SHOWN_REMARKS]
        )
        more = len(self.kept_together) - SHOWN_REMARKS
        further = (f"So do {more} more pairs of patients.",) if more > 0 else ()
        newcomers = len(self.waiting)
        told = (f"{newcomers} patients read in the reading room get their split when a model is trained or judged.",)
        return (*shown, *further, *(told if newcomers else ()))

    @property
    def _doubts(self) -> list[str]:
        sentences = [
            f"{p.first_case} and {p.second_case} had names like two scans of one patient, but count as two patients."
            for p in self.follow_ups
        ]
        return [*sentences, WHO_IS_WHO] if sentences else []

    @property
    def sound(self) -> bool:
        """Whether nothing stands in the way."""
        return not self.problems


def check_store(store: AnnotationStore, *, compare: bool = True, progress: Progress | None = None) -> CheckReport:
    """Look at everything in a store.

    Parameters
    ----------
    compare
        Also compare all slices with each other for one patient under two names; the slow part.
    progress
        Called while slices are read for that.
    """
    records = store.cases()
    split_of = {record.patient_id: record.split for record in records}
    alike = find_alike(fingerprints(store, progress)) if compare else []
    return CheckReport(
        counts=tuple(_counts(records, collect_slices(store))),
        unassigned=tuple(sorted({r.patient_id for r in records if r.split is None})),
        divided=_divided(records),
        leaks=tuple(p for p in alike if _parted(split_of[p.first_patient], split_of[p.second_patient])),
        damage=tuple(store.check()),
        doubtful=_doubtful(records),
        follow_ups=tuple(name_pairs(records)),
        kept_together=tuple(p for p in alike if split_of[p.first_patient] == split_of[p.second_patient]),
        waiting=tuple(sorted(waiting(records))),
    )


def _parted(first: str | None, second: str | None) -> bool:
    return first is not None and second is not None and first != second


def _divided(records: list[CaseRecord]) -> tuple[str, ...]:
    splits: defaultdict[str, set[str | None]] = defaultdict(set)
    for record in records:
        splits[record.patient_id].add(record.split)
    return tuple(sorted(patient for patient, own in splits.items() if len(own) > 1))


def _doubtful(records: list[CaseRecord]) -> tuple[str, ...]:
    """Return one sentence a reason, with the first case and the number of the others."""
    cases: defaultdict[str, list[str]] = defaultdict(list)
    for record in records:
        for reason in doubt_sentences(record.notices):
            cases[reason].append(record.case_id)
    return tuple(
        f"Case {names[0]}{f' and {len(names) - 1} more' if len(names) > 1 else ''}: {reason}"
        for reason, names in cases.items()
    )


def _counts(records: list[CaseRecord], rows: list[SliceRow]) -> list[CellCount]:
    cases: defaultdict[tuple[str, str], list[CaseRecord]] = defaultdict(list)
    for record in records:
        cases[record.source, record.split or UNASSIGNED].append(record)
    labelled: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    outlined: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for row in rows:
        cell = (row.case.source, row.case.split or UNASSIGNED)
        for name, label, known in zip(CLASS_NAMES, row.labels, row.mask_known, strict=True):
            labelled[cell][name] += label == PRESENT
            outlined[cell][name] += label == PRESENT and known
    return [
        CellCount(
            source=cell[0],
            split=cell[1],
            patients=len({r.patient_id for r in own}),
            cases=len(own),
            slices=sum(r.shape[0] for r in own),
            labelled={name: labelled[cell][name] for name in CLASS_NAMES},
            outlined={name: outlined[cell][name] for name in CLASS_NAMES},
        )
        for cell, own in sorted(cases.items())
    ]
