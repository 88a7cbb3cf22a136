"""Keeping the open case: registered once, saved as versions, exported; slow parts in the background."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from qtpy.QtCore import QObject, QTimer, Signal

from napari_cpam_stroke.annotations import CaseRecord, ModelRun, Pending
from napari_cpam_stroke.errors import RevisionConflictError
from napari_cpam_stroke.export import CaseFiles, CaseResult, write_case
from napari_cpam_stroke.review import Autosave, CaseReview
from napari_cpam_stroke.review.draft import Stored
from napari_cpam_stroke.widgets.parts.background import Job
from napari_cpam_stroke.widgets.reading.case_doubts import doubts
from napari_cpam_stroke.widgets.reading.case_list import Worklist
from napari_cpam_stroke.widgets.reading.drafts import Drafts
from napari_cpam_stroke.widgets.reading.kept_runs import newest_prediction
from napari_cpam_stroke.widgets.reading.moments import local_time
from napari_cpam_stroke.widgets.reading.room_store import RoomStore
from napari_cpam_stroke.widgets.reading.state import RoomState

if TYPE_CHECKING:
    from napari_cpam_stroke.annotations.records import Status
    from napari_cpam_stroke.inference import Prediction

KEEP_BOTH, GO_BACK = "keep both", "cancel"


@dataclass(frozen=True, eq=False)
class Registered:
    """What the store and the drafts know of a case.

    Attributes
    ----------
    runs, prediction
        What models found in it, and the last of these results; None where `problem` says why it cannot be shown.
    """

    record: CaseRecord
    stored: Stored | None
    autosave: Autosave
    pending: list[Pending]
    runs: list[ModelRun]
    prediction: Prediction | None
    problem: str


class CaseKeeping(QObject):
    """What is kept of the open case.

    Parameters
    ----------
    may_leave
        Asked before another store is used; False where the reader wants to stay with the open case.

    Signals
    -------
    state_changed
        The text of `state` changed.
    known
        The runs and the last prediction that the store has of the case just opened; none without a store.
    moved
        Another store is in use now.
    """

    state_changed = Signal()
    known = Signal(list, object)
    moved = Signal()

    def __init__(
        self,
        state: RoomState,
        *,
        store: RoomStore,
        worklist: Worklist,
        drafts: Drafts,
        may_leave: Callable[[], bool],
    ) -> None:
        super().__init__(state)
        self._may_leave = may_leave
        self._state, self._store, self._worklist, self._drafts = state, store, worklist, drafts
        self._looking: Job | None = None
        self._saving: Job | None = None
        state.state_changed.connect(self.state_changed)
        drafts.recovered_changed.connect(self.state_changed)

    def move(self, location: str, *, ask: bool = True) -> bool:
        """Use another store from now on; return False where the reader stays, or it cannot be opened.

        Parameters
        ----------
        location
            A folder or an address; empty: the program's own folder.
        ask
            Ask about unsaved work, and before a store is made where there is none.
        """
        if (ask and not self._may_leave()) or not self._store.move(location, ask=ask):
            return False
        self._worklist.begin_again()
        self.moved.emit()
        return True

    @property
    def state(self) -> str:
        """What is saved, in words."""
        review = self._state.review
        if review is None:
            return "no case open"
        if self.saving:
            return "saving..."
        if review.dirty:
            return "recovered, not saved yet" if self._drafts.recovered else "unsaved changes"
        if review.revision is not None:
            return f"saved {local_time(review.revision.created)}, version {review.revision.number}"
        return self._store.problem or "nothing to save yet"

    def register(self, review: CaseReview) -> None:
        """Add the open case to the worklist and fetch its newest revision, in the background."""
        self._state.case_id = review.volume.case_id
        review.store = self._store.open()
        store = review.store
        if store is None:
            self.known.emit([], None)
            return

        def fetch(*_: object) -> Registered:
            record = review.register()
            autosave = Autosave(review)
            runs = store.runs(record.case_id)
            prediction, problem = newest_prediction(store, runs, review.volume)
            return Registered(record, review.fetch(), autosave, autosave.pending(), runs, prediction, problem)

        self._looking = self._state.start(
            "Looking for earlier readings", fetch, lambda found: self._on_registered(review, found)
        )

    @property
    def saving(self) -> bool:
        """Whether a version is being written now."""
        return self._saving is not None and self._saving.running

    def wait(self) -> None:
        """Keep the window alive until earlier readings are there, and a version that is being written is kept."""
        for job in (self._looking, self._saving):
            if job is not None and job.running:
                job.wait()

    def save(self, *, wait: bool = False, branch: bool = False) -> bool:
        """Keep a version on top of what is known of the case; with `wait`, return whether it is on the disk."""
        if wait or not self.saving:
            self.wait()
        self._state.take_up()
        review = self._state.review
        if review is None or self.saving:
            return False
        store = self._store.open()
        if store is None:
            return False
        review.store, review.author = store, self._state.settings.values.author
        draft = review.draft()
        job = self._saving = Job(lambda *_: review.commit(draft, branch=branch), self)
        kept: list[bool] = []
        job.done.connect(lambda done: kept.append(bool(review.finish(done))))
        job.failed.connect(lambda error: self._on_failed(review, error, branch=branch))
        job.ended.connect(self._on_saved)
        self.state_changed.emit()
        if wait:
            job.wait()
        return bool(kept)

    def finish(self, status: Status, *, go_on: bool = True) -> bool:
        """Give the case a status, save, and open the next unread one."""
        self.wait()
        review = self._state.review
        if review is None:
            return False
        review.status = status
        done = self.save(wait=True)
        if done and go_on:
            self._worklist.open_next()
        return done

    def export(self, folder: Path, *, resampled: bool = False, keep_patient: bool = False) -> None:
        """Write SEG, SR, NIfTI, CSV and report of the reading into a folder, in the background.

        Parameters
        ----------
        resampled, keep_patient
            As in `write_case`.
        """
        state = self._state
        state.take_up()
        review = state.review
        if review is None:
            return
        review.author = state.settings.values.author
        result = CaseResult.of_review(review, prediction=cast("Prediction | None", review.prediction))

        def written(done: CaseFiles) -> None:
            names = ", ".join(file.name for file in done.files)
            state.said.emit(" ".join([f"Written to {done.folder}: {names}.", *done.notes]))

        state.start(
            "Exporting",
            lambda *_: write_case(folder, result, table=True, resampled=resampled, keep_patient=keep_patient),
            written,
        )

    def stop(self) -> None:
        """Wait for a save that is under way and let the store go."""
        self.wait()
        self._drafts.stop()
        self._store.close()

    def _on_registered(self, review: CaseReview, found: Registered) -> None:
        if review is not self._state.review:
            return
        self._state.case_id = found.record.case_id
        self._take_up(review, found.stored)
        self._drafts.begin(found.autosave, found.pending)
        self._worklist.refresh()
        for problem in (*doubts(review.volume, found.record), found.problem):
            if problem:
                self._state.warn(problem)
        self.known.emit(found.runs, found.prediction)

    def _take_up(self, review: CaseReview, stored: Stored | None) -> None:
        """Show the newest stored revision, under what the reader has begun meanwhile."""
        if self._state.layers is None:
            return
        self._state.flush()
        if stored is None:
            self._state.state_changed.emit()
            return
        review.show_under(stored) if review.dirty else review.show(stored)
        self._state.layers.begin_again()
        self._state.case_refreshed.emit()

    def _on_failed(self, review: CaseReview, error: Exception, *, branch: bool) -> None:
        if isinstance(error, RevisionConflictError) and not branch:
            if self._state.ask(f"{error} Keep yours beside it?", (KEEP_BOTH, GO_BACK)) == KEEP_BOTH:
                QTimer.singleShot(0, lambda: review is self._state.review and self.save(branch=True))
            return
        self._state.fail(error)

    def _on_saved(self) -> None:
        self._drafts.recovered = False
        self.state_changed.emit()
        self._worklist.refresh()
