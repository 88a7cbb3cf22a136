"""A database made anew of the rows that were salvaged, the damaged ones among them as they are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from napari_cpam_stroke.annotations.checksums import covered
from napari_cpam_stroke.annotations.listed_rows import list_all
from napari_cpam_stroke.annotations.location import sqlite_url
from napari_cpam_stroke.annotations.salvage import KINDS, Salvaged
from napari_cpam_stroke.annotations.schema import Base, PatientRow
from napari_cpam_stroke.annotations.tables import make_tables
from napari_cpam_stroke.files import write_beside


def written_anew(file: Path, rows: dict[type[Base], Salvaged]) -> Path:
    """Write a new database beside the old one and return it."""
    new = write_beside(file, b"", durable=True)
    try:
        _fill(new, rows)
    except BaseException:
        new.unlink()
        raise
    return new


def _fill(new: Path, rows: dict[type[Base], Salvaged]) -> None:
    engine = create_engine(sqlite_url(new))
    try:
        with engine.begin() as connection:
            make_tables(connection)
            driver: Any = connection.connection.driver_connection
            for kind in KINDS:
                driver.executemany(_insert(kind), _all_values(rows[kind]))
            if not any(rows[kind].damaged for kind in KINDS if kind is not PatientRow):
                with Session(connection) as session:
                    list_all(session)
                    session.flush()
    finally:
        engine.dispose()


def _insert(kind: type[Base]) -> str:
    names = (*covered(kind), "checksum")
    columns = ", ".join(f'"{name}"' for name in names)
    return f"INSERT OR IGNORE INTO {kind.__tablename__} ({columns}) VALUES ({', '.join('?' * len(names))})"  # noqa: S608


def _all_values(rows: Salvaged) -> Iterator[list[Any]]:
    names = (*covered(rows.kind), "checksum")
    yield from ([getattr(row, name) for name in names] for row in rows.whole.values())
    yield from ([_bound(value) for value in values] for values in rows.damaged)


def _bound(value: Any) -> Any:
    """Return a value as SQLite takes it: text that is none goes in as bytes."""
    if not isinstance(value, str):
        return value
    content = value.encode("utf-8", "surrogateescape")
    return value if content == value.encode("utf-8", "replace") else content
