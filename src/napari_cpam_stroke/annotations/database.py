"""Opening the database behind a store: SQLite made durable, or PostgreSQL; another version is refused untouched."""

from __future__ import annotations

import os
import shlex
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from threading import local
from typing import Any
from weakref import finalize

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, select, text
from sqlalchemy.exc import DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.orm import Session

from napari_cpam_stroke.annotations.checksums import REMEDY, TOLERANT, damaged, is_whole
from napari_cpam_stroke.annotations.schema import SCHEMA_VERSION, Base, InfoRow
from napari_cpam_stroke.annotations.sqlite_file import (
    IMMUTABLE,
    address,
    cannot_be_written,
    copy_files,
    log_of,
    looking_into,
)
from napari_cpam_stroke.annotations.stored_text import checked_text
from napari_cpam_stroke.errors import StoreError
from napari_cpam_stroke.files import settle, write_beside

BUSY_SECONDS = 30
"""How long one writer waits for another."""

CONNECT_SECONDS = 10
"""How long a server may take to answer, unless its address says otherwise (`connect_timeout`)."""

CREATION_LOCK = 771_090
"""Any fixed number: two programs that create the same PostgreSQL store take turns."""

VERSION_KEY = "schema_version"

RESTORE = "run `cpam-stroke store repair`, best with what it lacks taken from a backup"

text_of = partial(str, encoding="utf-8", errors="surrogateescape")
"""Makes text of what is no text any more, so that the row's checksum, not the driver, says so; several times slower."""

REMEDIES = (
    (("full", "no space"), "make space on the disk of the store and save again; nothing that was saved is lost"),
    (("locked", "busy"), "another program is writing; wait for it to end and do it again"),
    (("readonly", "read-only", "permission"), "give the program the right to write there, or use another folder"),
    (("i/o error",), "look at the disk and the network drive, then do it again"),
    (("malformed", "corrupt", "not a database", "no such table", "no such column"), RESTORE),
    (("no equivalent", "encoding"), "make the server's database with the encoding UTF8, and move the store into it"),
    (
        ("connect", "resolve host", "timeout", "server closed", "terminating", "ssl"),
        "see that the database server runs and that the address is right, then do it again",
    ),
)
"""What to do about what a database says, by words in it."""

EARLIER_VERSIONS = ("1", "2")
"""Stores that `migration` brings up to date."""


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
        with plain_errors(), Session(self._engine) as session:
            yield session

    @contextmanager
    def looking(self) -> Iterator[Session]:
        """Give a session that only looks, and loads damaged rows too."""
        with plain_errors(), Session(self._engine) as session, tolerant(session):
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Give a session that holds the write lock and commits when it ends well; then the change is on the disk."""
        current = self._bulk_session()
        if current is not None:
            yield current
            current.flush()
            return
        with plain_errors(), Session(self._writer, expire_on_commit=False) as session, session.begin():
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


@contextmanager
def tolerant(session: Session) -> Iterator[None]:
    """Let a session load damaged rows inside, text that is no text any more included."""
    driver: Any = session.connection().connection.driver_connection
    factory = getattr(driver, "text_factory", None)
    session.info[TOLERANT] = True
    if factory is not None:
        driver.text_factory = text_of
    try:
        yield
    finally:
        session.info.pop(TOLERANT)
        if factory is not None:
            driver.text_factory = factory


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


def _require(engine: Engine, place: str, *, create: bool) -> None:
    if not _is_there(engine, place):
        if not create:
            raise _not_a_store(place)
        _make(engine, place)


def engine_for(url: URL) -> Engine:
    """Return an engine for the address; nothing is connected yet."""
    try:
        if is_sqlite(url):
            return _sqlite_engine(url)
        return _server_engine(url)
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        raise StoreError(
            f"The database driver for {place_of(url)} is not installed",
            got=str(error),
            remedy='install it with: pip install "psycopg[binary]"',
        ) from error


def _server_engine(url: URL) -> Engine:
    how = {"client_encoding": "utf8", "connect_timeout": CONNECT_SECONDS}
    engine = create_engine(url, pool_pre_ping=True, connect_args={k: v for k, v in how.items() if k not in url.query})
    event.listen(engine, "before_cursor_execute", _refuse_unkept)
    return engine


def _refuse_unkept(
    _connection: Connection, _cursor: object, _statement: str, parameters: Any, _context: object, _many: object
) -> None:
    """Refuse what no database keeps in the same words on all of them, also where it is only looked for."""
    if isinstance(parameters, Mapping | tuple):
        for value in parameters.values() if isinstance(parameters, Mapping) else parameters:
            if isinstance(value, str):
                checked_text(value, "text that is looked for or kept", None)


def _sqlite_engine(url: URL) -> Engine:
    file = Path(str(url.database))
    if cannot_be_written(file):
        return _read_only_engine(url, file)
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine, "connect", _durable_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    event.listen(engine, "before_cursor_execute", _refuse_unkept)
    return engine


def _read_only_engine(url: URL, file: Path) -> Engine:
    """Return an engine for a file beside which nothing can be written; its log, if there is one, is read in a copy."""
    copies = None
    if log_of(file) is not None:
        copies = mkdtemp(prefix="cpam-store-")
        file = copy_files(file, Path(copies))
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("PRAGMA journal_mode=DELETE")
    opened = partial(sqlite3.connect, address(file, IMMUTABLE), uri=True, check_same_thread=False)
    engine = create_engine(url, creator=opened)
    event.listen(engine, "begin", _begin_sqlite)
    event.listen(engine, "before_cursor_execute", _refuse_unkept)
    if copies is not None:
        finalize(engine, shutil.rmtree, copies, ignore_errors=True)
    return engine


def place_of(url: URL) -> str:
    """Return where a database lies, as it may be shown."""
    return str(url.database) if is_sqlite(url) else url.render_as_string(hide_password=True)


def check_version(version: str | None, place: str) -> None:
    """Raise `StoreError` unless the store is of the version this program knows."""
    if version == str(SCHEMA_VERSION):
        return
    if version in EARLIER_VERSIONS:
        address = "with its address" if "://" in place else shlex.quote(str(Path(place).parent))
        remedy = f"run: cpam-stroke store migrate {address}; it makes a backup first"
    else:
        remedy = f"if a later program wrote it, install that one; else {REMEDY}"
    raise StoreError(
        f"The store at {place} is of another version",
        got=f"version {version}",
        expected=f"version {SCHEMA_VERSION}",
        remedy=remedy,
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


def version_row() -> InfoRow:
    """Return the row that makes a database a store of this version."""
    return InfoRow(key=VERSION_KEY, value=str(SCHEMA_VERSION))


def _is_there(engine: Engine, place: str) -> bool:
    """Return whether there are the tables of a store of this version; no lock is taken."""
    with engine.begin() as connection:
        tables = set(inspect(connection).get_table_names())
        if InfoRow.__tablename__ not in tables:
            if tables:
                raise _not_a_store(place)
            return False
        check_version(stored_version(connection), place)
        with Session(connection) as session, tolerant(session):
            _check_version_row(session, place)
    return True


def _check_version_row(session: Session, place: str) -> None:
    row = session.scalar(select(InfoRow).where(InfoRow.key == VERSION_KEY))
    if row is None or not is_whole(InfoRow, row):
        raise damaged(f"the version of the store at {place}")


def _make(engine: Engine, place: str) -> None:
    """Make the tables, unless another program did so meanwhile."""
    with engine.execution_options(write=True).begin() as connection:
        _take_turns(connection)
        if not inspect(connection).has_table(InfoRow.__tablename__):
            make_tables(connection)
            return
    check_version(str(SCHEMA_VERSION) if _is_there(engine, place) else None, place)


def _make_file(file: Path) -> None:
    """Make a new SQLite store whole or not at all; another program's that came first stays."""
    with plain_errors(f"The store at {file} cannot be made"), _file_errors(f"The store at {file} cannot be made"):
        unfinished = write_beside(file, b"", durable=True)
        engine = _sqlite_engine(sqlite_url(unfinished))
        try:
            with engine.execution_options(write=True).begin() as connection:
                make_tables(connection)
            engine.dispose()
            settle({file: unfinished}, durable=True, existing="keep")
        finally:
            engine.dispose()
            for rest in file.parent.glob(f"{unfinished.name}*"):
                rest.unlink(missing_ok=True)


