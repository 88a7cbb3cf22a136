"""A backup of a store: a folder that is a store itself, whole or absent, with a list of what was damaged in it."""

from __future__ import annotations

import filecmp
import json
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy import URL

from napari_cpam_stroke.annotations.blobs import BlobFolder
from napari_cpam_stroke.annotations.database import Database
from napari_cpam_stroke.annotations.engines import engine_for
from napari_cpam_stroke.annotations.integrity import look
from napari_cpam_stroke.annotations.location import BLOB_FOLDER, DATABASE_FILE, Location, is_sqlite, sqlite_url
from napari_cpam_stroke.annotations.migration import as_current, copy_tables
from napari_cpam_stroke.annotations.rows import utc_now
from napari_cpam_stroke.annotations.sqlite_file import copy_files, copy_sqlite
from napari_cpam_stroke.annotations.store_errors import plain_errors, plain_file_errors
from napari_cpam_stroke.errors import StoreError
from napari_cpam_stroke.files import read_json, whole_folder
from napari_cpam_stroke.progress import Progress

LIST_FILE = "backup.json"
"""Beside the database of a backup: when it was made, and what was damaged then."""

MOST_NAMED = 3
"""Of the problems in one sentence."""


@dataclass(frozen=True)
class Copied:
    """What a backup or a restored store holds.

    Attributes
    ----------
    made
        UTC, ISO 8601: when the store was copied.
    files
        Pixel files.
    problems
        One sentence for each thing in it that was damaged already; files by their place in the store.
    """

    made: str
    files: int
    problems: tuple[str, ...]


def back_up(place: Location, target: Path, progress: Progress | None = None) -> Copied:
    """Copy a store as it is, damaged or not, into a new folder, and read the copy again.

    Raises
    ------
    StoreError
        If the folder exists, the store cannot be read at all, or the copy is not as the store; then there is none.
    """
    with new_store(target, "The backup") as folder:
        copied = _copy(place, folder, progress)
        if copied.problems and not problems_of(place):
            raise _not_the_same(target, copied.problems)
        (folder / LIST_FILE).write_text(json.dumps(asdict(copied), indent=2), encoding="utf-8")
    return copied


def restore(backup: Path, target: Path, progress: Progress | None = None) -> Copied:
    """Make a store of a backup in a new folder, and read it again.

    Raises
    ------
    StoreError
        If the folder exists, or something in the backup is damaged that was whole when it was made; then there is none.
    """
    known = listed_problems(backup)
    with new_store(target, "The store") as folder:
        copied = _copy(Location(sqlite_url(backup / DATABASE_FILE), backup / BLOB_FOLDER), folder, progress)
        new = [problem for problem in copied.problems if problem not in known]
        if new:
            raise StoreError(
                f"The backup at {backup} was damaged after it was made: {' '.join(new[:MOST_NAMED])}".rstrip("."),
                remedy="use another backup, or take what is whole in it with `cpam-stroke store repair`",
            )
    return copied


def listed_problems(backup: Path) -> tuple[str, ...]:
    """Return what was damaged when a backup was made; nothing for a store that is no backup.

    Raises
    ------
    StoreError
        If the list cannot be read.
    """
    file = backup / LIST_FILE
    if not file.exists():
        return ()
    try:
        return tuple(str(problem) for problem in read_json(file)["problems"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(
            "The list of what was damaged in a backup cannot be read",
            got=f"{file} ({error})",
            remedy="take that file away; then everything in the backup has to be whole",
        ) from error


def problems_of(place: Location) -> tuple[str, ...]:
    """Return what is damaged in a store of any version, also where it cannot be opened."""
    try:
        with (
            as_current(place.url) as url,
            closing(Database(engine_for(url))) as database,
            database.looking() as session,
        ):
            found = look(session, BlobFolder(place.blobs), None)
    except StoreError as error:
        return (_placed(str(error), place),)
    return tuple(_placed(problem, place) for problem in found.problems)


@contextmanager
def new_store(target: Path, what: str) -> Iterator[Path]:
    """Give a folder for a new store that becomes `target` after the block, whole or not at all.

    Raises
    ------
    StoreError
        If `target` is there and is no empty folder, or cannot be written.
    """
    refused = f"{what} cannot be written to {target}"
    with plain_file_errors(refused), plain_errors(refused):
        try:
            with whole_folder(target, existing="fill", durable=True) as folder, _target_named(folder, refused):
                yield folder
        except FileExistsError as error:
            raise StoreError(
                f"{what} needs a new folder",
                got=f"{target}, which is there already",
                remedy="name another, or move it elsewhere",
            ) from error


@contextmanager
def _target_named(folder: Path, refused: str) -> Iterator[None]:
    """Let no sentence name the folder that is there only while the copy is made."""
    try:
        yield
    except StoreError as error:
        if str(folder) not in str(error):
            raise
        got = None if error.got is None else str(error.got).replace(f"{folder}/", "")
        raise StoreError(refused, got=got, remedy=error.remedy) from error


def _copy(place: Location, folder: Path, progress: Progress | None) -> Copied:
    """Copy the database first: whatever it names is among the files by then."""
    copy = Location(sqlite_url(folder / DATABASE_FILE), folder / BLOB_FOLDER)
    made = utc_now()
    _copy_database(place.url, folder)
    files = _copy_pixels(BlobFolder(place.blobs), BlobFolder(copy.blobs), progress)
    return Copied(made, files, problems_of(copy))


def _copy_database(url: URL, folder: Path) -> None:
    if not is_sqlite(url):
        engine = engine_for(url)
        try:
            with engine.connect() as connection:
                copy_tables(connection, folder / DATABASE_FILE)
        finally:
            engine.dispose()
        return
    source = Path(str(url.database))
    try:
        with plain_errors():
            copy_sqlite(source, folder / DATABASE_FILE)
    except StoreError:  # too damaged for SQLite: it may still be of use to whoever can read more of it
        (folder / DATABASE_FILE).unlink(missing_ok=True)
        copy_files(source, folder)


def _copy_pixels(source: BlobFolder, target: BlobFolder, progress: Progress | None) -> int:
    names = sorted(source.names())
    for done, name in enumerate(names):
        there = target.path(name)
        there.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source.path(name), there)
        if not filecmp.cmp(source.path(name), there, shallow=False):
            raise StoreError("A pixel file is not the same after it was copied", got=source.path(name))
        if progress is not None:
            progress(done + 1, len(names))
    return len(names)


def _placed(problem: str, place: Location) -> str:
    """Name files by their place in the store, so that the sentence is the same wherever it lies."""
    return problem.replace(f"{place.blobs.parent}/", "")


def _not_the_same(target: Path, problems: tuple[str, ...]) -> StoreError:
    return StoreError(
        f"The backup at {target} was not as the store: {' '.join(problems[:MOST_NAMED])}".rstrip("."),
        remedy="look at the disk it is written to, then do it again",
    )
