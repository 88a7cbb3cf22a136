"""Reading revisions back; a damaged one is never passed on, and the newest whole one before it is named."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from napari_cpam_stroke.annotations.blobs import BlobFolder
from napari_cpam_stroke.annotations.case_rows import all_of_case
from napari_cpam_stroke.annotations.checksums import TableColumns, is_whole
from napari_cpam_stroke.annotations.database import tolerant
from napari_cpam_stroke.annotations.rows import annotation_from
from napari_cpam_stroke.annotations.saving import require_revision
from napari_cpam_stroke.annotations.schema import CaseRow, RevisionRow
from napari_cpam_stroke.annotations.store_errors import plain_errors
from napari_cpam_stroke.core import Annotation
from napari_cpam_stroke.errors import StoreError

REVISIONS = TableColumns(RevisionRow, first=1)


def revisions_of(session: Session, case_id: str) -> list[Any]:
    """Return the rows of a case's revisions, oldest first, their values by name.

    Raises
    ------
    StoreError
        If one is damaged or missing; the error names the newest one that is whole.
    """
    with _older_offered(session, case_id):
        return all_of_case(
            session, case_id, REVISIONS, CaseRow.__table__.c.revisions_held, [RevisionRow.__table__.c.number]
        )


def head_of(session: Session, case: CaseRow) -> RevisionRow | None:
    """Return the newest revision of the main line; a damaged one names an older one that is whole."""
    if case.head is None:
        return None
    with _older_offered(session, case.case_id):
        return require_revision(session, case.head)


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


@contextmanager
def _older_offered(session: Session, case_id: str) -> Iterator[None]:
    """Let the error of a damaged record name the newest revision of its case whose record is whole."""
    try:
        with plain_errors(f"The records of case {case_id} cannot be read"):
            yield
    except StoreError as error:
        older = newest_whole(session, case_id)
        if older is None:
            raise
        raise StoreError(
            error.what,
            got=error.got,
            remedy=f"open version {older.number} ({older.id}), which is whole, and {error.remedy}",
        ) from error


def newest_whole(session: Session, case_id: str) -> RevisionRow | None:
    """Return the newest revision of a case whose record is whole, None where there is none."""
    with Session(session.connection()) as looking, tolerant(looking):
        wanted = select(RevisionRow).where(RevisionRow.case_id == case_id).order_by(RevisionRow.number.desc())
        rows = looking.scalars(wanted).all()
        looking.expunge_all()
    return next((row for row in rows if is_whole(RevisionRow, row)), None)


def last_intact(session: Session, blobs: BlobFolder, row: RevisionRow) -> RevisionRow | None:
    """Return the nearest ancestor whose mask is whole."""
    while row.parent is not None:
        row = require_revision(session, row.parent)
        if blobs.intact(row.mask):
            return row
    return None
