"""Moving a store, or bringing the work of two together: nothing is lost, nothing is overwritten."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from napari_cpam_stroke.annotations.blobs import BlobFolder
from napari_cpam_stroke.annotations.casework import find_content, free_name, place_patient, require_patient
from napari_cpam_stroke.annotations.checksums import NOTHING_HELD, covered
from napari_cpam_stroke.annotations.history import revisions_of
from napari_cpam_stroke.annotations.integrity import blobs_of
from napari_cpam_stroke.annotations.listed_rows import keep_listed
from napari_cpam_stroke.annotations.opinion_rows import copy_opinion
from napari_cpam_stroke.annotations.runs import add_run, blobs_of_run, runs_of
from napari_cpam_stroke.annotations.saving import attach
from napari_cpam_stroke.annotations.schema import Base, CaseRow, RevisionRow, RunRow
from napari_cpam_stroke.progress import Progress


@dataclass(frozen=True)
class ImportSummary:
    """What came in.

    Attributes
    ----------
    cases, revisions
        New ones.
    branches
        Of those revisions, how many were kept beside the main line because the case had gone on here.
    """

    cases: int
    revisions: int
    branches: int


def merge(
    source: Session,
    source_blobs: BlobFolder,
    target: Session,
    target_blobs: BlobFolder,
    *,
    progress: Progress | None = None,
) -> ImportSummary:
    """Copy every case and revision that the target lacks; splits that are fixed there stay."""
    cases = list(source.scalars(select(CaseRow).order_by(CaseRow.case_id)))
    new_cases, revisions, branches = 0, 0, 0
    for done, case in enumerate(cases):
        there = find_content(target, case.content_hash)
        new = there is None
        if there is None:
            target_blobs.copy_from(source_blobs, case.pixels)
            there = _add_case(source, target, case)
            copy_opinion(source, target, case.case_id, there.case_id)
            new_cases += 1
        for row in revisions_of(source, case.case_id):
            if target.get(RevisionRow, row.id) is None:
                for name in blobs_of(row).values():
                    target_blobs.copy_from(source_blobs, name)
                revisions += 1
                branches += _add_revision(target, there, row)
        _add_runs(source, source_blobs, target, target_blobs, case=case, there=there)
        if new:
            _stand_as_there(there, case)
        keep_listed(target, there)
        if progress is not None:
            progress(done + 1, len(cases))
    return ImportSummary(new_cases, revisions, branches)


def _add_runs(
    source: Session,
    source_blobs: BlobFolder,
    target: Session,
    target_blobs: BlobFolder,
    *,
    case: CaseRow,
    there: CaseRow,
) -> None:
    """Copy what models found in a case and the target lacks."""
    for row in runs_of(source, case.case_id):
        if target.get(RunRow, row.id) is None:
            for name in blobs_of_run(row).values():
                target_blobs.copy_from(source_blobs, name)
            add_run(target, there, RunRow(**_values(RunRow, row)))


def _add_case(source: Session, target: Session, case: CaseRow) -> CaseRow:
    patient = require_patient(source, case.patient_id)
    place_patient(target, case.patient_id, patient.split)  # type: ignore[arg-type]
    row = CaseRow(**_values(CaseRow, case))
    row.case_id, row.head = free_name(target, case.case_id, case.content_hash), None
    row.revisions_held = row.runs_held = NOTHING_HELD
    target.add(row)
    target.flush()
    return row


def _stand_as_there(row: CaseRow, case: CaseRow) -> None:
    """Give a new case the status that it has in its store, whatever its newest revision was saved with."""
    row.status, row.comment = case.status, case.comment


def _add_revision(target: Session, case: CaseRow, revision: Any) -> bool:
    """Add one revision after those that are there; return whether it went beside the main line."""
    row = RevisionRow(**_values(RevisionRow, revision))
    latest = target.scalar(select(func.max(RevisionRow.number)).where(RevisionRow.case_id == case.case_id))
    row.case_id, row.number = case.case_id, (latest or 0) + 1
    attach(target, case, row, branch=revision.branch or revision.parent != case.head)
    return row.branch and not revision.branch


def _values(kind: type[Base], row: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in covered(kind)}
