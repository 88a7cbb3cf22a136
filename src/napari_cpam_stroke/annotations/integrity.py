"""Looks whether everything that was ever saved is still there, byte for byte."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from napari_cpam_stroke.annotations.blobs import BlobFolder
from napari_cpam_stroke.annotations.checksums import is_whole, row_name, sum_of
from napari_cpam_stroke.annotations.kind_rows import lesson_of, lines, stands_right
from napari_cpam_stroke.annotations.lessons import Lesson
from napari_cpam_stroke.annotations.packing import unpack_geometry
from napari_cpam_stroke.annotations.rows import revision_identity
from napari_cpam_stroke.annotations.runs import blobs_of_run, run_identity
from napari_cpam_stroke.annotations.schema import (
    Base,
    CaseRow,
    InfoRow,
    KindRow,
    ListedRow,
    OpinionRow,
    PatientRow,
    RevisionRow,
    RunRow,
)
from napari_cpam_stroke.progress import Progress

CHANGED = "was changed after it was saved"

MOST_FILE_FAULTS = 5
"""Of what SQLite says of its file; more say no more."""


@dataclass
class Findings:
    """What a look at a store found.

    Attributes
    ----------
    problems
        One sentence for each thing that is not as it was written.
    leftovers
        One sentence for each kind of thing that is in the way of nothing.
    used
        Whether each pixel file that something needs is whole.
    """

    problems: list[str] = field(default_factory=list)
    leftovers: list[str] = field(default_factory=list)
    used: dict[str, bool] = field(default_factory=dict)


def look(session: Session, blobs: BlobFolder, progress: Progress | None) -> Findings:
    """Look at everything; the session must be one that loads damaged rows too."""
    found = Findings()
    try:
        found.problems += _file_problems(session)
        _look_at_rows(session, blobs, progress, found)
    except (SQLAlchemyError, UnicodeError, OverflowError) as error:
        reason = getattr(error, "orig", None) or error
        found.problems.append(f"The database cannot be read to its end: {str(reason).splitlines()[0]}.")
    found.leftovers += _leftovers(blobs, found.used)
    return found


def blobs_of(row: Any) -> dict[str, str]:
    """Return the pixel files of a revision by what they are."""
    named = {"mask": row.mask, "prediction": row.prediction_mask, "blinded reading": row.blinded_mask}
    return {what: name for what, name in named.items() if name is not None}


def _file_problems(session: Session) -> Iterator[str]:
    """Let SQLite look at its own file: an index that leads astray is in no row's checksum."""
    if session.get_bind().dialect.name != "sqlite":
        return
    for (said,) in session.execute(text(f"PRAGMA integrity_check({MOST_FILE_FAULTS})")):
        if said != "ok":
            yield f"The database file is damaged: {' '.join(str(said).split())}."
    if session.execute(text("PRAGMA foreign_key_check")).first() is not None:
        yield "The database file is damaged: a row belongs to one that is not there."


def _look_at_rows(session: Session, blobs: BlobFolder, progress: Progress | None, found: Findings) -> None:
    for kind in (InfoRow, PatientRow, OpinionRow, KindRow, ListedRow):
        found.problems += _changed_rows(kind, session.scalars(select(kind)).all())
    found.problems += _misplaced_entries(session)
    found.problems += _unlisted_patients(session)
    revisions, runs = _by_case(session, RevisionRow), _by_case(session, RunRow)
    cases = session.scalars(select(CaseRow).order_by(CaseRow.case_id)).all()
    for done, case in enumerate(cases):
        _look_at_case(case, revisions.pop(case.case_id, []), runs.pop(case.case_id, []), blobs, found)
        if progress is not None:
            progress(done + 1, len(cases))
    for lost in sorted({*revisions, *runs}, key=str):
        found.problems.append(f"There are revisions or model runs of case {lost}, which the store lacks.")


def _changed_rows(kind: type[Base], rows: Sequence[Base]) -> Iterator[str]:
    for row in rows:
        if not is_whole(kind, row):
            name = row_name(kind, row)
            yield f"{name[0].upper()}{name[1:]} {CHANGED}."


def _misplaced_entries(session: Session) -> Iterator[str]:
    """Compare what the list is put in order by, and no checksum covers, with what it is made of."""
    kinds = {row.kind: Lesson(row.score, lines(row.reasons)) for row in _whole(session, KindRow)}
    for entry in _whole(session, ListedRow):
        if not stands_right(entry, lesson_of(entry, kinds)):
            yield f"The {row_name(ListedRow, entry)[4:]} {CHANGED}."


def _whole(session: Session, kind: type[Any]) -> Iterator[Any]:
    return (row for row in session.scalars(select(kind)) if is_whole(kind, row))


