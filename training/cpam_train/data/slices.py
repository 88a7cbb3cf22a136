"""The slices a store offers for training: what is known of each, without its pixels."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from cpam_train.data.readers_prompts import NO_PROMPTS, prompts_on, sent_again
from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.annotations.records import CaseRecord, Reason, Revision, Split
from napari_cpam_stroke.core import Annotation, LesionClass
from napari_cpam_stroke.core.annotation import UNKNOWN
from napari_cpam_stroke.core.arrays import Mask
from napari_cpam_stroke.core.orientation import places_mm
from napari_cpam_stroke.prompting import Prompt

UNUSED_STATUS = "rejected"
"""Cases that a reader put aside are not trained on."""


@dataclass(frozen=True)
class CaseRow:
    """One annotated case.

    Attributes
    ----------
    revision
        The newest revision: a corrected case is trained on as corrected.
    slices
        How many there are, whether anything is known of them or not.
    head_first
        The native slices run from head to feet; the network sees all series feet first.
    places_mm
        Where each slice lies, feet first; empty where the source does not say.
    saved
        When that revision was saved, UTC; None where it is not known.
    """

    case_id: str
    patient_id: str
    source: str
    content_hash: str
    revision: str
    split: Split | None
    slices: int = 1
    head_first: bool = False
    places_mm: tuple[float, ...] = field(default=(), compare=False, repr=False)
    saved: datetime | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class SliceRow:
    """One slice of which something is known.

    Attributes
    ----------
    z
        Index of the slice in its case, in native order.
    mask_known
        Per class (ischemia, hemorrhage): whether the mask says anything.
    labels
        Per class: -1 unknown, 0 absent, 1 present.
    rejected
        Why readers turned findings down on this slice, one reason per finding.
    prompts
        Per class: what readers pointed at on this slice, oldest first, as far as it made part of the newest revision.
    sent_again
        Per class: how many of those were corrections (`readers_prompts.sent_again`).
    """

    case: CaseRow
    z: int
    mask_known: tuple[bool, bool]
    labels: tuple[int, int]
    rejected: tuple[Reason, ...] = ()
    prompts: tuple[tuple[Prompt, ...], tuple[Prompt, ...]] = NO_PROMPTS
    sent_again: tuple[int, int] = (0, 0)

    @property
    def place(self) -> int:
        """Where the slice lies in the radiological view, feet first."""
        return self.case.slices - 1 - self.z if self.case.head_first else self.z


def collect_slices(
    store: AnnotationStore, *, split: Split | None = None, sources: Sequence[str] = (), leave_out: Sequence[str] = ()
) -> list[SliceRow]:
    """Return every slice with a known mask or label, by case and slice.

    Parameters
    ----------
    split
        None: all cases, assigned or not.
    sources, leave_out
        Keep only these sources (all when empty); drop those.
    """
    records = sorted(store.cases(split=split), key=lambda record: record.case_id)
    rows: list[SliceRow] = []
    for record in records:
        if record.head is None or record.status == UNUSED_STATUS or record.source in leave_out:
            continue
        if sources and record.source not in sources:
            continue
        revisions = store.revisions(record.case_id)
        head = next((revision for revision in revisions if revision.id == record.head), None)
        rows.extend(_slices_of(record, store.read_annotation(record.head), _rejections(revisions), head))
    return rows


def _slices_of(
    record: CaseRecord, annotation: Annotation, rejected: dict[int, list[Reason]], head: Revision | None
) -> list[SliceRow]:
    case = CaseRow(
        case_id=record.case_id,
        patient_id=record.patient_id,
        source=record.source,
        content_hash=record.content_hash,
        revision=str(record.head),
        split=record.split,
        slices=record.shape[0],
        head_first=record.geometry is not None and record.geometry.display_flips[0],
        places_mm=places_mm(record.geometry, record.acquisition),
        saved=None if head is None else head.created,
    )
    pointed = {z: prompts_on(None if head is None else head.prompts, z) for z in range(record.shape[0])}
    useful = annotation.mask_known.any(axis=1) | (annotation.slice_labels != UNKNOWN).any(axis=1)
    return [
        SliceRow(
            case,
            z,
            (bool(annotation.mask_known[z, 0]), bool(annotation.mask_known[z, 1])),
            (int(annotation.slice_labels[z, 0]), int(annotation.slice_labels[z, 1])),
            tuple(sorted(rejected.get(z, ()))),
            pointed[z],
            _sent_again(pointed[z], annotation.mask[z]),
        )
        for z in range(len(useful))
        if useful[z]
    ]


def _sent_again(prompts: tuple[tuple[Prompt, ...], tuple[Prompt, ...]], mask: Mask) -> tuple[int, int]:
    """Return the corrections among the prompts of a slice (Y, X), per class."""
    ischemia, hemorrhage = prompts
    return (
        sent_again(ischemia, mask == LesionClass.ISCHEMIA) if ischemia else 0,
        sent_again(hemorrhage, mask == LesionClass.HEMORRHAGE) if hemorrhage else 0,
    )


def _rejections(revisions: Sequence[Revision]) -> dict[int, list[Reason]]:
    """Return the reasons of the findings turned down per slice, each finding once over all revisions."""
    reasons: defaultdict[int, list[Reason]] = defaultdict(list)
    for rejection in {rejection for revision in revisions for rejection in revision.rejections}:
        reasons[round(rejection.centroid_zyx[0])].append(rejection.reason)
    return reasons
