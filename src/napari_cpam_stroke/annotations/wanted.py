"""Which cases of the list are wanted and in which order, as values and as what a database is asked."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from sqlalchemy import ColumnElement, Select, func, literal, select, tuple_

from napari_cpam_stroke.annotations.listed_rows import STAGES
from napari_cpam_stroke.annotations.queries import contains
from napari_cpam_stroke.annotations.records import STATUSES, Status, one_of
from napari_cpam_stroke.annotations.schema import ListedRow

ListOrder = Literal[
    "id", "added", "slices", "series", "status", "suspicion", "uncertainty", "teaches", "reader", "version"
]
LIST_ORDERS: tuple[ListOrder, ...] = get_args(ListOrder)

COLUMNS: dict[ListOrder, Any] = {
    "id": ListedRow.case_id,
    "added": ListedRow.added,
    "slices": ListedRow.slices,
    "series": ListedRow.series,
    "status": ListedRow.stage,
    "suspicion": ListedRow.suspicion,
    "uncertainty": ListedRow.uncertainty,
    "teaches": ListedRow.teaches,
    "reader": ListedRow.reader,
    "version": ListedRow.version,
}


@dataclass(frozen=True)
class Wanted:
    """Which cases, in which order.

    Attributes
    ----------
    statuses
        Any of these; empty: all.
    assigned
        Only cases assigned to this reader; None: all.
    search
        Words that must all occur in name, source, facts, authors or comments.
    order, descending
        What is equal stands by name, in the same direction.
    """

    statuses: frozenset[Status] = frozenset()
    assigned: str | None = None
    search: str = ""
    order: ListOrder = "added"
    descending: bool = True

    def __post_init__(self) -> None:
        """Refuse words that do not exist."""
        one_of(self.order, LIST_ORDERS, "order")
        for status in self.statuses:
            one_of(status, STATUSES, "status")


def ordered(wanted: Wanted, *, among: Sequence[str] | None = None, backwards: bool = False) -> Select[Any]:
    """Return the names in order, `among` those found already; `backwards`: the other way round."""
    found = filters(wanted) if among is None else [ListedRow.case_id.in_(among)]
    columns = dict.fromkeys((COLUMNS[wanted.order], ListedRow.case_id))
    down = wanted.descending != backwards
    order = (column.desc() if down else column.asc() for column in columns)
    return select(ListedRow.case_id).where(*found).order_by(*order)


def counted(wanted: Wanted) -> Select[Any]:
    """Return how many cases are wanted."""
    return select(func.count()).select_from(ListedRow).where(*filters(wanted))


def beyond(wanted: Wanted, key: object, case_id: str, *, after: bool) -> ColumnElement[bool]:
    """Return the condition for what stands after a case, or before it."""
    place, here = tuple_(COLUMNS[wanted.order], ListedRow.case_id), tuple_(literal(key), literal(case_id))
    return place < here if wanted.descending == after else place > here


def filters(wanted: Wanted) -> list[ColumnElement[bool]]:
    """Return the conditions that all hold for a case that is wanted."""
    found = [contains(ListedRow.words, word) for word in wanted.search.lower().split()]
    if wanted.statuses:
        found.append(in_stages(wanted.statuses))
    if wanted.assigned is not None:
        found.append(ListedRow.assigned == wanted.assigned)
    return found


def in_stages(statuses: Collection[Status]) -> ColumnElement[bool]:
    """Return the condition for some statuses, as a sum: without figures SQLite would search it instead of the order."""
    return (ListedRow.stage + 0).in_(sorted(STAGES[status] for status in statuses))
