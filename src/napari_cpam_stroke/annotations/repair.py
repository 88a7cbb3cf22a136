"""A damaged store mended: rows by their own checksums or from a backup, pixel files from the backup; nothing goes lost.

The database is made anew beside the old one, which is kept. What is whole stays as it is. A damaged row is mended where
one flipped bit explains it, else taken from the backup, else left damaged, so that it is told and never handed out.
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from napari_cpam_stroke.annotations.backup import problems_of
from napari_cpam_stroke.annotations.blobs import BlobFolder
from napari_cpam_stroke.annotations.gaps import fill_gaps
from napari_cpam_stroke.annotations.integrity import blobs_of
from napari_cpam_stroke.annotations.location import Location, is_sqlite
from napari_cpam_stroke.annotations.migration import as_current
from napari_cpam_stroke.annotations.rewriting import written_anew
from napari_cpam_stroke.annotations.runs import blobs_of_run
from napari_cpam_stroke.annotations.salvage import KINDS, Salvaged, salvaged
from napari_cpam_stroke.annotations.schema import Base, CaseRow, RevisionRow, RunRow
from napari_cpam_stroke.annotations.sqlite_file import LOG_SUFFIX
from napari_cpam_stroke.annotations.store_errors import plain_errors, plain_file_errors
from napari_cpam_stroke.errors import StoreError
from napari_cpam_stroke.files import settle, write_whole

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
    refused = f"The store at {file.parent} cannot be repaired"
    with plain_errors(refused):
        _take_alone(file)
        here, there = salvaged(file), {kind: Salvaged(kind) for kind in KINDS}
        if backup is not None:
            with as_current(backup.url) as url:
                there = salvaged(Path(str(url.database)))
        taken = fill_gaps(here, there)
        new = written_anew(file, here)
    aside = file.parent / ASIDE.format(datetime.now(UTC))
    try:
        with plain_file_errors(refused):
            files = _files_from(place, backup, here, aside)
            _swap(file, new, aside)
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
