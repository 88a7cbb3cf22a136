"""Opening the database behind a store: a new one is made whole or not at all, another version is refused untouched."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sqlalchemy import URL, Engine, inspect
from sqlalchemy.orm import Session

from napari_cpam_stroke.annotations.database import Database, tolerant
from napari_cpam_stroke.annotations.engines import engine_for, writing
from napari_cpam_stroke.annotations.location import is_sqlite, place_of, sqlite_url
from napari_cpam_stroke.annotations.schema import SCHEMA_VERSION, InfoRow
from napari_cpam_stroke.annotations.sqlite_file import looking_into
from napari_cpam_stroke.annotations.store_errors import RESTORE, plain_errors, plain_file_errors
from napari_cpam_stroke.annotations.store_version import (
    check_file_version,
    check_version,
    check_version_row,
    not_a_store,
    stored_version,
)
from napari_cpam_stroke.annotations.stored_text import text_of
from napari_cpam_stroke.annotations.tables import make_tables, take_turns
from napari_cpam_stroke.errors import StoreError
from napari_cpam_stroke.files import settle, write_beside


def open_database(url: URL, *, create: bool) -> Database:
    """Check the version, make the tables of a new store, and return its database; an existing one is only read.

    Raises
    ------
    StoreError
        If the database cannot be reached, is no store, is of another version, or damaged; nothing was changed then.
    """
    place = place_of(url)
    if is_sqlite(url):
        _look_first(Path(place))
        if create and not Path(place).exists():
            _make_file(Path(place))
    engine = engine_for(url)
    try:
        with plain_errors(f"The store at {place} cannot be opened"):
            _require(engine, place, create=create)
    except BaseException:
        engine.dispose()
        raise
    return Database(engine)


def _look_first(file: Path) -> None:
    """Refuse a file that is no store of this version before anything is written into it."""
    if not file.exists():
        return
    try:
        with looking_into(file) as connection:
            connection.text_factory = text_of
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if not tables:
                return
            if InfoRow.__tablename__ not in tables:
                raise not_a_store(str(file))
            check_file_version(connection, str(file))
    except (sqlite3.Error, UnicodeError, OSError) as error:
        raise StoreError(
            f"The store at {file} cannot be read", got=str(error), remedy=f"if it is a store: {RESTORE}"
        ) from error


def _make_file(file: Path) -> None:
    """Make a new SQLite store whole or not at all; another program's that came first stays."""
    with plain_errors(f"The store at {file} cannot be made"), plain_file_errors(f"The store at {file} cannot be made"):
        unfinished = write_beside(file, b"", durable=True)
        engine = engine_for(sqlite_url(unfinished))
        try:
            with writing(engine).begin() as connection:
                make_tables(connection)
            engine.dispose()
            settle({file: unfinished}, durable=True, existing="keep")
        finally:
            engine.dispose()
            for rest in file.parent.glob(f"{unfinished.name}*"):
                rest.unlink(missing_ok=True)


def _require(engine: Engine, place: str, *, create: bool) -> None:
    if not _is_there(engine, place):
        if not create:
            raise not_a_store(place)
        _make(engine, place)


def _is_there(engine: Engine, place: str) -> bool:
    """Return whether there are the tables of a store of this version; no lock is taken."""
    with engine.begin() as connection:
        tables = set(inspect(connection).get_table_names())
        if InfoRow.__tablename__ not in tables:
            if tables:
                raise not_a_store(place)
            return False
        check_version(stored_version(connection), place)
        with Session(connection) as session, tolerant(session):
            check_version_row(session, place)
    return True


def _make(engine: Engine, place: str) -> None:
    """Make the tables, unless another program did so meanwhile."""
    with writing(engine).begin() as connection:
        take_turns(connection)
        if not inspect(connection).has_table(InfoRow.__tablename__):
            make_tables(connection)
            return
    check_version(str(SCHEMA_VERSION) if _is_there(engine, place) else None, place)
