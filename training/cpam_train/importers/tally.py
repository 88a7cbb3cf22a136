"""Running counts of an import."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from cpam_train.importers.record import (
    DoubtfulCase,
    ImportedCase,
    ImportSummary,
    KeptCase,
    NoneImportedError,
    SkippedCase,
)
from cpam_train.importers.slice_order import OrderCount
from napari_cpam_stroke.core import CLASS_NAMES
from napari_cpam_stroke.core.annotation import PRESENT
from napari_cpam_stroke.core.hounsfield_check import doubt_sentences


@dataclass
class Tally:
    """What an import has done so far."""

    source: str
    already_there: int
    cases: int = 0
    replaced: int = 0
    unchanged: int = 0
    slices: int = 0
    present: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CLASS_NAMES, 0))
    groups: set[str] = field(default_factory=set)
    own_patients: int = 0
    patient_of: dict[str, str] = field(default_factory=dict)
    kept: list[KeptCase] = field(default_factory=list)
    skipped: list[SkippedCase] = field(default_factory=list)
    doubts: list[DoubtfulCase] = field(default_factory=list)
    notices: Counter[str] = field(default_factory=Counter)
    order: OrderCount = field(default_factory=OrderCount)

    def add(self, case: ImportedCase) -> None:
        """Count a new case."""
        self.cases += 1
        self.slices += case.volume.shape[0]
        patient = case.volume.patient_id or case.volume.case_id
        self.groups.add(patient)
        self.own_patients += patient == case.volume.case_id
        self.order.add(case.volume)
        for name, column in zip(CLASS_NAMES, case.annotation.slice_labels.T, strict=True):
            self.present[name] += int((column == PRESENT).sum())

    def hear(self, case: ImportedCase) -> None:
        """Note what a case that was read has to say."""
        self.patient_of[case.volume.case_id] = case.volume.patient_id or case.volume.case_id
        reasons = doubt_sentences(case.volume.notices)
        self.doubts += [DoubtfulCase(case.volume.case_id, reason) for reason in reasons]
        self.notices.update({notice.sentence: 1 for notice in case.notices})
        self.skipped += case.left_out

    def refuse_nothing(self) -> None:
        """Raise when every case was skipped."""
        if self.skipped and not (self.cases or self.already_there or self.replaced or self.unchanged or self.kept):
            raise NoneImportedError(self.skipped)

    def summary(self, *, alike: str) -> ImportSummary:
        """Return what the import did; `alike` is the sentence on names like several scans of one patient."""
        return ImportSummary(
            source=self.source,
            cases=self.cases,
            slices=self.slices,
            already_there=self.already_there,
            replaced=self.replaced,
            unchanged=self.unchanged,
            slices_with=self.present,
            groups=len(self.groups),
            own_patients=self.own_patients,
            alike=alike,
            kept=tuple(self.kept),
            skipped=tuple(self.skipped),
            doubts=tuple(self.doubts),
            notices=dict(self.notices),
            order=self.order.sentence,
        )
