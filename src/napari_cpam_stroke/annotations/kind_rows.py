"""What cases teach for being of their kind, beside the list of cases: told anew when enough others were read."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from math import isclose
from typing import Any

from sqlalchemy import case, delete, func, or_, select, update
from sqlalchemy.orm import Session

from napari_cpam_stroke.annotations.checksums import TableColumns
from napari_cpam_stroke.annotations.kinds import Kind, Tally, kind_lessons
from napari_cpam_stroke.annotations.lessons import NOTHING_SAID, Lesson, together
from napari_cpam_stroke.annotations.records import STATUSES
from napari_cpam_stroke.annotations.schema import KindRow, ListedRow
from napari_cpam_stroke.annotations.tables import has_table, make_table

TOLD = TableColumns(KindRow)

SAME_SCORE = 1e-9
"""Within this, a score that the database computes is ours."""

ACCEPTED = STATUSES.index("accepted")


def lessons_of_kinds(session: Session, kinds: Collection[str] | None = None) -> dict[str, Lesson]:
    """Return by key what was told of some kinds, or of all; a new one has nothing yet."""
    if not has_table(session, KindRow):
        return {}
    every, column = select(*TOLD.selected), KindRow.__table__.c.kind
    rows = [TOLD.of(row) for row in session.execute(every if kinds is None else every.where(column.in_(kinds)))]
    return {row.kind: Lesson(row.score, lines(row.reasons)) for row in rows}


def untold(session: Session) -> dict[str, Lesson]:
    """Return by key the kinds of which something else is to be told than was."""
    wanted = {kind.key: lesson for kind, lesson in kind_lessons(_tallies(session)).items()}
    told = lessons_of_kinds(session)
    return {key: lesson for key, lesson in wanted.items() if told.get(key, NOTHING_SAID) != lesson}


def tell(session: Session, lessons: dict[str, Lesson]) -> int:
    """Keep what is to be told of kinds, and of all their cases; return how many cases those are."""
    make_table(session, KindRow)
    changed = 0
    for key, lesson in lessons.items():
        session.execute(delete(KindRow).where(KindRow.kind == key))
        session.add(KindRow(kind=key, score=lesson.score, reasons=joined(lesson.reasons)))
        score = 1 - (1 - ListedRow.own) * (1 - lesson.score)
        changed += session.execute(  # type: ignore[attr-defined]
            update(ListedRow).where(ListedRow.kind == key, ListedRow.own >= 0).values(teaches=score)
        ).rowcount
    return changed


def lesson_of(entry: Any, kinds: Mapping[str, Lesson]) -> Lesson:
    """Return what a case of the list teaches, by itself and for being of its kind."""
    return together([Lesson(entry.own, lines(entry.own_reasons)), kinds.get(entry.kind, NOTHING_SAID)])


def stands_right(entry: Any, lesson: Lesson) -> bool:
    """Whether a case stands in the order of what cases teach by what it does teach."""
    return isinstance(entry.teaches, float) and isclose(entry.teaches, lesson.score, abs_tol=SAME_SCORE)


def lines(reasons: str) -> tuple[str, ...]:
    """Return reasons as they are kept, one on a line."""
    return tuple(reasons.splitlines())


def joined(reasons: Collection[str]) -> str:
    """Return reasons as they are kept."""
    return "\n".join(reasons)


def _tallies(session: Session) -> list[Tally]:
    taught = (ListedRow.stage == ACCEPTED) & or_(ListedRow.split.is_(None), ListedRow.split == "train")
    corrected = ListedRow.corrections >= 0
    rows = session.execute(
        select(
            ListedRow.kind,
            func.sum(case((taught, 1), else_=0)),
            func.sum(case((corrected, 1), else_=0)),
            func.sum(case((corrected, ListedRow.corrections), else_=0)),
        ).group_by(ListedRow.kind)
    )
    return [Tally(Kind.of_key(key), taught, read, corrections) for key, taught, read, corrections in rows]
