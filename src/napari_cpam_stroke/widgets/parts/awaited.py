"""A value that takes a while: made in the background for whoever asks first, and kept for who comes later."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from qtpy.QtCore import QObject

from napari_cpam_stroke.widgets.parts.background import Job

ValueT = TypeVar("ValueT")


class Awaited(Generic[ValueT]):
    """Makes a value once, at the first question; where that fails, the next question tries again.

    Parameters
    ----------
    make
        Called in another thread; it must not touch layers or widgets.
    parent
        Whose work it is.
    failed
        Called with the exception where nothing could be made; who asked is not called.

    Attributes
    ----------
    value
        None as long as nobody asked, or as it is still made.
    """

    def __init__(self, make: Callable[[], ValueT], *, parent: QObject, failed: Callable[[Exception], object]) -> None:
        self._make, self._parent, self._failed = make, parent, failed
        self._waiting: list[Callable[[ValueT], object]] = []
        self._job: Job | None = None
        self.value: ValueT | None = None

    @property
    def under_way(self) -> bool:
        """Whether it is being made."""
        return self._job is not None

    def ask(self, then: Callable[[ValueT], object]) -> None:
        """Call with the value: at once where it is there, else when it is made."""
        if self.value is not None:
            then(self.value)
            return
        self._waiting.append(then)
        if self._job is None:
            self._job = Job(lambda *_: self._make(), self._parent)
            self._job.done.connect(self._answer)
            self._job.failed.connect(self._give_up)

    def forget(self) -> None:
        """Call nobody who waits any more."""
        self._waiting.clear()

    def _answer(self, value: ValueT) -> None:
        self.value, self._job = value, None
        waiting, self._waiting = self._waiting, []
        for then in waiting:
            then(value)

    def _give_up(self, error: Exception) -> None:
        self._job = None
        heard = bool(self._waiting)
        self._waiting.clear()
        if heard:
            self._failed(error)
