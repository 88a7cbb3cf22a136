"""How a database is reached: SQLite made durable or only read, or a PostgreSQL server; the same text is kept by all."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from weakref import finalize

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import NoSuchModuleError

from napari_cpam_stroke.annotations.location import is_sqlite, place_of
from napari_cpam_stroke.annotations.sqlite_file import IMMUTABLE, address, cannot_be_written, copy_files, log_of
from napari_cpam_stroke.annotations.stored_text import checked_text
from napari_cpam_stroke.errors import StoreError

BUSY_SECONDS = 30
"""How long one writer waits for another."""

CONNECT_SECONDS = 10
"""How long a server may take to answer, unless its address says otherwise (`connect_timeout`)."""


def engine_for(url: URL) -> Engine:
    """Return an engine for the address; nothing is connected yet.

    Raises
    ------
    StoreError
        If the driver for that database is not installed.
    """
    try:
        engine = _sqlite_engine(url) if is_sqlite(url) else _server_engine(url)
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        raise StoreError(
            f"The database driver for {place_of(url)} is not installed",
            got=str(error),
            remedy='install it with: pip install "psycopg[binary]"',
        ) from error
    event.listen(engine, "before_cursor_execute", _refuse_unkept)
    return engine


def writing(engine: Engine) -> Engine:
    """Return the same engine for transactions that hold the write lock from their start."""
    return engine.execution_options(write=True)


def _server_engine(url: URL) -> Engine:
    how = {"client_encoding": "utf8", "connect_timeout": CONNECT_SECONDS}
    return create_engine(url, pool_pre_ping=True, connect_args={k: v for k, v in how.items() if k not in url.query})


def _sqlite_engine(url: URL) -> Engine:
    file = Path(str(url.database))
    if cannot_be_written(file):
        engine = _read_only_engine(url, file)
    else:
        engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS})
        event.listen(engine, "connect", _make_durable)
    event.listen(engine, "begin", _begin)
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
    if copies is not None:
        finalize(engine, shutil.rmtree, copies, ignore_errors=True)
    return engine


def _make_durable(connection: Any, _record: object) -> None:
    """Every acknowledged commit survives a power cut: WAL, synced at each commit."""
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    """Writers take the lock at once, so that two never both believe they may go on."""
    write = connection.get_execution_options().get("write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _refuse_unkept(
    _connection: Connection, _cursor: object, _statement: str, parameters: Any, _context: object, _many: object
) -> None:
    """Refuse what no database keeps in the same words on all of them, also where it is only looked for."""
    if isinstance(parameters, Mapping | tuple):
        for value in parameters.values() if isinstance(parameters, Mapping) else parameters:
            if isinstance(value, str):
                checked_text(value, "text that is looked for or kept", None)
