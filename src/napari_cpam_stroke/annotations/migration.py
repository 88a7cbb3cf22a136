"""Stores of every earlier version brought up to date: in place after a backup, or as a copy that is only read."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import URL, Connection, MetaData, Table, create_engine, inspect, select, update
from sqlalchemy.orm import Session

from napari_cpam_stroke.annotations.checksums import sum_of
from napari_cpam_stroke.annotations.engines import engine_for, writing
from napari_cpam_stroke.annotations.listed_rows import list_all
from napari_cpam_stroke.annotations.location import is_sqlite, place_of, sqlite_url
from napari_cpam_stroke.annotations.packing import pack_plain
from napari_cpam_stroke.annotations.rows import revision_identity, sentences_to_text
from napari_cpam_stroke.annotations.runs import run_identity
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
from napari_cpam_stroke.annotations.sqlite_file import copy_sqlite, looking_into
from napari_cpam_stroke.annotations.store_errors import plain_errors
from napari_cpam_stroke.annotations.store_version import EARLIER_VERSIONS, not_a_store, stored_version, version_in_file
from napari_cpam_stroke.annotations.tables import make_tables
from napari_cpam_stroke.errors import StoreError
from napari_cpam_stroke.files import settle, write_beside

UNSEALED = ""
"""Checksum of a row that was damaged before it had one: it stays told, and is never handed out."""

KINDS: tuple[type[Base], ...] = (PatientRow, CaseRow, OpinionRow, RevisionRow, RunRow)
"""What an earlier store may hold, each after what it belongs to; the list of cases is made anew."""

LAYOUT: tuple[type[Base], ...] = (*KINDS, InfoRow, ListedRow, KindRow)
"""Every table of a store."""

GONE = ("case_list",)
"""Tables that only earlier stores have."""

Rows = dict[str, list[dict[str, Any]]]
"""Values by column of the rows of each table."""


def migrate(url: URL, backup_folder: Path) -> Path | None:
    """Bring a store up to date in one transaction; return the backup of its database, None where none was needed.

    Parameters
    ----------
    backup_folder
        Where the database as it was is kept, as an SQLite file; the pixel files stay as they are.

    Raises
    ------
    StoreError
        If it is of no version that is known, or cannot be read or written; then it is as it was.
    """
    refused = f"The store at {place_of(url)} cannot be brought up to date"
    with plain_errors(refused), closing_engine(url) as connection:
        version = _version_of(connection, place_of(url))
        if version not in EARLIER_VERSIONS:
            return None
        backup = backup_folder / f"database-of-version-{version}.db"
        _back_up(connection, url, backup)
        _rewrite(connection)
    return backup


@contextmanager
def closing_engine(url: URL) -> Iterator[Connection]:
    """Give a connection that holds the write lock and commits when it ends well."""
    engine = engine_for(url)
    try:
        with writing(engine).begin() as connection:
            yield connection
    finally:
        engine.dispose()


@contextmanager
def as_current(url: URL) -> Iterator[URL]:
    """Give the address of a database of this version with the same rows: itself, or a copy for the block."""
    if not is_sqlite(url) or _version_in(Path(str(url.database))) not in EARLIER_VERSIONS:
        yield url
        return
    with TemporaryDirectory(prefix="cpam-store-", ignore_cleanup_errors=True) as folder:
        copy = Path(folder) / "store.db"
        with plain_errors(f"The store at {place_of(url)} cannot be read"):
            copy_sqlite(Path(str(url.database)), copy)
            with closing_engine(sqlite_url(copy)) as connection:
                _rewrite(connection)
        yield sqlite_url(copy)


def _version_of(connection: Connection, place: str) -> str | None:
    if not inspect(connection).has_table(InfoRow.__tablename__):
        raise not_a_store(place)
    return stored_version(connection)


def _version_in(file: Path) -> str | None:
    """Return what a file says its version is, None where it says nothing that can be read."""
    try:
        with looking_into(file) as connection:
            return version_in_file(connection)
    except (sqlite3.Error, UnicodeError):
        return None


def _back_up(connection: Connection, url: URL, target: Path) -> None:
    """Keep the database as it was, whole or not at all; an earlier backup of that name is left alone."""
    if target.exists():
        raise StoreError(
            "There is a backup of an earlier migration already", got=str(target), remedy="move it elsewhere first"
        )
    unfinished = write_beside(target, b"", durable=True)
    try:
        if is_sqlite(url):
            copy_sqlite(Path(str(url.database)), unfinished)
        else:
            copy_tables(connection, unfinished)
        settle({target: unfinished}, durable=True)
    finally:
        unfinished.unlink(missing_ok=True)


def copy_tables(connection: Connection, target: Path) -> None:
    """Copy the tables of a store on a server, whatever their version, into an SQLite file."""
    tables = _reflected(connection)
    engine = create_engine(sqlite_url(target))
    try:
        with engine.begin() as copy:
            tables.create_all(copy)
            for table in tables.sorted_tables:
                if rows := _values(connection, table):
                    copy.execute(table.insert(), rows)
    finally:
        engine.dispose()


def _reflected(connection: Connection) -> MetaData:
    """Return the tables of a store as they are, whatever its version."""
    tables = MetaData()
    known = {*GONE, *(kind.__tablename__ for kind in LAYOUT)}
    tables.reflect(connection, only=lambda name, _tables: name in known)
    return tables


def _rewrite(connection: Connection) -> None:
    """Put the tables of this version in place of earlier ones, with all their rows."""
    tables = _reflected(connection)
    rows = {name: _values(connection, table) for name, table in tables.tables.items()}
    tables.drop_all(connection)
    make_tables(connection)
    with Session(connection) as session:
        _fill(session, rows)
        list_all(session)
        session.flush()
        _leave_damaged_unsealed(session)
        session.flush()


def _values(connection: Connection, table: Table) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(select(table)).mappings()]


def _fill(session: Session, rows: Rows) -> None:
    for values in rows.get(CaseRow.__tablename__, []):
        _with_today_columns(values)
    order = {RevisionRow: "number"}
    for kind in KINDS:
        columns = set(kind.__table__.columns.keys())
        found = rows.get(kind.__tablename__, [])
        for values in sorted(found, key=lambda row: row[order[kind]] if kind in order else 0):
            session.add(kind(**{name: value for name, value in values.items() if name in columns}))
        session.flush()


def _with_today_columns(values: dict[str, Any]) -> None:
    """Take apart what version 1 kept of a case as one JSON text."""
    if "details" in values:
        details = json.loads(values["details"])
        geometry = details["geometry"]
        values["facts"] = sentences_to_text(tuple(details["facts"]))
        values["warnings"] = sentences_to_text(tuple(details["warnings"]))
        values["geometry"] = None if geometry is None else pack_plain(geometry)


def _leave_damaged_unsealed(session: Session) -> None:
    """Add up what each case holds; a row whose own identity is not that of its content keeps no checksum."""
    for case in session.scalars(select(CaseRow)).all():
        case.revisions_held = sum_of(_sealed(session, RevisionRow, revision_identity, case))
        case.runs_held = sum_of(_sealed(session, RunRow, run_identity, case))


def _sealed(session: Session, kind: type[Any], identity: Any, case: CaseRow) -> list[str]:
    """Return the checksums of a case's whole rows of one kind, and take those of the others away."""
    rows = session.scalars(select(kind).where(kind.case_id == case.case_id)).all()
    for row in rows:
        if identity(row, case.content_hash) != row.id:
            session.execute(update(kind.__table__).where(kind.__table__.c.id == row.id).values(checksum=UNSEALED))
    return [row.checksum for row in rows if identity(row, case.content_hash) == row.id]
