"""An import made again with other options: the newer reading replaces the older one, but never a person's work."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from cpam_train.importers.record import Candidate, ImportedCase
from napari_cpam_stroke.annotations import AnnotationStore, CaseRecord
from napari_cpam_stroke.annotations.casework import HASH_IN_NAME, NAME_MARK
from napari_cpam_stroke.annotations.records import Status
from napari_cpam_stroke.core import Annotation
from napari_cpam_stroke.core.mask_reading import most_automatic

ASIDE: Status = "rejected"
"""Status of the case that an import made again has replaced by one with other pixels: nothing is trained on it."""

AUTHOR = "import"
"""Who put such a case aside."""


@dataclass(frozen=True)
class Earlier:
    """The cases that earlier imports made of one file, the one in use first."""

    records: tuple[CaseRecord, ...]

    @property
    def current(self) -> CaseRecord:
        """The one in use."""
        return self.records[0]

    def same_pixels(self, content_hash: str) -> CaseRecord | None:
        """Return the case with these pixels and positions, None where all have others."""
        return next((record for record in self.records if record.content_hash == content_hash), None)


def earlier_imports(store: AnnotationStore, source: str, candidates: Iterable[Candidate]) -> dict[str, Earlier]:
    """Return what earlier imports of the same format made of each candidate's file, by the candidate's case id."""
    made: defaultdict[str, list[CaseRecord]] = defaultdict(list)
    for record in store.cases(source=source):
        if record.head is not None:
            for name in {record.case_id, _first_name(record)}:
                made[name].append(record)
    names = {candidate.case_id for candidate in candidates} & made.keys()
    return {name: Earlier(tuple(sorted(made[name], key=_in_use_first))) for name in names}


def _first_name(record: CaseRecord) -> str:
    """Return the case id without what the store added to tell other pixels of the same file apart."""
    return record.case_id.removesuffix(f"{NAME_MARK}{record.content_hash[:HASH_IN_NAME]}")


def _in_use_first(record: CaseRecord) -> tuple[bool, str]:
    return record.status == ASIDE, record.case_id


def touched(store: AnnotationStore, record: CaseRecord) -> str:
    """Return what a person has done with a case since it was imported; empty: nothing."""
    readings = [revision for revision in store.revisions(record.case_id) if revision.kind == "reading"]
    if readings:
        return f"a reader saved version {readings[-1].number}"
    if record.reader:
        return "it is assigned to a reader"
    head = store.head(record.case_id)
    if head is not None and head.status != record.status:
        return f"somebody made it {record.status.replace('_', ' ')}"
    return ""


def same_statement(store: AnnotationStore, record: CaseRecord, case: ImportedCase) -> bool:
    """Whether a stored case says exactly what was read now, pixels apart, and is in use."""
    head = store.head(record.case_id)
    if head is None or record.status == ASIDE:
        return False
    said = (head.truth_source, head.algorithm_type, head.comment)
    says = (case.truth_source, most_automatic(case.makers) or "MANUAL", case.made_in_words)
    return said == says and _equal(store.read_annotation(head.id), case.annotation)


def put_aside(store: AnnotationStore, record: CaseRecord, successor: str) -> None:
    """Put a case aside whose file was read again to other pixels; what it said stays in its history."""
    head = store.head(record.case_id)
    if head is None or record.status == ASIDE:
        return
    store.save(
        record.case_id,
        store.read_annotation(head.id),
        author=AUTHOR,
        parent=head.id,
        algorithm_type=head.algorithm_type,
        comment=f"Replaced by {successor}: its file was imported again with other options.",
        status=ASIDE,
        truth_source=head.truth_source,
        kind="reference",
    )


def _equal(first: Annotation, second: Annotation) -> bool:
    return all(
        np.array_equal(getattr(first, name), getattr(second, name))
        for name in ("mask", "mask_known", "slice_labels", "series_labels")
    )
