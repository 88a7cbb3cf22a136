"""The worklist of the store: which cases, in which order, and the next one that nobody has read."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict, Unpack

from qtpy.QtCore import QObject, Signal

from napari_cpam_stroke.annotations import AnnotationStore, CaseRecord
from napari_cpam_stroke.widgets.parts.background import Job
from napari_cpam_stroke.widgets.reading.room_store import RoomStore
from napari_cpam_stroke.widgets.reading.state import RoomState

if TYPE_CHECKING:
    from napari_cpam_stroke.annotations.queries import Order
    from napari_cpam_stroke.annotations.records import Status
    from napari_cpam_stroke.inference import Prediction

UNREAD = ("new", "predicted", "in_review")
"""Statuses of a case that nobody has decided on."""

MODEL_ORDERS = ("suspicion", "uncertainty")
"""Orders of the worklist that come from a model."""

WORKLIST_LIMIT = 500

BLINDED_ORDER = "The first read is blinded: the worklist stands newest first, not as the model has it."
NO_FURTHER = "No further unread case in the worklist."


class Filters(TypedDict, total=False):
    """What the reader wants to see of the store; None and an empty search leave nothing out."""

    status: Status | None
    search: str
    order: Order
    reader: str | None


class Worklist(QObject):
    """The cases of the store, as last asked for.

    Attributes
    ----------
    cases
        In the order shown, at most `WORKLIST_LIMIT`.
    total
        How many there are with those that are not shown.

    Signals
    -------
    changed
        list of CaseRecord.
    """

    changed = Signal(object)

    def __init__(self, state: RoomState, *, store: RoomStore) -> None:
        super().__init__(state)
        self._state, self._store = state, store
        self._query: Job | None = None
        self.filters: Filters = {"status": None, "search": "", "order": "newest"}
        self.cases: list[CaseRecord] = []
        self.total = 0

    def refresh(self, **filters: Unpack[Filters]) -> None:
        """Ask the store again, with other filters from now on where some are given."""
        self.filters.update(filters)
        if self._query is not None:
            self._query.cancel()
        store = self._store.open()
        if store is None:
            self._on_cases([], 0)
            return
        wanted = self._filters_of_reader()
        self._query = Job(lambda *_: _asked(store, wanted), self)
        self._query.done.connect(lambda found: self._on_cases(*found))
        self._query.failed.connect(self._state.fail)

    def begin_again(self) -> None:
        """Forget the cases of the store before, and ask the one in use."""
        self._state.case_id = ""
        self._on_cases([], 0)
        self.refresh()

    def open_next(self, step: int = 1) -> None:
        """Open the next (1) or previous (-1) unread case."""
        unread = [case.case_id for case in self.cases if case.status in UNREAD]
        names = [case.case_id for case in self.cases]
        here = names.index(self._state.case_id) if self._state.case_id in names else -1
        ahead = names[here + 1 :] if step > 0 else names[: max(here, 0)][::-1]
        wanted = next((name for name in ahead if name in unread), None)
        if wanted is None:
            self._state.said.emit(NO_FURTHER if self.whole else f"{NO_FURTHER[:-1]} as shown: {self.shown}.")
        else:
            self._state.case_wanted.emit(wanted)

    @property
    def whole(self) -> bool:
        """Whether every case that fits the filters is shown."""
        return len(self.cases) >= self.total

    @property
    def shown(self) -> str:
        """How many of how many cases are shown, in words."""
        return f"{len(self.cases):,} of {self.total:,} cases"

    def assign(self, reader: str) -> None:
        """Give the open case to a reader; empty: to nobody."""
        store, case_id = self._store.open(), self._state.case_id
        if store is not None and self._state.review is not None:
            Job(lambda *_: store.set_reader(case_id, reader), self).done.connect(lambda _: self.refresh())

    def note_prediction(self, prediction: Prediction) -> None:
        """Keep the series probabilities of the open case for the order."""
        store, case_id = self._store.open(), self._state.case_id
        if store is None or self._state.review is None:
            return
        found, model = prediction.series_probabilities, prediction.model
        job = Job(lambda *_: store.record_prediction(case_id, found, model), self)
        job.done.connect(lambda _: self.refresh())

    def _filters_of_reader(self) -> Filters:
        """Return the filters; where the first read is blinded, the model's opinion does not show through the order."""
        if self._state.settings.values.blinded and self.filters["order"] in MODEL_ORDERS:
            self._state.said.emit(BLINDED_ORDER)
            return {**self.filters, "order": "newest"}
        return {**self.filters}

    def _on_cases(self, cases: list[CaseRecord], total: int) -> None:
        self.cases, self.total = cases, total
        self.changed.emit(cases)


def _asked(store: AnnotationStore, wanted: Filters) -> tuple[list[CaseRecord], int]:
    """Return the first cases that fit the filters, and how many do."""
    cases = store.cases(**wanted, limit=WORKLIST_LIMIT)
    if len(cases) < WORKLIST_LIMIT:
        return cases, len(cases)
    return cases, store.count_cases(status=wanted["status"], search=wanted["search"], reader=wanted.get("reader"))
