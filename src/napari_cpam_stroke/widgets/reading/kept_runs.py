"""What models found in the open case before, as the store keeps it: one result for each version of a model."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from napari_cpam_stroke.annotations import AnnotationStore, ModelRun
from napari_cpam_stroke.core import CTVolume
from napari_cpam_stroke.errors import StoreError
from napari_cpam_stroke.inference.keeping import keep_prediction, recall_prediction
from napari_cpam_stroke.widgets.parts.background import Job, sentence
from napari_cpam_stroke.widgets.reading.room_store import RoomStore
from napari_cpam_stroke.widgets.reading.state import RoomState

if TYPE_CHECKING:
    from napari_cpam_stroke.inference import Prediction


def newest_prediction(store: AnnotationStore, runs: list[ModelRun], volume: CTVolume) -> tuple[Prediction | None, str]:
    """Return the last result in a case and nothing, or None and the sentence that says why it cannot be shown."""
    if not runs:
        return None, ""
    try:
        return recall_prediction(store, runs[-1], volume), ""
    except StoreError as error:
        return None, sentence(error)


class KeptRuns(QObject):
    """Results of models in the open case.

    Attributes
    ----------
    runs
        Oldest first.

    Signals
    -------
    changed
        A result was kept.
    """

    changed = Signal()

    def __init__(self, state: RoomState, *, store: RoomStore) -> None:
        super().__init__(state)
        self._state, self._store = state, store
        self.runs: list[ModelRun] = []
        self._known = False
        self._waiting: Prediction | None = None
        state.case_opened.connect(self._forget)
        state.case_closed.connect(self._forget)

    def begin(self, runs: list[ModelRun]) -> bool:
        """Take up what the store has of the case just opened; keep what was found meanwhile; return whether it was."""
        self.runs, self._known = runs, True
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            self.keep(waiting)
        return waiting is not None

    def since(self, prediction: Prediction) -> datetime | None:
        """Return when a shown result was kept; None where it is not kept yet."""
        run = self.of(prediction.model.sha256)
        return None if run is None else run.created

    def of(self, sha256: str) -> ModelRun | None:
        """Return the last run of the model with these weights."""
        return next((run for run in reversed(self.runs) if run.model.sha256 == sha256), None)

    def keep(self, prediction: Prediction) -> None:
        """Keep a result with the open case, in the background, once the store knows the case."""
        if not self._known:
            self._waiting = prediction
            return
        store, case_id, review = self._store.open(), self._state.case_id, self._state.review
        if store is None or review is None:
            return

        def kept(run: ModelRun) -> None:
            if review is self._state.review:
                self.runs = [*self.runs, run]
                self.changed.emit()

        job = Job(lambda *_: keep_prediction(store, case_id, prediction), self)
        job.done.connect(kept)
        job.failed.connect(lambda error: self._state.warn(sentence(error)))

    def recall(self, run: ModelRun, show: Callable[[Prediction], object]) -> None:
        """Fetch a kept result of the open case in the background and show it, unless the case has changed meanwhile."""
        store, review = self._store.open(), self._state.review
        if store is None or review is None:
            return

        def fetched(prediction: Prediction) -> None:
            if review is self._state.review:
                show(prediction)

        self._state.start(
            "Fetching the earlier result", lambda *_: recall_prediction(store, run, review.volume), fetched
        )

    def _forget(self) -> None:
        """Another case: what was found in the one before is not its own."""
        self.runs, self._known, self._waiting = [], False, None
