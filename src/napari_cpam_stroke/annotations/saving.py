"""Adding a revision: blobs first, then one transaction; nobody's work is ever overwritten."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from napari_cpam_stroke.annotations.blobs import BlobFolder
from napari_cpam_stroke.annotations.checksums import damaged, with_one_more
from napari_cpam_stroke.annotations.database import Database
from napari_cpam_stroke.annotations.listed_rows import keep_listed
from napari_cpam_stroke.annotations.records import (
    ALGORITHM_TYPES,
    DIFFICULTIES,
    KINDS,
    STATUSES,
    TRUTH_SOURCES,
    AlgorithmType,
    BlindedRead,
    Difficulty,
    Kind,
    ModelRecord,
    Rejection,
    Revision,
    Status,
    TruthSource,
    one_of,
)
from napari_cpam_stroke.annotations.rows import (
    labels_to_json,
    rejections_to_json,
    revision_identity,
    revision_record,
    utc_now,
)
from napari_cpam_stroke.annotations.schema import CaseRow, RevisionRow
from napari_cpam_stroke.annotations.stacks import Stack, encode_stack
from napari_cpam_stroke.core import Annotation
from napari_cpam_stroke.core.arrays import Mask
from napari_cpam_stroke.errors import GeometryMismatchError, RevisionConflictError, StoreError
from napari_cpam_stroke.prompting.used import PromptsUsed

GIVEN_WHEN_SAVED = {"id", "case_id", "number", "branch", "created", "status", "checksum"}
"""Columns of a revision that say where and when it was saved, not what was read."""


@dataclass(frozen=True, kw_only=True)
class NewRevision:
    """Everything a revision will say; see `AnnotationStore.save`."""

    annotation: Annotation
    author: str
    parent: str | None
    branch: bool
    kind: Kind
    model: ModelRecord | None
    algorithm_type: AlgorithmType
    status: Status | None
    comment: str
    difficulty: Difficulty | None
    truth_source: TruthSource | None
    rejections: tuple[Rejection, ...]
    prediction_mask: Mask | None
    blinded: BlindedRead | None
    prompts: PromptsUsed | None = None
    begun_from_prompts: bool = False

    def __post_init__(self) -> None:
        """Refuse words that do not exist and masks that do not fit."""
        one_of(self.kind, KINDS, "kind of revision")
        one_of(self.algorithm_type, ALGORITHM_TYPES, "algorithm type")
        if self.status is not None:
            one_of(self.status, STATUSES, "status")
        if self.difficulty is not None:
            one_of(self.difficulty, DIFFICULTIES, "difficulty")
        if self.truth_source is not None:
            one_of(self.truth_source, TRUTH_SOURCES, "source of truth")
        if self.prediction_mask is not None and self.prediction_mask.shape != self.annotation.mask.shape:
            raise GeometryMismatchError(
                "The prediction has another shape than the annotation",
                got=self.prediction_mask.shape,
                expected=f"{self.annotation.mask.shape}",
            )


def save_revision(database: Database, blobs: BlobFolder, case_id: str, new: NewRevision) -> Revision:
    """Keep a revision and return it once it is on the disk."""
    with database.reading() as session:
        _check_shape(require_case(session, case_id), new.annotation.mask)
        parent_mask = None if new.parent is None else require_revision(session, new.parent).mask
    with blobs.deferred() as settle_now:
        row = _row_with_files(blobs, new, parent_mask)
        with database.writing() as session:
            case = require_case(session, case_id, lock=True)
            there = _saved_before(session, case, row, new)
            if there is not None:
                return revision_record(there)
            row.branch = _on_branch(session, case, new)
            settle_now()
            return revision_record(_append(session, case, row, new))


def _row_with_files(blobs: BlobFolder, new: NewRevision, parent_mask: str | None) -> RevisionRow:
    """Return the row of a revision, its pixel files put; where it belongs is not in it yet."""
    mask = new.annotation.mask
    row, stack = _row_of(new), encode_stack(mask)
    row.mask = blobs.put(stack)
    row.changed_voxels = _changed_since(blobs, mask, stack, parent_mask)
    if new.prediction_mask is not None:
        predicted = encode_stack(new.prediction_mask)
        row.prediction_mask = blobs.put(predicted)
        row.changed_from_prediction = _differing(mask, new.prediction_mask, _suspects(stack, predicted.digests))
    if new.blinded is not None and new.blinded.mask is not None:
        row.blinded_mask = blobs.put(encode_stack(new.blinded.mask))
    return row


def require_case(session: Session, case_id: str, *, lock: bool = False) -> CaseRow:
    """Return a case row, kept from other writers until the end of the transaction with `lock`."""
    case = session.get(CaseRow, case_id, with_for_update=lock or None, populate_existing=lock)
    if case is None:
        raise StoreError(f"The store has no case {case_id!r:.100}", remedy="look it up in the list of cases")
    if case.case_id != case_id:
        raise damaged(f"the index that leads to case {case_id}")
    return case


def require_revision(session: Session, revision_id: str) -> RevisionRow:
    """Return a revision row."""
    row = session.get(RevisionRow, revision_id)
    if row is None:
        raise StoreError(f"The store has no revision {revision_id!r:.100}", remedy="look it up in the case's history")
    if row.id != revision_id:
        raise damaged(f"the index that leads to revision {revision_id}")
    return row


def attach(session: Session, case: CaseRow, row: RevisionRow, *, branch: bool) -> None:
    """Add a finished revision to its case; on the main line it becomes what the worklist shows."""
    row.branch = branch
    session.add(row)
    session.flush()
    case.revisions_held = with_one_more(case.revisions_held, row.checksum)
    case.search_text = _with_words(case.search_text, f"{row.author} {row.comment}")
    if not branch:
        case.head, case.status = row.id, row.status
        case.comment = row.comment or case.comment
        case.ischemia_label, case.hemorrhage_label = json.loads(row.labels)["series_labels"]
    keep_listed(session, case)


def _append(session: Session, case: CaseRow, row: RevisionRow, new: NewRevision) -> RevisionRow:
    latest = session.scalar(select(func.max(RevisionRow.number)).where(RevisionRow.case_id == case.case_id))
    row.case_id, row.number = case.case_id, (latest or 0) + 1
    row.status = new.status or _usual_status(case.status, new.kind)
    row.id = revision_identity(row, case.content_hash)
    attach(session, case, row, branch=row.branch)
    return row


def _with_words(text: str, words: str) -> str:
    """Add words to the searched text, each line once."""
    line = words.strip().lower()
    return text if not line or line in text else f"{text} {line}"


def _saved_before(session: Session, case: CaseRow, row: RevisionRow, new: NewRevision) -> RevisionRow | None:
    """Return the newest version where it is this very one, saved by a server that ended before it could say so."""
    head = None if case.head is None or new.branch else require_revision(session, case.head)
    if head is None or new.status not in {None, head.status}:
        return None
    said = set(RevisionRow.__table__.columns.keys()) - GIVEN_WHEN_SAVED
    return head if all(getattr(head, name) == getattr(row, name) for name in said) else None


def _on_branch(session: Session, case: CaseRow, new: NewRevision) -> bool:
    """Return whether the revision goes beside the main line; refuse it where that was not asked for."""
    if new.parent == case.head:
        return False
    if new.parent is not None:
        parent = require_revision(session, new.parent)
        continued = session.scalar(select(RevisionRow.id).where(RevisionRow.parent == new.parent).limit(1))
        if parent.branch and continued is None and parent.case_id == case.case_id:
            return True
    if not new.branch:
        head = require_revision(session, case.head or "")
        raise RevisionConflictError(
            f"Case {case.case_id} was changed meanwhile by {head.author or 'someone'} (version {head.number})",
            got=f"an edit of {new.parent or 'the empty case'}",
            expected=f"an edit of {head.id}",
            remedy="open the newest version, or keep both as a branch",
        )
    return True


def _usual_status(before: str, kind: Kind) -> str:
    if kind == "reference":
        return "accepted"
    return "in_review" if before in {"new", "predicted"} else before


def _row_of(new: NewRevision) -> RevisionRow:
    blinded = new.blinded
    revealed = None if blinded is None else blinded.revealed_at
    return RevisionRow(
        parent=new.parent,
        author=new.author,
        created=utc_now(),
        kind=new.kind,
        algorithm_type=new.algorithm_type,
        model_name=new.model and new.model.name,
        model_version=new.model and new.model.version,
        model_sha256=new.model and new.model.sha256,
        difficulty=new.difficulty,
        comment=new.comment,
        truth_source=new.truth_source,
        rejections=rejections_to_json(new.rejections),
        blinded=blinded is not None,
        revealed_at=revealed and revealed.isoformat(timespec="microseconds"),
        changed_after_reveal=blinded and blinded.changed_after_reveal,
        labels=labels_to_json(new.annotation, new.prompts, begun_from_prompts=new.begun_from_prompts),
        changed_from_prediction=None,
        prediction_mask=None,
        blinded_mask=None,
    )


def _check_shape(case: CaseRow, mask: Mask) -> None:
    expected = (case.slices, case.rows, case.columns)
    if mask.shape != expected:
        raise GeometryMismatchError(
            f"The annotation does not belong to case {case.case_id}", got=mask.shape, expected=f"{expected}"
        )


def _changed_since(blobs: BlobFolder, mask: Mask, stack: Stack, before: str | None) -> int:
    """Count voxels that differ from a stored mask, reading only slices that differ.

    None is an empty mask; so is a damaged one, for new work must be kept all the same.
    """
    if before is None:
        return int(sum(np.count_nonzero(mask[z]) for z, frame in enumerate(stack.frames) if frame))
    try:
        slices = _suspects(stack, blobs.digests(before))
        old = np.asarray(blobs.read(before, slices), dtype=np.uint8)
    except StoreError:
        return _changed_since(blobs, mask, stack, None)
    return _differing(mask[slices], old, range(len(slices)))


def _suspects(stack: Stack, digests: tuple[bytes, ...]) -> list[int]:
    """Return the slices whose bytes are not the same."""
    return [z for z, (ours, theirs) in enumerate(zip(stack.digests, digests, strict=True)) if ours != theirs]


def _differing(first: Mask, second: Mask, slices: Iterable[int]) -> int:
    return int(sum(np.count_nonzero(first[z] != second[z]) for z in slices))
