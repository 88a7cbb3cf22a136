"""The store behind the room: worklist, saving, drafts; slow parts in the background."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from qtpy.QtCore import QObject, QTimer, Signal

from napari_cpam_stroke.annotations import AnnotationStore, CaseRecord
from napari_cpam_stroke.annotations.recovery import Pending
from napari_cpam_stroke.errors import CpamError, RevisionConflictError
from napari_cpam_stroke.export import CaseFiles, CaseResult, write_case
from napari_cpam_stroke.review import Autosave, CaseReview
from napari_cpam_stroke.widgets.parts.background import Job, sentence

UNREAD = ("new", "predicted", "in_review")
"""Statuses of a case that nobody has decided on."""

MODEL_ORDERS = ("suspicion", "uncertainty")
"""Orders of the worklist that come from a model."""

WORKLIST_LIMIT = 500

RECOVER, DISCARD, LATER = "recover", "discard", "later"
TICK_MS = 2000
"""How often the draft is looked after; with the journal's own pause a crash loses less than ten seconds."""


@dataclass(frozen=True, eq=False)
class Found:
    """What the store and the drafts know of a case."""

    record: CaseRecord
    stored: Any
    autosave: Autosave
    pending: list[Pending]


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
        self._autosave: Autosave | None = None
        self.recovered = False
        self._clock = QTimer(self)
        self._clock.setInterval(TICK_MS)
        self._clock.timeout.connect(self._tick)
        self._clock.start()
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
                self._session.warn(self._problem)
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
            return "recovered, not saved yet" if self.recovered else "unsaved changes"
        if review.revision is not None:
            return f"saved {local_time(review.revision.created)}, version {review.revision.number}"
        return self._problem or "nothing to save yet"

    def register(self, review: CaseReview) -> None:
        """Add the open case to the worklist and fetch its newest revision, in the background."""
        self.case_id = review.volume.case_id
        review.store = self.store()
        if review.store is None:
            return

        def fetch(*_: Any) -> Found:
            record = review.register()
            autosave = Autosave(review)
            return Found(record, review.fetch(), autosave, autosave.pending())

        self._session.start("Looking for earlier readings", fetch, lambda found: self._on_registered(review, found))

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
        wanted = self._filters_of_reader()
        if self._query is not None:
            self._query.cancel()
        self._query = Job(lambda *_: store.cases(**wanted, limit=WORKLIST_LIMIT), self)
        self._query.done.connect(self._on_cases)
        self._query.failed.connect(lambda error: self._session.warn(sentence(error)))

    def _filters_of_reader(self) -> dict[str, Any]:
        """Return the filters; where the first read is blinded, the model's opinion does not show through the order."""
        if self._session.settings.values.blinded and self.filters["order"] in MODEL_ORDERS:
            self._session.said.emit(
                "The first read is blinded: the worklist stands newest first, not as the model has it."
            )
            return {**self.filters, "order": "newest"}
        return dict(self.filters)

    def export(self, folder: Path) -> None:
        """Write SEG, SR, NIfTI, CSV and report of the reading into a folder, in the background."""
        session = self._session
        session.flush()
        review = session.review
        if review is None:
            return
        review.author = session.settings.values.author
        result = CaseResult.of_review(review, prediction=review.prediction)

        def write(*_: Any) -> CaseFiles:
            return write_case(folder, result, table=True)

        def told(done: CaseFiles) -> None:
            names = ", ".join(file.name for file in done.files)
            session.said.emit(" ".join([f"Written to {done.folder}: {names}.", *done.notes]))

        session.start("Exporting", write, told)

    def assign(self, reader: str) -> None:
        """Give the open case to a reader; empty: to nobody."""
        store, case_id = self.store(), self.case_id
        if store is not None and self._session.review is not None:
            Job(lambda *_: store.set_reader(case_id, reader), self).done.connect(lambda _: self.refresh())

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
        if self._autosave is not None:
            self._autosave.discard()

    def keep_draft(self) -> None:
        """Keep unsaved strokes now, whatever the clock says."""
        self._session.flush()
        if self._autosave is not None:
            self._autosave.run(force=True)

    def release(self) -> None:
        """Stop keeping drafts of a case that is closed; one with nothing unsaved leaves none behind."""
        review = self._session.review
        if self._autosave is not None and review is not None and not review.dirty:
            self._autosave.discard()
        self._autosave, self.recovered = None, False

    def shut(self) -> None:
        """Wait for a save that is under way and let the store go."""
        self._clock.stop()
        if self._saving is not None:
            self._saving.wait()
        self.release()
        self._close_store()

    def _tick(self) -> None:
        """Hand unsaved strokes to a worker, a few seconds after they were drawn."""
        job = None if self._autosave is None else self._autosave.job()
        if job is not None:
            Job(lambda *_: job(), self).failed.connect(lambda error: self._session.warn(sentence(error)))

    def _on_registered(self, review: CaseReview, found: Found) -> None:
        session = self._session
        if review is not session.review:
            return
        self.case_id = found.record.case_id
        session.take_up(review, found.stored)
        self._autosave = found.autosave
        for pending in found.pending:
            self._offer(pending)
        self.refresh()

    def _offer(self, pending: Pending) -> None:
        """Ask whether strokes that a crash left behind shall come back."""
        when = local_time(pending.written)
        question = f"Unsaved changes of case {pending.case_id} from {when} ({pending.author}) were found."
        answer = self._session.ask(question, (RECOVER, DISCARD, LATER))
        if answer == DISCARD:
            pending.discard()
        elif answer == RECOVER and self._autosave is not None:
            self._autosave.recover(pending)
            self._session.layers.reread()
            self.recovered = True
            self._session.case_refreshed.emit()
            self.state_changed.emit()

    def _on_failed(self, error: Exception, *, branch: bool) -> None:
        if isinstance(error, RevisionConflictError) and not branch:
            if self._session.ask(f"{error} Keep yours beside it?", ("keep both", "cancel")) == "keep both":
                QTimer.singleShot(0, lambda: self.save(branch=True))
            return
        self._session.warn(sentence(error))

    def _on_saved(self) -> None:
        self.recovered = False
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
