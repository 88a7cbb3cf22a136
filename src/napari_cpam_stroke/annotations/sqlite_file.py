"""An SQLite database as a file: looked at without a change, copied whole, read from a medium nobody can write to."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

LOG_SUFFIX, JOURNAL_SUFFIX = "-wal", "-journal"
"""Of the files beside a database that hold what was committed last, and what a change that never ended began with."""

READ_ONLY, READ_WRITE, IMMUTABLE = "mode=ro", "mode=rw", "immutable=1"
"""How a file is opened: nothing is written into it; a change that never ended is taken back first; and nobody else
writes either, so that no lock is needed."""


def cannot_be_written(file: Path) -> bool:
    """Whether a database lies where no lock and no log can be made beside it, as on a read-only medium."""
    return file.exists() and not os.access(file.parent, os.W_OK)


def log_of(file: Path) -> Path | None:
    """Return the file without which the database alone is not what was committed last; None where there is none."""
    return _filled(file, LOG_SUFFIX) or _filled(file, JOURNAL_SUFFIX)


def copy_files(source: Path, folder: Path) -> Path:
    """Copy a database and its log as files, whatever is in them; return the copy.

    Raises
    ------
    OSError
        Before anything is copied where it does not fit; a damaged file may say that it is a terabyte.
    """
    files = [file for file in (source, log_of(source)) if file is not None]
    if sum(file.stat().st_size for file in files) > shutil.disk_usage(folder).free:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(source))
    for file in files:
        shutil.copyfile(file, folder / file.name)
    return folder / source.name


def address(file: Path, how: str) -> str:
    """Return what `sqlite3.connect` takes as a URI."""
    return f"{file.resolve().as_uri()}?{how}"


@contextmanager
def looking_into(file: Path) -> Iterator[sqlite3.Connection]:
    """Give a connection that only reads, on any medium; SQLite itself takes back a change that never ended."""
    with TemporaryDirectory(prefix="cpam-store-", ignore_cleanup_errors=True) as folder:
        if not cannot_be_written(file):
            opened = address(file, READ_ONLY if _filled(file, JOURNAL_SUFFIX) is None else READ_WRITE)
        elif log_of(file) is None:
            opened = address(file, IMMUTABLE)
        else:
            opened = address(copy_files(file, Path(folder)), READ_WRITE)
        with closing(sqlite3.connect(opened, uri=True)) as connection:
            yield connection


def copy_sqlite(source: Path, target: Path) -> None:
    """Copy a database as it is at one moment, what is in its log included; the source is only read."""
    with looking_into(source) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)
        new.execute("PRAGMA journal_mode=DELETE")


def _filled(file: Path, suffix: str) -> Path | None:
    beside = file.with_name(file.name + suffix)
    return beside if beside.is_file() and beside.stat().st_size else None
