"""Which version a store is of; any but that of this program is refused."""

from __future__ import annotations

import shlex
import sqlite3
from pathlib import Path

from sqlalchemy import Connection, select, text
from sqlalchemy.orm import Session

from napari_cpam_stroke.annotations.checksums import REMEDY, damaged, is_whole
from napari_cpam_stroke.annotations.schema import SCHEMA_VERSION, InfoRow
from napari_cpam_stroke.errors import StoreError

VERSION_KEY = "schema_version"

EARLIER_VERSIONS = ("1", "2")
"""Stores that `migration` brings up to date."""

FIND_VERSION = "SELECT value FROM store_info WHERE key = :key"


def version_row() -> InfoRow:
    """Return the row that makes a database a store of this version."""
    return InfoRow(key=VERSION_KEY, value=str(SCHEMA_VERSION))


def stored_version(connection: Connection) -> str | None:
    """Return what a store says its version is."""
    found: str | None = connection.execute(text(FIND_VERSION), {"key": VERSION_KEY}).scalar_one_or_none()
    return found


def version_in_file(connection: sqlite3.Connection) -> str | None:
    """Return what an SQLite file that is only looked into says its version is."""
    found = connection.execute(FIND_VERSION, {"key": VERSION_KEY}).fetchone()
    return None if found is None else str(found[0])


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


def check_file_version(connection: sqlite3.Connection, place: str) -> None:
    """Raise `StoreError` unless a file that is only looked into is a store of this version."""
    version = version_in_file(connection)
    columns = {row[1] for row in connection.execute("PRAGMA table_info(store_info)")}
    if version in EARLIER_VERSIONS and InfoRow.checksum.key in columns:
        raise damaged_version(place)
    check_version(version, place)


def check_version_row(session: Session, place: str) -> None:
    """Raise `StoreError` unless the row of the version is whole; the session must load damaged rows too."""
    row = session.scalar(select(InfoRow).where(InfoRow.key == VERSION_KEY))
    if row is None or not is_whole(InfoRow, row):
        raise damaged_version(place)


def damaged_version(place: str) -> StoreError:
    """Return the error for a store whose version is not as it was written."""
    return damaged(f"the version of the store at {place}")


def not_a_store(place: str) -> StoreError:
    """Return the error for a database that has no version of a store."""
    return StoreError(
        f"The database at {place} is not an annotation store",
        remedy="give the folder or the address of a store, or a new folder",
    )
