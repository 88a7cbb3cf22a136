"""What a reader states beside the mask: status, difficulty, comment, source of truth, findings turned down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar, overload

from napari_cpam_stroke.annotations import Rejection, Revision
from napari_cpam_stroke.annotations.records import Difficulty, Status, TruthSource, one_of
from napari_cpam_stroke.core import LesionClass

ValueT = TypeVar("ValueT")


@dataclass(frozen=True)
class CaseStatement:
    """What a reader states of the case as a whole; a change makes a new one."""

    status: Status = "new"
    difficulty: Difficulty | None = None
    comment: str = ""
    truth_source: TruthSource | None = None
    rejections: tuple[Rejection, ...] = ()


@dataclass(frozen=True)
class Stated:
    """All that a reader states beside the mask: of slices and series against it, and of the case."""

    slice_overrules: dict[tuple[int, LesionClass], int]
    series_overrules: dict[LesionClass, int]
    case: CaseStatement

    def over(self, earlier: Stated) -> Stated:
        """Return an earlier statement with everything that this one says beyond nothing laid over it."""
        mine, nothing = vars(self.case), vars(CaseStatement())
        said = {name: value for name, value in mine.items() if value != nothing[name]}
        return Stated(
            earlier.slice_overrules | self.slice_overrules,
            earlier.series_overrules | self.series_overrules,
            replace(earlier.case, **said),
        )


class StatedField(Generic[ValueT]):
    """One entry of an object's `statement`, as a property that refuses unknown words.

    The object needs `statement` and `state(name, value)`.
    """

    def __init__(self, doc: str, known: tuple[str, ...] | None = None, what: str = "") -> None:
        self.__doc__ = doc
        self._known, self._what = known, what
        self._name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> StatedField[ValueT]: ...
    @overload
    def __get__(self, instance: object, owner: type) -> ValueT: ...
    def __get__(self, instance: Any, owner: type) -> StatedField[ValueT] | ValueT:
        if instance is None:
            return self
        value: ValueT = getattr(instance.statement, self._name)
        return value

    def __set__(self, instance: Any, value: ValueT) -> None:
        if self._known is not None and value is not None:
            one_of(str(value), self._known, self._what)
        state: Callable[[str, object], None] = instance.state
        state(self._name, value)


def statement_of(revision: Revision) -> CaseStatement:
    """Return what was stated with a revision."""
    return CaseStatement(
        revision.status, revision.difficulty, revision.comment, revision.truth_source, revision.rejections
    )
