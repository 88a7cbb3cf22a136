"""The checksum of every row: which columns it covers, how it is made, and that no row is handed out without it.

It covers all columns of a table before itself, by their names, so that a new column is covered without a word here;
what stands after it is compared with the others. It is written whenever a row is added or changed, and verified
whenever one is loaded; a session of `tolerant` alone may look at damaged ones. A case's row also holds the sum over the
checksums of its revisions, and that of its model runs: one that is removed, the last of a branch too, leaves a gap.
"""

from __future__ import annotations

import json
from collections import namedtuple
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from hashlib import blake2b
from operator import attrgetter
from typing import Any

from sqlalchemy import Boolean, Float, Integer, event
from sqlalchemy.orm import Session, object_session

from napari_cpam_stroke.annotations.schema import CHECKSUM_LENGTH, Base
from napari_cpam_stroke.annotations.stored_text import checked_text
from napari_cpam_stroke.errors import StoreError

NOTHING_HELD = "0" * CHECKSUM_LENGTH
"""The sum over no rows."""

NO_SUM = 1 << 4 * CHECKSUM_LENGTH
"""Sums are kept modulo this, the first that has too many digits."""

TOLERANT = "tolerant"
"""In `Session.info`: damaged rows are loaded too, for whoever looks for them."""

REMEDY = "run `cpam-stroke store check` to see all that is damaged, and `cpam-stroke store repair` to mend it"


class TableColumns:
    """All columns of one table within the result rows of a statement: faster than mapped classes where rows are many.

    Attributes
    ----------
    selected
        What the statement has to select, from place `first` on.
    end
        The place after them.
    """

    def __init__(self, kind: type[Base], *, first: int = 0) -> None:
        self.selected = tuple(kind.__table__.columns)
        self.end = first + len(self.selected)
        self.kind, self._place, self._covered = kind, slice(first, self.end), len(covered(kind))
        self._named: Any = namedtuple(kind.__name__, [column.key for column in self.selected])  # type: ignore[misc]  # noqa: PYI024
        _, _, self._begun = _covered(kind)

    def of(self, row: Any) -> Any:
        """Return a result row's part of this table, its values by name.

        Raises
        ------
        StoreError
            Unless it is as it was written.
        """
        named = self._named(*row[self._place])
        if not self._is_whole(named):
            raise damaged(row_name(self.kind, named))
        return named

    def whole_of(self, rows: Iterable[Any]) -> list[Any]:
        """Return this table's part of those result rows in which it is as it was written."""
        return [named for row in rows if self._is_whole(named := self._named(*row[self._place]))]

    def _is_whole(self, values: tuple[Any, ...]) -> bool:
        return bool(_digest(self._begun, tuple(values[: self._covered])) == values[self._covered])


def covered(kind: type[Base]) -> tuple[str, ...]:
    """Return the columns that the checksum of a table's rows covers, in its order."""
    return _covered(kind)[0]


def checksum_of(kind: type[Base], row: Any) -> str:
    """Return the checksum that a row, or anything with the columns of its table, should have.

    It is the hex blake2b of the table's name, the names of the columns, and their values as Python writes them in
    ASCII. What the database can only hold when it is damaged, such as bytes where text belongs, has another one.
    """
    return digest_of(kind, _covered(kind)[1](row))


def digest_of(kind: type[Base], values: Sequence[Any]) -> str:
    """Return the checksum for the values of all columns that it covers, in their order."""
    return _digest(_covered(kind)[2], tuple(values))


def is_whole(kind: type[Base], row: Any) -> bool:
    """Whether a row is as it was written."""
    return bool(checksum_of(kind, row) == row.checksum)


def require_whole(kind: type[Base], row: Any) -> None:
    """Raise `StoreError` unless a row is as it was written."""
    if not is_whole(kind, row):
        raise damaged(row_name(kind, row))


def damaged(what: str) -> StoreError:
    """Return the error for a row that cannot be handed out."""
    return StoreError(f"{what[0].upper()}{what[1:]} is damaged in the store's database", remedy=REMEDY)


def row_name(kind: type[Base], row: Any) -> str:
    """Name a row by its table and the value that tells it from the others of it, as far as it can be read."""
    (key,) = kind.__table__.primary_key
    return f"the {kind.WHAT} {getattr(row, key.name)!s:.100}"


def with_one_more(held: str, checksum: str) -> str:
    """Return the sum over checksums with one more, in whatever order they came."""
    return sum_of((held, checksum))


def sum_of(checksums: Iterable[str]) -> str:
    """Return the sum over checksums."""
    return f"{sum(int(checksum, 16) for checksum in checksums) % NO_SUM:0{CHECKSUM_LENGTH}x}"


def require_all(case_id: str, held: str, checksums: Iterable[str], what: str) -> None:
    """Raise `StoreError` unless the checksums of the rows that were found of a case are those of all it has."""
    if sum_of(checksums) != held:
        raise StoreError(f"Some of the {what} of case {case_id} are missing in the store's database", remedy=REMEDY)


def seal(row: Base) -> None:
    """Give a row its checksum, after its defaults and in the types that the database will give back.

    Raises
    ------
    StoreError
        If a text cannot be kept by every database.
    """
    kind = type(row)
    for name, as_stored in _writers(kind).items():
        setattr(row, name, as_stored(getattr(row, name)))
    row.checksum = checksum_of(kind, row)


def _digest(begun: Any, values: Sequence[Any]) -> str:
    digest = begun.copy()
    digest.update(ascii(values).encode())
    found: str = digest.hexdigest()
    return found


@cache
def _covered(kind: type[Base]) -> tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]], Any]:
    columns: list[str] = kind.__table__.columns.keys()
    names = tuple(columns[: columns.index("checksum")])
    return names, attrgetter(*names), blake2b(json.dumps([kind.__tablename__, *names]).encode(), digest_size=16)


@cache
def _writers(kind: type[Base]) -> dict[str, Callable[[Any], Any]]:
    return {column.key: _writer(kind, column) for column in kind.__table__.columns if column.key != "checksum"}


def _writer(kind: type[Base], column: Any) -> Callable[[Any], Any]:
    """Return what turns a value into the one that the database will give back."""
    default = column.default.arg if column.default is not None else None
    plain = _plain_type(kind, column)

    def as_stored(value: Any) -> Any:
        value = default if value is None else value
        return None if value is None else plain(value)

    return as_stored


def _plain_type(kind: type[Base], column: Any) -> Callable[[Any], Any]:
    for stored, plain in ((Boolean, bool), (Integer, int), (Float, _plain_float)):
        if isinstance(column.type, stored):
            return plain
    return lambda value: checked_text(value, f"{column.key} of a {kind.WHAT}".replace("_", " "), column.type.length)


def _plain_float(value: float) -> float:
    """Return a number with no sign before its zero, which SQLite does not keep."""
    return float(value) + 0.0


def _on_write(_mapper: object, _connection: object, row: Base) -> None:
    seal(row)


def _on_load(row: Base, context: Any, *_attributes: object) -> None:
    session: Session | None = getattr(context, "session", None) or object_session(row)
    if session is None or not session.info.get(TOLERANT):
        require_whole(type(row), row)


for _moment in ("before_insert", "before_update"):
    event.listen(Base, _moment, _on_write, propagate=True)
for _moment in ("load", "refresh"):
    event.listen(Base, _moment, _on_load, propagate=True)
