"""A damaged store mended: rows by their own checksums or from a backup, pixel files from the backup; nothing goes lost.

The database is made anew beside the old one, which is kept. What is whole stays as it is. A damaged row is mended where
one flipped bit explains it, else taken from the backup, else left damaged, so that it is told and never handed out.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from napari_cpam_stroke.annotations.backup import problems_of
from napari_cpam_stroke.annotations.blobs import BlobFolder
from napari_cpam_stroke.annotations.checksums import checksum_of, covered, sum_of
from napari_cpam_stroke.annotations.database import is_sqlite, make_tables, plain_errors, remedy_for, sqlite_url
from napari_cpam_stroke.annotations.integrity import blobs_of
from napari_cpam_stroke.annotations.listed_rows import list_all
from napari_cpam_stroke.annotations.location import Location
from napari_cpam_stroke.annotations.migration import as_current
from napari_cpam_stroke.annotations.runs import blobs_of_run
from napari_cpam_stroke.annotations.salvage import KINDS, Salvaged, salvaged
from napari_cpam_stroke.annotations.schema import Base, CaseRow, OpinionRow, PatientRow, RevisionRow, RunRow
from napari_cpam_stroke.annotations.sqlite_file import LOG_SUFFIX
from napari_cpam_stroke.errors import StoreError
from napari_cpam_stroke.files import settle, write_beside, write_whole

ASIDE = "before-repair-{:%Y%m%d-%H%M%S}"
"""Folder in the store for what was replaced."""


@dataclass(frozen=True)
class Repaired:
    """What a repair did.

    Attributes
    ----------
    mended
        Rows in which one flipped bit was set right.
    taken
        Rows taken from the backup.
    files
        Pixel files taken from the backup.
    aside
        Where the old database and the damaged files are.
    problems
        What is still damaged.
    """

    mended: int
    taken: int
    files: int
    aside: Path
    problems: tuple[str, ...]


def repair(place: Location, backup: Location | None) -> Repaired:
    """Mend a store in a folder; close other programs first.

    Raises
    ------
    StoreError
        If another program has it open, or it cannot be written; then it is as it was.
    """
    if not is_sqlite(place.url):
        raise StoreError(
            "A store on a server is not repaired here", remedy="restore the server's own backup of its database"
        )
    file = Path(str(place.url.database))
    with plain_errors(f"The store at {file.parent} cannot be repaired"):
        _take_alone(file)
        here, there = salvaged(file), {kind: Salvaged(kind) for kind in KINDS}
        if backup is not None:
            with as_current(backup.url) as url:
                there = salvaged(Path(str(url.database)))
        taken = sum(_fill_up(here[kind], there[kind]) for kind in (PatientRow, CaseRow))
        taken += _fill_up_opinions(here, there)
        taken += _fill_up_histories(here, there)
        new = _written(file, here)
    aside = file.parent / ASIDE.format(datetime.now(UTC))
    try:
        files = _files_from(place, backup, here, aside)
        _swap(file, new, aside)
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreError(
            f"The store at {file.parent} cannot be repaired", got=reason, remedy=remedy_for(reason)
        ) from error
    finally:
        new.unlink(missing_ok=True)
    return Repaired(sum(rows.mended for rows in here.values()), taken, files, aside, problems_of(place))


def _take_alone(file: Path) -> None:
    """Bring the log into the database, which no program may have open meanwhile; what is too damaged is left."""
    with closing(sqlite3.connect(file, timeout=1)) as connection:
        try:
            connection.execute("PRAGMA journal_mode=DELETE").fetchall()
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise StoreError(
                    f"Another program has the store at {file.parent} open", remedy="close it, then do it again"
                ) from error
        except sqlite3.DatabaseError:
            return


def _fill_up(here: Salvaged, there: Salvaged) -> int:
    """Take rows that are damaged or missing from a backup; return how many.

    A damaged patient without a split in the backup may have been given one later: which one is not guessed.
    """
    damaged = {values[0] for values in here.damaged}
    missing = [
        key
        for key, row in there.whole.items()
        if key not in here.whole and not (key in damaged and getattr(row, "split", "needs none") is None)
    ]
    for key in missing:
        here.whole[key] = there.whole[key]
        here.whole[key].from_backup = True
    here.damaged = [values for values in here.damaged if values[0] not in set(missing)]
    return len(missing)


def _fill_up_opinions(here: dict[type[Base], Salvaged], there: dict[type[Base], Salvaged]) -> int:
    """Take what was damaged, and what belongs to the records of cases that were taken; others may be gone rightly."""
    cases, damaged = here[CaseRow].whole, {values[0] for values in here[OpinionRow].damaged}
    wanted = {name for name, case in cases.items() if getattr(case, "from_backup", False)} | damaged
    there[OpinionRow].whole = {name: row for name, row in there[OpinionRow].whole.items() if name in wanted}
    return _fill_up(here[OpinionRow], there[OpinionRow])


def _fill_up_histories(here: dict[type[Base], Salvaged], there: dict[type[Base], Salvaged]) -> int:
    """Take the revisions and runs that cases lack from a backup, and make the record of a case taken from there fit."""
    taken = 0
    for kind, held in ((RevisionRow, "revisions_held"), (RunRow, "runs_held")):
        now, before = _by_case(here[kind]), _by_case(there[kind])
        for name, case in here[CaseRow].whole.items():
            taken_over = getattr(case, "from_backup", False)
            if taken_over or sum_of(row.checksum for row in now[name]) != getattr(case, held):
                taken += _add_missing(here[kind], now[name], before[name])
            if taken_over:
                setattr(case, held, sum_of(row.checksum for row in now[name]))
                if kind is RevisionRow:
                    _point_at_newest(case, now[name])
    for case in here[CaseRow].whole.values():
        case.checksum = checksum_of(CaseRow, case)
    return taken


def _by_case(rows: Salvaged) -> dict[str, list[Any]]:
    of_case: dict[str, list[Any]] = defaultdict(list)
    for row in rows.whole.values():
        of_case[row.case_id].append(row)
    return of_case


def _add_missing(rows: Salvaged, now: list[Any], before: list[Any]) -> int:
    numbers = {getattr(row, "number", row.id) for row in now}
    missing = [row for row in before if row.id not in rows.whole and getattr(row, "number", row.id) not in numbers]
    for row in missing:
        rows.whole[row.id] = row
        now.append(row)
    keys = {row.id for row in missing}
    rows.damaged = [values for values in rows.damaged if values[0] not in keys]
    return len(missing)


def _point_at_newest(case: Any, revisions: list[Any]) -> None:
    """Let a case as it was in the backup show the newest version that there is now."""
    newest = max((row for row in revisions if not row.branch), key=lambda row: row.number, default=None)
    if newest is not None and newest.id != case.head:
        case.head, case.status = newest.id, newest.status
        case.comment = newest.comment or case.comment
        case.ischemia_label, case.hemorrhage_label = json.loads(newest.labels)["series_labels"]


def _written(file: Path, rows: dict[type[Base], Salvaged]) -> Path:
    """Write a new database beside the old one and return it."""
    new = write_beside(file, b"", durable=True)
    try:
        _fill(new, rows)
    except BaseException:
        new.unlink()
        raise
    return new


def _fill(new: Path, rows: dict[type[Base], Salvaged]) -> None:
    engine = create_engine(sqlite_url(new))
    try:
        with engine.begin() as connection:
            make_tables(connection)
            driver: Any = connection.connection.driver_connection
            for kind in KINDS:
                driver.executemany(_insert(kind), _all_values(rows[kind]))
            if not any(rows[kind].damaged for kind in KINDS if kind is not PatientRow):
                with Session(connection) as session:
                    list_all(session)
                    session.flush()
    finally:
        engine.dispose()


def _insert(kind: type[Base]) -> str:
    names = (*covered(kind), "checksum")
    columns = ", ".join(f'"{name}"' for name in names)
    return f"INSERT OR IGNORE INTO {kind.__tablename__} ({columns}) VALUES ({', '.join('?' * len(names))})"  # noqa: S608


def _all_values(rows: Salvaged) -> Iterator[list[Any]]:
    names = (*covered(rows.kind), "checksum")
    yield from ([getattr(row, name) for name in names] for row in rows.whole.values())
    yield from ([_bound(value) for value in values] for values in rows.damaged)


def _bound(value: Any) -> Any:
    """Return a value as SQLite takes it: text that is none goes in as bytes."""
    if not isinstance(value, str):
        return value
    content = value.encode("utf-8", "surrogateescape")
    return value if content == value.encode("utf-8", "replace") else content


def _files_from(place: Location, backup: Location | None, rows: dict[type[Base], Salvaged], aside: Path) -> int:
    """Take pixel files that are damaged or missing from the backup; the damaged ones are put aside."""
    here, taken = BlobFolder(place.blobs), 0
    there = None if backup is None else BlobFolder(backup.blobs)
    for name in sorted(_files_of(rows)):
        if there is None or here.intact(name) or not there.intact(name):
            continue
        if here.path(name).exists():
            aside.mkdir(exist_ok=True)
            here.path(name).replace(aside / name)
        here.copy_from(there, name)
        taken += 1
    return taken


def _files_of(rows: dict[type[Base], Salvaged]) -> set[str]:
    revisions = (name for row in rows[RevisionRow].whole.values() for name in blobs_of(row).values())
    runs = (name for row in rows[RunRow].whole.values() for name in blobs_of_run(row).values())
    return {row.pixels for row in rows[CaseRow].whole.values()} | {*revisions, *runs}


def _swap(file: Path, new: Path, aside: Path) -> None:
    """Put the old database and what is left of its log aside, and the new one in its place."""
    aside.mkdir(exist_ok=True)
    for suffix in (LOG_SUFFIX, "-shm"):
        rest = file.with_name(file.name + suffix)
        if rest.exists():
            rest.replace(aside / rest.name)
    with file.open("rb") as old:
        write_whole(aside / file.name, partial(shutil.copyfileobj, old), durable=True)
    settle({file: new}, durable=True)
