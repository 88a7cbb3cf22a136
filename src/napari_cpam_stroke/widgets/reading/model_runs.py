"""Running models beside the reading: the newest result is shown, the edited layer is never touched."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, cast

from qtpy.QtCore import QObject, QTimer, Signal

from napari_cpam_stroke.annotations import ModelRun
from napari_cpam_stroke.bundles import Bundle, ModelEntry, Registry
from napari_cpam_stroke.core import CTVolume
from napari_cpam_stroke.core.hounsfield_check import hounsfield_doubts
from napari_cpam_stroke.errors import CpamError
from napari_cpam_stroke.progress import Cancelled, Progress
from napari_cpam_stroke.widgets.parts.background import Job, sentence
from napari_cpam_stroke.widgets.reading.case_list import Worklist
from napari_cpam_stroke.widgets.reading.kept_runs import KeptRuns
from napari_cpam_stroke.widgets.reading.loaded_model import LoadedModel
from napari_cpam_stroke.widgets.reading.state import RoomState

if TYPE_CHECKING:
    from napari_cpam_stroke.inference import Prediction, Predictor

THRESHOLD_SETTLE_MS = 120
NO_TORCH = "Models need torch, which is not installed; reading and correcting work without it"
RUN, CANCEL = "run", "cancel"


class ModelRuns(QObject):
    """The models of one room.

    Attributes
    ----------
    entries, prompted
        The installed models that find by themselves, and those that answer prompts, as looked up last.
    kept
        What models found in the open case and the store keeps.
    last_failure
        Why the last run failed, one sentence; empty where it did not.
    moving
        Operating points the reader moved and that are not applied yet, by class, 0..1.

    Signals
    -------
    started, progressed, ended
        Of a run.
    failed
        One sentence; the work on the case is as it was.
    listed
        The installed models changed or were looked up.
    """

    started = Signal()
    progressed = Signal(int, int)
    ended = Signal()
    failed = Signal(str)
    listed = Signal()

    def __init__(self, state: RoomState, *, worklist: Worklist, kept: KeptRuns) -> None:
        super().__init__(state)
        self._state, self._worklist, self.kept = state, worklist, kept
        self.entries: list[ModelEntry] = []
        self.prompted: list[ModelEntry] = []
        self.last_failure = ""
        self._job: Job | None = None
        self._loaded = LoadedModel()
        self.moving: dict[str, float] = {}
        self._apply = QTimer(self)
        self._apply.setSingleShot(True)
        self._apply.setInterval(THRESHOLD_SETTLE_MS)
        self._apply.timeout.connect(self._apply_thresholds)
        state.settling.connect(self.take_up)

    @property
    def running(self) -> bool:
        """Whether a model runs now."""
        return self._job is not None and self._job.running

    @property
    def prediction(self) -> Prediction | None:
        """The prediction of the open case; None without one, and while it is hidden."""
        review = self._state.review
        return None if review is None else cast("Prediction | None", review.prediction)

    @property
    def hidden(self) -> bool:
        """Whether a blinded reader has not uncovered the prediction yet."""
        review = self._state.review
        return review is not None and review.blinded

    def refresh(self) -> None:
        """Look up the installed models again."""
        try:
            installed = Registry().list()
        except CpamError as error:
            installed = []
            self.fail(error)
        self.entries = [entry for entry in installed if not entry.prompted]
        self.prompted = [entry for entry in installed if entry.prompted]
        self.listed.emit()

    def bundle(self) -> Bundle | None:
        """Return the chosen model's folder and card; None, with a sentence to the reader, where it is gone."""
        try:
            return Registry().resolve(self._state.settings.values.model)
        except CpamError as error:
            self.fail(error)
            return None

    def choose(self, *, ref: str | None = None, device: str | None = None) -> None:
        """Use another model or device for the next run."""
        changes = {key: value for key, value in (("model", ref), ("device", device)) if value}
        self._state.settings.change(**changes)
        if ref and not self.running:
            self._show_earlier()

    def begin(self, runs: list[ModelRun], prediction: Prediction | None) -> None:
        """Show what is kept of the case just opened; run the chosen model where that is wanted and it has not run."""
        review = self._state.review
        fresh = self.kept.begin(runs)
        if review is not None and prediction is not None and not fresh:
            review.set_prediction(prediction)
        if self._state.settings.values.run_on_open and not fresh and self._earlier() is None:
            self.run()

    def run(self, *, wait: bool = False) -> None:
        """Run the chosen model on the open case in the background."""
        review = self._state.review
        if review is None or self.running or not self.allowed():
            return
        volume, load = review.volume, self.loader()

        def task(progress: Progress, cancelled: Cancelled) -> Prediction:
            return load().predict(volume, progress=progress, cancelled=cancelled)

        self.last_failure = ""
        job = self._job = Job(task, self)
        job.progressed.connect(self.progressed)
        job.done.connect(lambda prediction: self._on_done(volume, prediction))
        job.failed.connect(self.fail)
        job.ended.connect(self.ended)
        self.started.emit()
        if wait:
            job.wait()

    def cancel(self) -> None:
        """Stop the run; what was shown before stays."""
        if self._job is not None:
            self._job.cancel()

    def leave(self) -> None:
        """Stop what is under way for the open case, and forget what was said of it."""
        self.cancel()
        self._apply.stop()
        self.moving, self.last_failure = {}, ""

    def take_up(self) -> None:
        """Apply operating points that were moved and wait for the hand to rest."""
        review, before = self._state.review, self.prediction
        if self.moving and review is not None and before is not None:
            self._apply.stop()
            wanted, self.moving = self.moving, {}
            review.set_prediction(before.with_thresholds(wanted))

    def set_threshold(self, name: str, value: float) -> None:
        """Move the operating point of a class; the mask follows without another run."""
        if self.prediction is not None:
            self.moving[name] = value
            self._apply.start()

    def blind(self, *, on: bool) -> None:
        """Hide the AI of cases opened from now on until it is revealed, or show it; the worklist follows."""
        self._state.settings.change(blinded=on)
        self._worklist.refresh()

    def reveal(self) -> None:
        """Uncover the prediction of a blinded read, on purpose; review and store keep the moment."""
        review = self._state.review
        if review is not None:
            self._state.take_up()
            review.reveal()

    def adopt(self) -> None:
        """Copy the AI mask into the reading where the reader has not edited, as one undo step."""
        review, layers = self._state.review, self._state.layers
        if review is None or layers is None or self.prediction is None:
            return
        self._state.take_up()
        review.adopt_prediction(write=layers.apply)
        layers.reread()

    def allowed(self) -> bool:
        """Return whether a model may run on this series here; else say why not."""
        entry, review = self._state.entry, self._state.review
        if importlib.util.find_spec("torch") is None:
            self.fail(CpamError(NO_TORCH))
            return False
        doubts = () if review is None else hounsfield_doubts(review.volume.notices)
        why = "" if entry is None else " ".join(entry.reasons)
        if not why and not doubts:
            return True
        on_request = entry is None or not entry.reasons or entry.ai_on_request
        why = why or " ".join(doubt.sentence for doubt in doubts)
        if on_request and self._state.ask(f"{why} Run the model all the same?", (RUN, CANCEL)) == RUN:
            return True
        self.fail(CpamError(f"The AI stays off for this series: {why.rstrip('.')}"))
        return False

    def loader(self) -> Callable[[], Predictor]:
        """Return what loads the model as it is chosen now, in any thread."""
        chosen = self._state.settings.values
        return partial(self._loaded.get, chosen.model, chosen.device)

    def fail(self, error: BaseException) -> None:
        """Tell the reader why a model gave nothing."""
        self.last_failure = sentence(error)
        self._state.fail(error)
        self.failed.emit(self.last_failure)

    def _on_done(self, volume: CTVolume, prediction: Prediction) -> None:
        review = self._state.review
        if review is None or review.volume is not volume:
            return
        self.moving = {}
        review.set_prediction(prediction)
        self.kept.keep(prediction)

    def _earlier(self) -> ModelRun | None:
        """Return the last run of the chosen model on the open case."""
        bundle = self.bundle() if self.kept.runs else None
        return None if bundle is None else self.kept.of(bundle.card.identity.sha256)

    def _show_earlier(self) -> None:
        """Show what the chosen model found before, where it did and another model's result is on the screen."""
        run, shown, review = self._earlier(), self.prediction, self._state.review
        if run is not None and review is not None and (shown is None or shown.model.sha256 != run.model.sha256):
            self.kept.recall(run, review.set_prediction)

    def _apply_thresholds(self) -> None:
        review, before, wanted = self._state.review, self.prediction, dict(self.moving)
        if review is None or before is None:
            return
        job = Job(lambda *_: before.with_thresholds(wanted), self)

        def show(prediction: Prediction) -> None:
            if review.prediction is before and wanted == self.moving:
                self.moving = {}
                review.set_prediction(prediction)

        job.done.connect(show)
        job.failed.connect(self.fail)
