"""Running models beside the reading: the newest result is shown, the edited layer is never touched."""

from __future__ import annotations

import importlib.util
from collections.abc import Generator
from typing import Any

from qtpy.QtCore import QObject, QTimer, Signal

from napari_cpam_stroke.bundles import Bundle, Registry
from napari_cpam_stroke.errors import CpamError
from napari_cpam_stroke.widgets.parts.background import Cancelled, Job, Progress, sentence
from napari_cpam_stroke.widgets.reading.torch_loading import keep_triton_out, load_torch_libraries
from napari_cpam_stroke.widgets.viewer.comparisons import ATTENTION
from napari_cpam_stroke.widgets.viewer.layers import CaseLayers

SHORT_SHA = 7
THRESHOLD_SETTLE_MS = 120
NO_TORCH = "Models need torch, which is not installed; reading and correcting work without it"
STILL_HIDDEN = "What the model attends to stays hidden until you reveal the AI"
RUN, CANCEL = "run", "cancel"
LEFT_BUTTON = 1


class ModelRunner(QObject):
    """The models of one session.

    Signals
    -------
    started, progressed, ended
        Of a run.
    failed
        One sentence; the work on the case is as it was.
    listed
        The installed models changed or were looked up.
    explaining_changed
        Whether a click asks for attention.
    """

    started = Signal()
    progressed = Signal(int, int)
    ended = Signal()
    failed = Signal(str)
    listed = Signal()
    explaining_changed = Signal(bool)

    def __init__(self, session: Any) -> None:
        super().__init__(session)
        self._session = session
        self.entries: list[Any] = []
        self.last_failure = ""
        self.explaining = False
        self._job: Job | None = None
        self._predictor: tuple[tuple[str, str, str], Any] | None = None
        self.moving: dict[str, float] = {}
        self._apply = QTimer(self)
        self._apply.setSingleShot(True)
        self._apply.setInterval(THRESHOLD_SETTLE_MS)
        self._apply.timeout.connect(self._apply_thresholds)

    @property
    def running(self) -> bool:
        """Whether a model runs now."""
        return self._job is not None and self._job.running

    @property
    def prediction(self) -> Any:
        """The prediction of the open case, or None."""
        review = self._session.review
        return None if review is None else review.prediction

    @property
    def hidden(self) -> bool:
        """Whether a blinded reader has not uncovered the prediction yet."""
        review = self._session.review
        return review is not None and bool(review.blinded)

    def refresh(self) -> None:
        """Look up the installed models again."""
        try:
            self.entries = Registry().list()
        except CpamError as error:
            self.entries = []
            self._fail(error)
        self.listed.emit()

    def bundle(self) -> Bundle | None:
        """Return the chosen model's folder and card; None, with a sentence to the reader, where it is gone."""
        try:
            return Registry().resolve(self._session.settings.values.model)
        except CpamError as error:
            self._fail(error)
            return None

    def choose(self, *, ref: str | None = None, device: str | None = None) -> None:
        """Use another model or device for the next run."""
        changes = {key: value for key, value in (("model", ref), ("device", device)) if value}
        self._session.settings.change(**changes)

    def run(self, *, wait: bool = False) -> None:
        """Run the chosen model on the open case in the background."""
        review = self._session.review
        if review is None or self.running or not self._allowed():
            return
        volume, settings = review.volume, self._session.settings.values

        def task(progress: Progress, cancelled: Cancelled) -> Any:
            predictor = self._load(settings.model, settings.device)
            return predictor.predict(volume, progress=progress, cancelled=cancelled)

        self.last_failure = ""
        job = self._job = Job(task, self)
        job.progressed.connect(self.progressed)
        job.done.connect(lambda prediction: self._on_done(volume, prediction))
        job.failed.connect(self._fail)
        job.ended.connect(self.ended)
        self.started.emit()
        if wait:
            job.wait()

    def cancel(self) -> None:
        """Stop the run; what was shown before stays."""
        if self._job is not None:
            self._job.cancel()

    def set_threshold(self, name: str, value: float) -> None:
        """Move the operating point of a class; the mask follows without another run."""
        if self.prediction is not None:
            self.moving[name] = value
            self._apply.start()

    def explain(self, voxel: tuple[int, int, int]) -> None:
        """Show which parts of the slice the patch under a voxel attends to."""
        session, settings = self._session, self._session.settings.values
        layers = session.layers
        if layers is None or not self._allowed():
            return
        if self.hidden:
            self._fail(CpamError(STILL_HIDDEN))
            return

        def task(*_: Any) -> Any:
            predictor = self._load(settings.model, settings.device)
            from napari_cpam_stroke.inference import attention_at

            levels = getattr(predictor.model, "attention_levels", ()) or (0,)
            return attention_at(predictor, layers.volume, voxel, level=min(levels))

        job = Job(task, self)
        job.done.connect(lambda found: layers is session.layers and session.asides.show_attention(found, voxel[0]))
        job.failed.connect(self._fail)

    def explain_on_click(self, *, on: bool) -> None:
        """Let clicks on the picture ask for attention, or not any more."""
        callbacks = self._session.viewer.mouse_drag_callbacks
        self.explaining = on
        if on and self._on_click not in callbacks:
            callbacks.append(self._on_click)
        elif not on:
            if self._on_click in callbacks:
                callbacks.remove(self._on_click)
            self._session.asides.hide(ATTENTION)
        self.explaining_changed.emit(on)

    def blind(self, *, on: bool) -> None:
        """Hide the AI of cases opened from now on until it is revealed, or show it; the worklist follows."""
        self._session.settings.change(blinded=on)
        self._session.records.refresh()

    def reveal(self) -> None:
        """Uncover the prediction of a blinded read, on purpose; review and store keep the moment."""
        session = self._session
        if session.review is None:
            return
        session.flush()
        session.review.reveal()

    def adopt(self) -> None:
        """Copy the AI mask into the reading where the reader has not edited, as one undo step."""
        session = self._session
        if session.review is None or session.layers is None or self.prediction is None:
            return
        session.flush()
        session.review.adopt_prediction(write=session.layers.apply)
        session.layers.reread()

    def show_on(self, layers: CaseLayers) -> None:
        """Bring the AI layer up to date."""
        prediction = self.prediction
        layers.set_prediction(None if prediction is None else prediction.mask)
        layers.ai.visible = prediction is not None

    def _on_click(self, _: Any, event: Any) -> Generator[None, None, None]:
        yield
        if event.type == "mouse_move" or event.button != LEFT_BUTTON:
            return
        voxel = self._session.cursor()
        if voxel is not None:
            self.explain(voxel)

    def _allowed(self) -> bool:
        """Whether a model may run on this series here; else say why not."""
        entry = self._session.entry
        if importlib.util.find_spec("torch") is None:
            self._fail(CpamError(NO_TORCH))
            return False
        if entry is None or entry.verdict == "ready":
            return True
        why = " ".join(entry.reasons)
        if entry.ai_on_request and self._session.ask(f"{why} Run the model all the same?", (RUN, CANCEL)) == RUN:
            return True
        self._fail(CpamError(f"The AI stays off for this series: {why.rstrip('.')}"))
        return False

    def _load(self, ref: str, device: str) -> Any:
        load_torch_libraries()
        from napari_cpam_stroke.inference import Predictor

        key = (ref, device, Registry().resolve(ref).card.weights_sha256)
        if self._predictor is None or self._predictor[0] != key:
            keep_triton_out()
            self._predictor = (key, Predictor.load(ref, device=device))
        return self._predictor[1]

    def _on_done(self, volume: Any, prediction: Any) -> None:
        review = self._session.review
        if review is None or review.volume is not volume:
            return
        self.moving = {}
        review.set_prediction(prediction)
        self._session.records.note_prediction(prediction)

    def _apply_thresholds(self) -> None:
        review, wanted = self._session.review, dict(self.moving)
        if review is None or review.prediction is None:
            return
        before = review.prediction
        job = Job(lambda *_: before.with_thresholds(wanted), self)

        def show(prediction: Any) -> None:
            if review.prediction is before and wanted == self.moving:
                self.moving = {}
                review.set_prediction(prediction)

        job.done.connect(show)
        job.failed.connect(self._fail)

    def _fail(self, error: BaseException) -> None:
        self.last_failure = sentence(error)
        self.failed.emit(self.last_failure)


def model_line(model: Any, device: str = "") -> str:
    """Return model, version, weights and device as one short line."""
    where = f", {device}" if device else ""
    return f"{model.name} {model.version} ({model.sha256[:SHORT_SHA]}){where}"
