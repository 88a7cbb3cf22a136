"""The worklist of the store: every case of it, in which order, and the next one that nobody has read."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypedDict, Unpack

from qtpy.QtCore import QObject, Signal

from napari_cpam_stroke.annotations import AnnotationStore, Answer, ListedCase, Wanted
from napari_cpam_stroke.widgets.parts.background import Job
from napari_cpam_stroke.widgets.reading.room_store import RoomStore
from napari_cpam_stroke.widgets.reading.state import RoomState

if TYPE_CHECKING:
    from napari_cpam_stroke.annotations import CaseRecord
    from napari_cpam_stroke.annotations.records import Status
    from napari_cpam_stroke.annotations.wanted import ListOrder

UNREAD: tuple[Status, ...] = ("new", "predicted", "in_review")
"""Statuses of a case that nobody has decided on."""

MODEL_ORDERS = ("suspicion", "uncertainty", "teaches")
"""Orders of the worklist that come from a model."""

DOWNWARDS = ("added", "slices", "suspicion", "uncertainty", "teaches", "version")
"""Orders that begin with the highest, or the newest, unless told otherwise."""

PAGE = 50
"""Cases fetched at once; more than a dock shows on a usual screen."""

MOST_PAGES = 100
"""Pages kept in memory."""

BLINDED_ORDER = "The first read is blinded: the worklist stands newest first, not as the model has it."
NO_FURTHER = "No further unread case in the worklist."


class Filters(TypedDict, total=False):
    """What the reader wants to see of the store; None and an empty search leave nothing out."""

    status: Status | None
    search: str
    order: ListOrder
    descending: bool
    reader: str | None


class Worklist(QObject):
    """All cases that fit the filters. Only those that are looked at are fetched, in the background.

    Attributes
    ----------
    total
        How many there are.
    known
        Whether the store has answered; until then the answer before is shown.
    marked
        Name of the case that the list shall show as the current one.
    place
        Where that case stands, from 0; None where it is not in the list.

    Signals
    -------
    changed
        The list is another one.
    sought
        The place of the case that was to be found.
    fetched
        Rows came in: the first, and the one after the last.
    """

    changed = Signal()
    sought = Signal(int)
    fetched = Signal(int, int)

    def __init__(self, state: RoomState, *, store: RoomStore) -> None:
        super().__init__(state)
        self._state, self._store = state, store
        self.filters: Filters = {"status": None, "search": "", "order": "added", "descending": True, "reader": None}
        self.total, self.known, self.marked = 0, False, ""
        self.place: int | None = None
        self._pages: dict[int, tuple[ListedCase, ...]] = {}
        self._asking: Job | None = None
        self._fetching: Job | None = None
        self._wished: list[int] = []
        self._top, self._seeking = 0, False
        self._current: AnnotationStore | None = None

    @property
    def cases(self) -> list[CaseRecord]:
        """The cases fetched so far, in order."""
        return [listed.case for page in sorted(self._pages) for listed in self._pages[page]]

    @property
    def blinded_order(self) -> bool:
        """Whether the order asked for would tell a blinded reader the model's opinion."""
        return self._state.settings.values.blinded and self.filters["order"] in MODEL_ORDERS

    @property
    def order(self) -> tuple[ListOrder, bool]:
        """The order the list stands in, and whether it begins with the highest."""
        return ("added", True) if self.blinded_order else (self.filters["order"], self.filters["descending"])

    def refresh(self, **filters: Unpack[Filters]) -> None:
        """Ask the store again, with other filters from now on where some are given; the list then begins at its top."""
        if filters:
            order = filters.get("order")
            if order is not None:
                filters.setdefault("descending", order in DOWNWARDS)
            self.filters.update(filters)
            self._top, self._seeking = 0, False
        for job in (self._asking, self._fetching):
            if job is not None:
                job.cancel()
        if self.blinded_order:
            self._state.said.emit(BLINDED_ORDER)
        store = self._store.open()
        if store is None:
            self._on_answer(Answer(0, 0, ()), None)
            return
        wanted, marked, first = self._wanted(), self.marked, None if self._seeking else self._top
        self._asking = Job(lambda *_: _asked(store, wanted, first, marked), self)
        self._asking.done.connect(lambda found: self._on_answer(*found, of=marked))
        self._asking.failed.connect(self._state.fail)
        if store is not self._current:
            self._current = store
            self._catch_up(store, lambda: store.listing.bring_up_to_date() + store.listing.weigh())
        elif self.order[0] == "teaches" and not {"status", "search", "reader"} & filters.keys():
            self._catch_up(store, store.listing.weigh)

    def begin_again(self) -> None:
        """Forget the cases of the store before, and ask the one in use."""
        self._state.case_id = self.marked = ""
        self._top = 0
        self._on_answer(Answer(0, 0, ()), None)
        self.known = False
        self.refresh()

    def row(self, place: int) -> ListedCase | None:
        """Return the case at a place, from 0; None where it has to be fetched, which begins now."""
        page, within = divmod(place, PAGE)
        found = self._pages.get(page)
        if found is None:
            self._wish(page)
            return None
        return found[within] if within < len(found) else None

    def look_at(self, place: int) -> None:
        """Say which place is the first that the reader sees: from there the list is asked for again."""
        self._top = place // PAGE * PAGE

    def mark(self, place: int) -> None:
        """Take the case at a place for the current one; it stays so wherever it stands in a later answer."""
        listed = self.row(place)
        if listed is not None:
            self.marked, self.place = listed.case.case_id, place

    def find(self, case_id: str) -> None:
        """Take a case for the current one wherever it is, and show where; empty: none."""
        if case_id == self.marked:
            return
        self.marked, self.place = case_id, self._known_place(case_id)
        self._seeking = bool(case_id) and self.place is None
        self.changed.emit()
        if self._seeking:
            self.refresh()
        elif self.place is not None:
            self.sought.emit(self.place)

    def open_next(self, step: int = 1) -> None:
        """Open the next (1) or previous (-1) unread case."""
        store, here = self._store.open(), self._state.case_id
        if store is None:
            return
        wanted = self._wanted()
        job = Job(lambda *_: store.listing.next_case(wanted, here, statuses=UNREAD, step=step), self)
        job.done.connect(self._on_next)
        job.failed.connect(self._state.fail)

    def assign(self, reader: str) -> None:
        """Give the open case to a reader; empty: to nobody."""
        store, case_id = self._store.open(), self._state.case_id
        if store is not None and self._state.review is not None:
            Job(lambda *_: store.set_reader(case_id, reader), self).done.connect(lambda _: self.refresh())

    def _wanted(self) -> Wanted:
        """Return what to ask the store for."""
        status, (order, descending) = self.filters["status"], self.order
        statuses = frozenset() if status is None else frozenset({status})
        return Wanted(statuses, self.filters["reader"], self.filters["search"], order, descending)

    def _known_place(self, case_id: str) -> int | None:
        """Return where a case stands among those fetched."""
        for page, rows in self._pages.items():
            for within, listed in enumerate(rows):
                if listed.case.case_id == case_id:
                    return page * PAGE + within
        return None

    def _wish(self, page: int) -> None:
        """Fetch a page once nothing else is on its way; of pages that were passed by only the last ones."""
        if page not in self._wished:
            self._wished = [*self._wished[-1:], page]
            self._fetch()

    def _fetch(self) -> None:
        store, busy = self._current, any(job is not None and job.running for job in (self._asking, self._fetching))
        if busy or store is None or not self._wished:
            return
        page, wanted, total = self._wished.pop(), self._wanted(), self.total
        self._fetching = Job(lambda *_: store.listing.ask(wanted, first=page * PAGE, limit=PAGE, total=total), self)
        self._fetching.done.connect(self._on_page)
        self._fetching.failed.connect(self._state.fail)
        self._fetching.ended.connect(self._fetch)

    def _on_page(self, answer: Answer) -> None:
        self._keep(answer)
        self.fetched.emit(answer.first, answer.first + len(answer.cases))

    def _on_answer(self, answer: Answer, place: int | None, *, of: str = "") -> None:
        """Show an answer; `place` is where the case `of` stands, which need not be the marked one any more."""
        place = place if of == self.marked else None
        self.total, self.place, self.known = answer.total, place, True
        self._pages.clear()
        self._wished.clear()
        self._keep(answer)
        self.changed.emit()
        seeking, self._seeking = self._seeking, False
        if seeking and place is not None:
            self.sought.emit(place)

    def _keep(self, answer: Answer) -> None:
        self._pages[answer.first // PAGE] = answer.cases
        while len(self._pages) > MOST_PAGES:
            del self._pages[next(iter(self._pages))]

    def _on_next(self, case_id: str | None) -> None:
        if case_id is None:
            self._state.said.emit(NO_FURTHER)
        else:
            self._state.case_wanted.emit(case_id)

    def _catch_up(self, store: AnnotationStore, work: Callable[[], int]) -> None:
        """List what other programs left unlisted, or weigh what was read since, behind the answer that is shown."""

        def found(number: int) -> None:
            if number and store is self._current:
                self.refresh()

        job = Job(lambda *_: work(), self)
        job.done.connect(found)
        job.failed.connect(self._state.fail)


def _asked(store: AnnotationStore, wanted: Wanted, first: int | None, marked: str) -> tuple[Answer, int | None]:
    """Return rows of the list and the place of the marked case.

    `first` None: the rows around that case. Where the list ends before, its last rows.
    """
    place = store.listing.place(wanted, marked) if marked else None
    if first is None:
        first = (place or 0) // PAGE * PAGE
    answer = store.listing.ask(wanted, first=first, limit=PAGE)
    if not answer.cases and answer.total:
        last = (answer.total - 1) // PAGE * PAGE
        answer = store.listing.ask(wanted, first=last, limit=PAGE, total=answer.total)
    return answer, place
