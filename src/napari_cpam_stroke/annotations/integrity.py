"""Looks whether everything that was ever saved is still there, byte for byte."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from napari_cpam_stroke.annotations.blobs import BlobFolder
from napari_cpam_stroke.annotations.packing import unpack_geometry
from napari_cpam_stroke.annotations.rows import revision_identity
from napari_cpam_stroke.annotations.schema import CaseRow, RevisionRow
from napari_cpam_stroke.progress import Progress


def problems(session: Session, blobs: BlobFolder, progress: Progress | None) -> list[str]:
    """Return one sentence for each thing that is not as it was written; empty when all is well."""
    cases = list(session.scalars(select(CaseRow).order_by(CaseRow.case_id)))
    used: set[str] = set()
    sentences: list[str] = []
    for done, case in enumerate(cases):
        sentences += _case_problems(case, blobs, used)
        revisions = list(session.scalars(select(RevisionRow).where(RevisionRow.case_id == case.case_id)))
        sentences += _history_problems(case, revisions)
        for row in revisions:
            sentences += _revision_problems(case, row, blobs, used)
        if progress is not None:
            progress(done + 1, len(cases))
    return [*sentences, *_folder_problems(blobs, used)]


def blobs_of(row: RevisionRow) -> dict[str, str]:
    """Return the pixel files of a revision by what they are."""
    named = {"mask": row.mask, "prediction": row.prediction_mask, "blinded reading": row.blinded_mask}
    return {what: name for what, name in named.items() if name is not None}


def _case_problems(case: CaseRow, blobs: BlobFolder, used: set[str]) -> Iterator[str]:
    used.add(case.pixels)
    if not blobs.intact(case.pixels):
        yield f"The pixels of case {case.case_id} are missing or damaged: {blobs.path(case.pixels)}."
    if case.geometry is not None and unpack_geometry(case.geometry).slices != case.slices:
        yield f"The geometry of case {case.case_id} does not fit its {case.slices} slices."


def _history_problems(case: CaseRow, revisions: list[RevisionRow]) -> Iterator[str]:
    known = {row.id for row in revisions}
    main_line = [row for row in revisions if not row.branch]
    latest = max(main_line, key=lambda row: row.number, default=None)
    if case.head != (latest and latest.id):
        yield f"Case {case.case_id} does not point at its newest revision."
    for row in revisions:
        if row.parent is not None and row.parent not in known:
            yield f"Version {row.number} of case {case.case_id} was made from one that is not in its history."


def _revision_problems(case: CaseRow, row: RevisionRow, blobs: BlobFolder, used: set[str]) -> Iterator[str]:
    if revision_identity(row, case.content_hash) != row.id:
        yield f"The record of version {row.number} of case {case.case_id} was changed after it was saved."
    for what, name in blobs_of(row).items():
        if name not in used and not blobs.intact(name):
            whose = f"version {row.number} of case {case.case_id}"
            yield f"The {what} of {whose} is missing or damaged: {blobs.path(name)}."
        else:
            used.add(name)


def _folder_problems(blobs: BlobFolder, used: set[str]) -> Iterator[str]:
    unknown = sum(name not in used for name in blobs.names())
    if unknown:
        yield f"{unknown} pixel files below {blobs.root} belong to no case; they do no harm."
    leftovers = len(blobs.leftovers())
    if leftovers:
        yield f"{leftovers} unfinished files below {blobs.root} were left by a crash; they do no harm."
