"""What can still be read of a damaged database, row by row, without asking any index."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Boolean

from napari_cpam_stroke.annotations.checksums import covered, digest_of
from napari_cpam_stroke.annotations.mending import mended
from napari_cpam_stroke.annotations.schema import Base, CaseRow, OpinionRow, PatientRow, RevisionRow, RunRow
from napari_cpam_stroke.annotations.sqlite_file import looking_into
from napari_cpam_stroke.annotations.stored_text import text_of

KINDS: tuple[type[Base], ...] = (PatientRow, CaseRow, OpinionRow, RevisionRow, RunRow)
"""What is read; all else of a store is made of it."""

Row = tuple[Any, ...]


@dataclass
class Salvaged:
    """The rows of one table, by their key.

    Attributes
    ----------
    whole
        As they were written.
    damaged
        As they are.
    mended
        How many of those that are whole were mended.
    """

    kind: type[Base]
    whole: dict[Any, Any] = field(default_factory=dict)
    damaged: list[Row] = field(default_factory=list)
    mended: int = 0


def salvaged(file: Path) -> dict[type[Base], Salvaged]:
    """Read the tables of a file; one flipped bit in a row is set right on the way."""
    with looking_into(file) as connection:
        connection.text_factory = text_of
        return {kind: _sorted_out(kind, _scanned(connection, kind)) for kind in KINDS}


def _scanned(connection: sqlite3.Connection, kind: type[Base]) -> Iterable[Row]:
    """Read a table from both ends, each as far as the file can be read."""
    names = ", ".join(f'"{name}"' for name in (*covered(kind), "checksum"))
    found: dict[int, Row] = {}
    for direction in ("ASC", "DESC"):
        try:
            for number, *values in connection.execute(
                f"SELECT rowid, {names} FROM {kind.__tablename__} NOT INDEXED ORDER BY rowid {direction}"  # noqa: S608
            ):
                found.setdefault(number, _plain(kind, values))
        except (sqlite3.Error, UnicodeError):
            continue
    return found.values()


def _plain(kind: type[Base], values: list[Any]) -> Row:
    columns = kind.__table__.columns
    return tuple(
        bool(value) if isinstance(column.type, Boolean) and value in (0, 1) else value
        for column, value in zip(columns, values, strict=True)
    )


def _sorted_out(kind: type[Base], found: Iterable[Row]) -> Salvaged:
    rows = Salvaged(kind)
    for values in found:
        whole = digest_of(kind, values[:-1]) == values[-1]
        right = values if whole else mended(kind, values)
        if right is None:
            rows.damaged.append(values)
        else:
            rows.mended += not whole
            row = SimpleNamespace(**dict(zip((*covered(kind), "checksum"), right, strict=True)))
            rows.whole[_key(kind, row)] = row
    return rows


def _key(kind: type[Base], row: Any) -> Any:
    (key,) = kind.__table__.primary_key
    return getattr(row, key.name)