def make_tables(connection: Connection) -> None:
    """Make all tables of a store; its version is written last."""
    Base.metadata.create_all(connection)
    with Session(connection) as session:
        session.add(version_row())
        session.flush()


def stored_version(connection: Connection) -> str | None:
    """Return what a store says its version is."""
    found: str | None = connection.execute(
        text("SELECT value FROM store_info WHERE key = :key"), {"key": VERSION_KEY}
    ).scalar_one_or_none()
    return found


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
                raise _not_a_store(str(file))
            _check_looked_at(connection, file)
    except (sqlite3.Error, UnicodeError, OSError) as error:
        raise StoreError(
            f"The store at {file} cannot be read", got=str(error), remedy=f"if it is a store: {RESTORE}"
        ) from error


def _check_looked_at(connection: sqlite3.Connection, file: Path) -> None:
    stored = connection.execute("SELECT value FROM store_info WHERE key = ?", (VERSION_KEY,)).fetchone()
    columns = {row[1] for row in connection.execute("PRAGMA table_info(store_info)")}
    version = None if stored is None else str(stored[0])
    if version in EARLIER_VERSIONS and InfoRow.checksum.key in columns:
        raise damaged(f"the version of the store at {file}")
    check_version(version, str(file))


def _not_a_store(place: str) -> StoreError:
    return StoreError(
        f"The database at {place} is not an annotation store", remedy="give the folder of a store, or a new folder"
    )


def is_sqlite(url: URL) -> bool:
    """Whether the address is a file."""
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


def _reason(error: SQLAlchemyError | sqlite3.Error) -> str:
    said = str(error.orig if isinstance(error, DBAPIError) else error).strip()
    return said.splitlines()[0] if said else type(error).__name__


def remedy_for(reason: str) -> str:
    """Return what to do about what the database said."""
    said = reason.lower()
    found = (remedy for words, remedy in REMEDIES if any(word in said for word in words))
    return next(found, REMEDY)


@contextmanager
def plain_errors(what: str = "The store's database refused") -> Iterator[None]:
    """Turn whatever the database raises into one sentence; a damaged file can make it raise anything."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as error:
        reason = _reason(error)
        raise StoreError(what, got=reason, remedy=remedy_for(reason)) from error
    except (UnicodeError, OverflowError) as error:
        raise StoreError(what, got=str(error), remedy=REMEDY) from error


@contextmanager
def _file_errors(what: str) -> Iterator[None]:
    """Turn what the system says of a file into one sentence."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreError(what, got=reason, remedy=remedy_for(reason)) from error


def sqlite_url(file: Path) -> URL:
    """Return the URL of an SQLite file."""
    return URL.create("sqlite", database=str(file))
