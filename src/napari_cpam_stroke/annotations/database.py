"""Opening the database behind a store: SQLite made durable, or PostgreSQL; another version is refused untouched."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import local
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, insert, inspect, text
from sqlalchemy.exc import DBAPIError, NoSuchModuleError
from sqlalchemy.orm import Session

from napari_cpam_stroke.annotations.schema import SCHEMA_VERSION, Base, InfoRow
from napari_cpam_stroke.errors import StoreError

BUSY_SECONDS = 30
"""How long one writer waits for another."""

CREATION_LOCK = 771_090
"""Any fixed number: two programs that create the same PostgreSQL store take turns."""


class Database:
    """Sessions on one engine. A thread that is inside `bulk` does all its work in one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writer = engine.execution_options(write=True)
        self._thread = local()
        self._process = os.getpid()

    @property
    def url(self) -> URL:
        """The address, password included."""
        return self._engine.url

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Give a session that only looks."""
        current = self._bulk_session()
        if current is not None:
            yield current
            return
        with _plain_errors(), Session(self._engine) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Give a session that holds the write lock and commits when it ends well; then the change is on the disk."""
        current = self._bulk_session()
        if current is not None:
            yield current
            current.flush()
            return
        with _plain_errors(), Session(self._writer, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def bulk(self) -> Iterator[None]:
        """Run everything this thread does inside in one transaction."""
        if self._bulk_session() is not None:
            yield
            return
        with self.writing() as session:
            self._thread.session = session
            try:
                yield
            finally:
                self._thread.session = None

    def close(self) -> None:
        """Give back all connections."""
        self._engine.dispose()

    def _bulk_session(self) -> Session | None:
        self._leave_parent_alone()
        session: Session | None = getattr(self._thread, "session", None)
        return session

    def _leave_parent_alone(self) -> None:
        """In a forked process: forget the parent's connections without closing them."""
        if self._process != os.getpid():
            self._engine.dispose(close=False)
            self._thread, self._process = local(), os.getpid()


def open_database(url: URL, *, create: bool) -> Database:
    """Check the version, make the tables of a new store, and return its database.

    Raises
    ------
    StoreError
        If the database cannot be reached, is no store, or is of another version; nothing was changed then.
    """
    place = url.render_as_string(hide_password=True)
    if _is_sqlite(url):
        place = str(url.database)
        _look_first(Path(place))
    try:
        engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS} if _is_sqlite(url) else {})
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        raise StoreError(
            f"The database driver for {place} is not installed",
            got=str(error),
            remedy='install it with: pip install "psycopg[binary]"',
        ) from error
    if _is_sqlite(url):
        event.listen(engine, "connect", _durable_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    try:
        _prepare(engine, place, create=create)
    except DBAPIError as error:
        raise StoreError(f"The store at {place} cannot be opened", got=_reason(error)) from error
    return Database(engine)


def check_version(version: str | None, place: str) -> None:
    """Raise `StoreError` unless the store is of the version this program knows."""
    if version != str(SCHEMA_VERSION):
        raise StoreError(
            f"The store at {place} is of another version",
            got=f"version {version}",
            expected=f"version {SCHEMA_VERSION}",
            remedy="open it with the version of this program that wrote it, or export it from there and import it here",
        )


def has_table(session: Session, row: type[Base]) -> bool:
    """Return whether the store has a table that later programs added."""
    return inspect(session.connection()).has_table(row.__tablename__)


def make_table(session: Session, row: type[Base]) -> None:
    """Make the table of a row where a store from before lacks it; programs from before leave it alone."""
    if not has_table(session, row):
        connection = session.connection()
        _take_turns(connection)
        Base.metadata.create_all(connection, tables=[Base.metadata.tables[row.__tablename__]])


def _take_turns(connection: Connection) -> None:
    """Keep other programs from making tables until the end of the transaction."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": CREATION_LOCK})


def _prepare(engine: Engine, place: str, *, create: bool) -> None:
    with engine.execution_options(write=create).begin() as connection:
        _take_turns(connection)
        tables = set(inspect(connection).get_table_names())
        if InfoRow.__tablename__ in tables:
            check_version(_stored_version(connection), place)
        elif tables or not create:
            raise _not_a_store(place)
        else:
            Base.metadata.create_all(connection)
            connection.execute(insert(InfoRow), [{"key": "schema_version", "value": str(SCHEMA_VERSION)}])


def _stored_version(connection: Connection) -> str | None:
    version: str | None = connection.execute(
        text("SELECT value FROM store_info WHERE key = 'schema_version'")
    ).scalar_one_or_none()
    return version


def _look_first(file: Path) -> None:
    """Refuse a file that is no store of this version before anything is written into it."""
    if not file.exists():
        return
    try:
        with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if not tables:
                return
            if InfoRow.__tablename__ not in tables:
                raise _not_a_store(str(file))
            stored = connection.execute("SELECT value FROM store_info WHERE key = 'schema_version'").fetchone()
    except sqlite3.Error as error:
        raise StoreError(f"The store at {file} cannot be read", got=str(error)) from error
    check_version(stored and stored[0], str(file))


def _not_a_store(place: str) -> StoreError:
    return StoreError(
        f"The database at {place} is not an annotation store", remedy="give the folder of a store, or a new folder"
    )


def _is_sqlite(url: URL) -> bool:
    return url.get_backend_name() == "sqlite"


def _durable_sqlite(connection: Any, _record: object) -> None:
    """Every acknowledged commit survives a power cut: WAL, synced at each commit."""
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    """Writers take the lock at once, so that two never both believe they may go on."""
    write = connection.get_execution_options().get("write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _reason(error: DBAPIError) -> str:
    return str(error.orig).strip().splitlines()[0]


@contextmanager
def _plain_errors() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        raise StoreError("The store's database refused", got=_reason(error)) from error


def sqlite_url(file: Path) -> URL:
    """Return the URL of an SQLite file."""
    return URL.create("sqlite", database=str(file))
