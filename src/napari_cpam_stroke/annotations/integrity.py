"""Looks whether everything that was ever saved is still there, byte for byte."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from napari_cpam_stroke.annotations.blobs import BlobFolder
from napari_cpam_stroke.annotations.packing import unpack_geometry
from napari_cpam_stroke.annotations.rows import revision_identity
from napari_cpam_stroke.annotations.runs import blobs_of_run, run_identity, runs_of
from napari_cpam_stroke.annotations.schema import CaseRow, RevisionRow, RunRow
from napari_cpam_stroke.progress import Progress


def problems(session: Session, blobs: BlobFolder, progress: Progress | None) -> list[str]:
    """Return one sentence for each thing that is not as it was written; empty when all is well."""
    cases = list(session.scalars(select(CaseRow).order_by(CaseRow.case_id)))
    used: dict[str, bool] = {}
    sentences: list[str] = []
    for done, case in enumerate(cases):
        sentences += _case_problems(case, blobs, used)
        revisions = list(session.scalars(select(RevisionRow).where(RevisionRow.case_id == case.case_id)))
        sentences += _history_problems(case, revisions)
        for row in revisions:
            sentences += _revision_problems(case, row, blobs, used)
        for run in runs_of(session, case.case_id):
            sentences += _run_problems(case, run, blobs, used)
        if progress is not None:
            progress(done + 1, len(cases))
    return [*sentences, *_folder_problems(blobs, used)]


def blobs_of(row: RevisionRow) -> dict[str, str]:
    """Return the pixel files of a revision by what they are."""
    named = {"mask": row.mask, "prediction": row.prediction_mask, "blinded reading": row.blinded_mask}
    return {what: name for what, name in named.items() if name is not None}


def _case_problems(case: CaseRow, blobs: BlobFolder, used: dict[str, bool]) -> Iterator[str]:
    if not _intact(case.pixels, blobs, used):
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


def _revision_problems(case: CaseRow, row: RevisionRow, blobs: BlobFolder, used: dict[str, bool]) -> Iterator[str]:
    if revision_identity(row, case.content_hash) != row.id:
        yield f"The record of version {row.number} of case {case.case_id} was changed after it was saved."
    yield from _damaged(blobs_of(row), f"version {row.number} of case {case.case_id}", blobs, used)


def _run_problems(case: CaseRow, row: RunRow, blobs: BlobFolder, used: dict[str, bool]) -> Iterator[str]:
    model = f"{row.model_name} {row.model_version}"
    if run_identity(row, case.content_hash) != row.id:
        yield f"The record of {model} on case {case.case_id} was changed after it was saved."
    yield from _damaged(blobs_of_run(row), f"{model} on case {case.case_id}", blobs, used)


def _damaged(named: dict[str, str], whose: str, blobs: BlobFolder, used: dict[str, bool]) -> Iterator[str]:
    for what, name in named.items():
        if not _intact(name, blobs, used):
            yield f"The {what} of {whose} is missing or damaged: {blobs.path(name)}."


def _intact(name: str, blobs: BlobFolder, used: dict[str, bool]) -> bool:
    """Look at a pixel file once, and note that something needs it."""
    if name not in used:
        used[name] = blobs.intact(name)
    return used[name]


def _folder_problems(blobs: BlobFolder, used: dict[str, bool]) -> Iterator[str]:
    unknown = sum(name not in used for name in blobs.names())
    if unknown:
        yield f"{unknown} pixel files below {blobs.root} belong to no case; they do no harm."
    leftovers = len(blobs.leftovers())
    if leftovers:
        yield f"{leftovers} unfinished files below {blobs.root} were left by a crash; they do no harm."
