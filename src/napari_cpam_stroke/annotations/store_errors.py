"""What a database or a disk says of a store, as one sentence with a remedy."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from napari_cpam_stroke.annotations.checksums import REMEDY
from napari_cpam_stroke.errors import StoreError

RESTORE = "run `cpam-stroke store repair`, best with what it lacks taken from a backup"

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
"""What to do about what a database or a disk says, by words in it."""


@contextmanager
def plain_errors(what: str = "The store's database refused") -> Iterator[None]:
    """Turn whatever the database raises into one sentence; a damaged file can make it raise anything."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as error:
        reason = _reason(error)
        raise StoreError(what, got=reason, remedy=_remedy_for(reason)) from error
    except (UnicodeError, OverflowError) as error:
        raise StoreError(what, got=str(error), remedy=REMEDY) from error


@contextmanager
def plain_file_errors(what: str) -> Iterator[None]:
    """Turn what the system says of a file into one sentence."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreError(what, got=reason, remedy=_remedy_for(reason)) from error


def _reason(error: SQLAlchemyError | sqlite3.Error) -> str:
    said = str(error.orig if isinstance(error, DBAPIError) else error).strip()
    return said.splitlines()[0] if said else type(error).__name__


def _remedy_for(reason: str) -> str:
    said = reason.lower()
    found = (remedy for words, remedy in REMEDIES if any(word in said for word in words))
    return next(found, REMEDY)