def _unlisted_patients(session: Session) -> Iterator[str]:
    known = {row.patient_id for row in session.scalars(select(PatientRow))}
    for case in session.scalars(select(CaseRow).order_by(CaseRow.case_id)):
        if case.patient_id not in known:
            yield f"The patient of case {case.case_id} is missing."


def _by_case(session: Session, kind: type[Any]) -> dict[str, list[Any]]:
    """Read a whole table, by no index, for one may lead astray."""
    rows: dict[str, list[Any]] = defaultdict(list)
    for row in session.scalars(select(kind)):
        rows[row.case_id].append(row)
    return rows


def _look_at_case(
    case: CaseRow, revisions: list[RevisionRow], runs: list[RunRow], blobs: BlobFolder, found: Findings
) -> None:
    if not is_whole(CaseRow, case):
        found.problems.append(f"The record of case {case.case_id} {CHANGED}.")
    found.problems += _case_problems(case, blobs, found.used)
    found.problems += _history_problems(case, revisions)
    for row in revisions:
        found.problems += _revision_problems(case, row, blobs, found.used)
    if sum_of(_checksums(runs)) != case.runs_held:
        found.problems.append(f"Case {case.case_id} lacks model runs that were kept, or has some that were not.")
    for run in runs:
        found.problems += _run_problems(case, run, blobs, found.used)


def _case_problems(case: CaseRow, blobs: BlobFolder, used: dict[str, bool]) -> Iterator[str]:
    if not _intact(case.pixels, blobs, used):
        yield f"The pixels of case {case.case_id} are missing or damaged: {blobs.path(case.pixels)}."
    if not is_whole(CaseRow, case):
        return
    if case.geometry is not None and unpack_geometry(case.geometry).slices != case.slices:
        yield f"The geometry of case {case.case_id} does not fit its {case.slices} slices."


def _history_problems(case: CaseRow, revisions: list[RevisionRow]) -> Iterator[str]:
    known = {row.id for row in revisions}
    main_line = [row for row in revisions if not row.branch and isinstance(row.number, int)]
    latest = max(main_line, key=lambda row: row.number, default=None)
    if sum_of(_checksums(revisions)) != case.revisions_held:
        yield f"Case {case.case_id} lacks revisions that were saved, or has some that were not."
    if case.head != (latest and latest.id):
        yield f"Case {case.case_id} does not point at its newest revision."
    for row in revisions:
        if row.parent is not None and row.parent not in known:
            yield f"Version {row.number} of case {case.case_id} was made from one that is not in its history."


def _checksums(rows: Sequence[Base]) -> Iterator[str]:
    """Yield the checksums as they are stored; one that is none counts as nothing."""
    for row in rows:
        try:
            int(row.checksum, 16)
        except (TypeError, ValueError):
            continue
        yield row.checksum


def _revision_problems(case: CaseRow, row: RevisionRow, blobs: BlobFolder, used: dict[str, bool]) -> Iterator[str]:
    if not _of_case(RevisionRow, row, case, revision_identity):
        yield f"The record of version {row.number} of case {case.case_id} {CHANGED}."
    yield from _damaged(blobs_of(row), f"version {row.number} of case {case.case_id}", blobs, used)


def _run_problems(case: CaseRow, row: RunRow, blobs: BlobFolder, used: dict[str, bool]) -> Iterator[str]:
    model = f"{row.model_name} {row.model_version}"
    if not _of_case(RunRow, row, case, run_identity):
        yield f"The record of {model} on case {case.case_id} {CHANGED}."
    yield from _damaged(blobs_of_run(row), f"{model} on case {case.case_id}", blobs, used)


def _of_case(kind: type[Base], row: Any, case: CaseRow, identity: Callable[[Any, str], str]) -> bool:
    """Whether a row is whole and was made from the case's pixels, as far as the case's own row can tell."""
    return is_whole(kind, row) and (not is_whole(CaseRow, case) or identity(row, case.content_hash) == row.id)


def _damaged(named: dict[str, str], whose: str, blobs: BlobFolder, used: dict[str, bool]) -> Iterator[str]:
    for what, name in named.items():
        if not _intact(name, blobs, used):
            yield f"The {what} of {whose} is missing or damaged: {blobs.path(name)}."


def _intact(name: str, blobs: BlobFolder, used: dict[str, bool]) -> bool:
    """Look at a pixel file once, and note that something needs it."""
    if name not in used:
        used[name] = blobs.intact(name)
    return used[name]


def _leftovers(blobs: BlobFolder, used: dict[str, bool]) -> Iterator[str]:
    unknown = sum(name not in used for name in blobs.names())
    if unknown:
        yield f"{unknown} pixel files below {blobs.root} belong to no case; they do no harm."
    unfinished = len(blobs.leftovers())
    if unfinished:
        yield f"{unfinished} unfinished files below {blobs.root} were left by a crash; they do no harm."
