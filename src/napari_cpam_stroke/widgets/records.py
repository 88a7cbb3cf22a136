"""The store behind the room: worklist, saving, drafts; slow parts in the background."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from qtpy.QtCore import QObject, QTimer, Signal

from napari_cpam_stroke.annotations import AnnotationStore, CaseRecord
from napari_cpam_stroke.errors import CpamError, RevisionConflictError
from napari_cpam_stroke.review import CaseReview
from napari_cpam_stroke.widgets.jobs import Job, sentence

UNREAD = ("new", "predicted", "in_review")
WORKLIST_LIMIT = 500


class Records(QObject):
    """What is kept of one session's cases.

    Signals
    -------
    worklist_changed
        list of CaseRecord.
    state_changed
        The text of `state` changed.
    """

    worklist_changed = Signal(object)
    state_changed = Signal()

    def __init__(self, session: Any) -> None:
        super().__init__(session)
        self._session = session
        self._store: AnnotationStore | None = None
        self._problem = ""
        self._saving: Job | None = None
        self._query: Job | None = None
        self.filters: dict[str, Any] = {"status": None, "search": "", "order": "newest"}
        self.cases: list[CaseRecord] = []
        self.case_id = ""
        session.state_changed.connect(self.state_changed)

    def store(self) -> AnnotationStore | None:
        """Return the open store; None, with a sentence to the reader, where it cannot be opened."""
        if self._store is None:
            try:
                self._store = AnnotationStore.open(self._session.settings.values.store_location)
                self._problem = ""
            except CpamError as error:
                self._problem = str(error)
                self._session.said.emit(self._problem)
        return self._store

    def move(self, location: str) -> None:
        """Use another store from now on."""
        self._session.settings.change(store=location)
        self._close_store()
        self.refresh()

    @property
    def state(self) -> str:
        """What is saved, in words."""
        review = self._session.review
        if review is None:
            return "no case open"
        if self.saving:
            return "saving..."
        if review.dirty:
            return "unsaved changes"
        if review.revision is not None:
            return f"saved {local_time(review.revision.created)}, version {review.revision.number}"
        return self._problem or "nothing to save yet"

    def register(self, review: CaseReview) -> None:
        """Add the open case to the worklist and fetch its newest revision, in the background."""
        self.case_id = review.volume.case_id
        review.store = self.store()
        if review.store is None:
            return

        def fetch(*_: Any) -> Any:
            return review.register(), review.fetch()

        self._session.start("Looking for earlier readings", fetch, lambda found: self._on_registered(review, *found))

    @property
    def saving(self) -> bool:
        """Whether a version is being written now."""
        return self._saving is not None and self._saving.running

    def save(self, *, wait: bool = False, branch: bool = False) -> bool:
        """Keep a version; with `wait`, return whether it is on the disk."""
        session = self._session
        session.flush()
        review = session.review
        if review is None or self.saving or self.store() is None:
            return False
        review.store, review.author = self._store, session.settings.values.author
        draft = review.draft()
        job = self._saving = Job(lambda *_: review.commit(draft, branch=branch), self)
        kept: list[bool] = []
        job.done.connect(lambda done: kept.append(bool(review.finish(done))))
        job.failed.connect(lambda error: self._on_failed(error, branch=branch))
        job.ended.connect(self._on_saved)
        self.state_changed.emit()
        if wait:
            job.wait()
        return bool(kept)

    def finish(self, status: str, *, go_on: bool = True) -> bool:
        """Give the case a status, save, and open the next unread one."""
        review = self._session.review
        if review is None:
            return False
        review.status = status
        done = self.save(wait=True)
        if done and go_on:
            self.open_next()
        return done

    def open_next(self, step: int = 1) -> None:
        """Open the next (1) or previous (-1) unread case of the worklist."""
        unread = [case.case_id for case in self.cases if case.status in UNREAD]
        names = [case.case_id for case in self.cases]
        here = names.index(self.case_id) if self.case_id in names else -1
        ahead = names[here + 1 :] if step > 0 else names[: max(here, 0)][::-1]
        wanted = next((name for name in ahead if name in unread), None)
        if wanted is None:
            self._session.said.emit("No further unread case in the worklist.")
        else:
            self._session.open_case(wanted)

    def refresh(self, **filters: Any) -> None:
        """Ask the store for the worklist again."""
        self.filters.update(filters)
        store = self.store()
        if store is None:
            return
        wanted = dict(self.filters)
        if self._query is not None:
            self._query.cancel()
        self._query = Job(lambda *_: store.cases(**wanted, limit=WORKLIST_LIMIT), self)
        self._query.done.connect(self._on_cases)
        self._query.failed.connect(lambda error: self._session.said.emit(sentence(error)))

    def note_prediction(self, prediction: Any) -> None:
        """Keep the series probabilities for the worklist's order."""
        store, review = self.store(), self._session.review
        if store is None or review is None:
            return
        case_id = self.case_id

        def note(*_: Any) -> None:
            store.record_prediction(case_id, prediction.series_probabilities, prediction.model)

        job = Job(note, self)
        job.done.connect(lambda _: self.refresh())

    def forget_draft(self) -> None:
        """Throw the draft of the open case away."""

    def shut(self) -> None:
        """Wait for a save that is under way and let the store go."""
        if self._saving is not None:
            self._saving.wait()
        self._close_store()

    def _on_registered(self, review: CaseReview, record: CaseRecord, stored: Any) -> None:
        if review is self._session.review:
            self.case_id = record.case_id
        self._session.take_up(review, stored)
        self.refresh()

    def _on_failed(self, error: Exception, *, branch: bool) -> None:
        if isinstance(error, RevisionConflictError) and not branch:
            if self._session.ask(f"{error} Keep yours beside it as a branch?") == "save":
                QTimer.singleShot(0, lambda: self.save(branch=True))
            return
        self._session.said.emit(sentence(error))

    def _on_saved(self) -> None:
        self.state_changed.emit()
        self.refresh()

    def _on_cases(self, cases: list[Any]) -> None:
        self.cases = cases
        self.worklist_changed.emit(cases)

    def _close_store(self) -> None:
        if self._store is not None:
            self._store.close()
            self._store = None


def local_time(moment: datetime) -> str:
    """Return hours and minutes where the reader sits; with the day where it is not today."""
    here = moment.astimezone()
    return here.strftime("%H:%M" if here.date() == datetime.now().astimezone().date() else "%d %b %H:%M")
