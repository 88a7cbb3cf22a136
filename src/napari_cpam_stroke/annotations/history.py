"""Reading revisions back; a damaged one is never passed on, and the newest whole one before it is named."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from napari_cpam_stroke.annotations.blobs import BlobFolder
from napari_cpam_stroke.annotations.rows import annotation_from
from napari_cpam_stroke.annotations.saving import require_revision
from napari_cpam_stroke.annotations.schema import RevisionRow
from napari_cpam_stroke.core import Annotation
from napari_cpam_stroke.errors import StoreError


def revisions_of(session: Session, case_id: str) -> list[RevisionRow]:
    """Return a case's revisions, oldest first."""
    return list(session.scalars(select(RevisionRow).where(RevisionRow.case_id == case_id).order_by(RevisionRow.number)))


def read_annotation(session: Session, blobs: BlobFolder, revision_id: str) -> Annotation:
    """Return the mask (Z, Y, X) and the labels of a revision."""
    mask = read_mask(session, blobs, revision_id, None)
    return annotation_from(mask, require_revision(session, revision_id).labels)


def read_mask(
    session: Session, blobs: BlobFolder, revision_id: str, indices: Sequence[int] | None
) -> NDArray[np.uint8]:
    """Return slices of a revision's mask, uint8 (n, Y, X); all of them without `indices`."""
    row = require_revision(session, revision_id)
    try:
        return np.asarray(blobs.read(row.mask, indices), dtype=np.uint8)
    except StoreError as error:
        older = last_intact(session, blobs, row)
        raise StoreError(
            f"The mask of revision {row.id} (version {row.number} of case {row.case_id}) is missing or damaged",
            got=error.got,
            remedy=f"open version {older.number} ({older.id}), which is whole" if older else "no older one is whole",
        ) from error


def last_intact(session: Session, blobs: BlobFolder, row: RevisionRow) -> RevisionRow | None:
    """Return the nearest ancestor whose mask is whole."""
    while row.parent is not None:
        row = require_revision(session, row.parent)
        if blobs.intact(row.mask):
            return row
    return None
