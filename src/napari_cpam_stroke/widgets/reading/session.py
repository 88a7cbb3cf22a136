"""One reading per viewer: opens a case, ties review, layers, tools, models and records together, tells the docks.

For scripts (the demo uses these): `room.open_room(viewer)` gives a `ReviewSession`; then
`session.open_path(path, wait=True)`, `session.models.run(wait=True)`, `session.records.save(wait=True)`,
`session.view.set_preset("stroke")`, `session.go_to_slice(12)`, `session.close_case()`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, ref

from qtpy.QtCore import QObject, QTimer, Signal

from napari_cpam_stroke.annotations import Rejection
from napari_cpam_stroke.annotations.records import Reason
from napari_cpam_stroke.config import WINDOW_PRESETS, Window
from napari_cpam_stroke.core import CTVolume, Lesion
from napari_cpam_stroke.review import CaseReview
from napari_cpam_stroke.widgets.parts.background import Job, Task, sentence
from napari_cpam_stroke.widgets.parts.text_window import TextWindow
from napari_cpam_stroke.widgets.reading.case_keeping import Records
from napari_cpam_stroke.widgets.reading.model_runs import ModelRunner
from napari_cpam_stroke.widgets.reading.opening import Opener
from napari_cpam_stroke.widgets.reading.settings import SettingsFile
from napari_cpam_stroke.widgets.viewer import compat
from napari_cpam_stroke.widgets.viewer.comparisons import Asides
from napari_cpam_stroke.widgets.viewer.layers import CaseLayers
from napari_cpam_stroke.widgets.viewer.tools import Tools
from napari_cpam_stroke.widgets.viewer.view import ViewControl

if TYPE_CHECKING:
    from napari_cpam_stroke.dicom import SeriesEntry

SETTLE_MS = 200
"""After the last stroke, before derived values (tables, volumes, labels) are worked out again."""

KEYS_SIZE = (860, 400)
SAVE, DISCARD, CANCEL = "save", "discard", "cancel"
Ask = Callable[[str, tuple[str, ...]], str]


class ReviewSession(QObject):
    """State of the reading room in one viewer.

    Attributes
    ----------
    review
        The open case, or None.
    entry
        The DICOM series it was read from; None for a case of the store.
    ask
        Called with a question and the possible answers; returns one of them. Without a window: the first.
    """

    case_opened = Signal()
    case_closed = Signal()
    case_refreshed = Signal()
    slice_changed = Signal(int)
    mask_changed = Signal()
    labels_changed = Signal()
    prediction_changed = Signal()
    state_changed = Signal()
    said = Signal(str)
    folder_wanted = Signal()
    reason_wanted = Signal()
    export_wanted = Signal()
    job_changed = Signal(str, int, int)

    def __init__(self, viewer: Any, settings: SettingsFile | None = None) -> None:
        super().__init__()
        self._viewer_ref = ref(viewer)
        self.settings = settings or SettingsFile()
        self.review: CaseReview | None = None
        self.layers: CaseLayers | None = None
        self.entry: SeriesEntry | None = None
        self.opener = Opener(self)
        self.view = ViewControl(viewer, self)
        self.asides = Asides(self)
        self.tools = Tools(self)
        self.records = Records(self)
        self.models = ModelRunner(self)
        self.ask: Ask = lambda _question, answers: answers[0]
        self.main_window: Callable[[], Any] = lambda: None
        self.keys_window: TextWindow | None = None
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(SETTLE_MS)
        self._settle.timeout.connect(self.flush)
        self._remember()
        self.tools.said.connect(self.said)
        self.said.connect(self._show_status)

    @property
    def viewer(self) -> Any:
        """The viewer, or None once it is gone."""
        return self._viewer_ref()

    def open_path(self, path: Path | str, *, wait: bool = False) -> None:
        """Open the series that a folder, DICOMDIR, zip or file proposes."""
        self.opener.open_path(Path(path))
        if wait:
            self.wait()

    def open_case(self, case_id: str, *, wait: bool = False) -> None:
        """Open a case of the worklist."""
        self.opener.open_case(case_id)
        if wait:
            self.wait()

    def show(self, volume: CTVolume, *, entry: SeriesEntry | None = None, header: Window | None = None) -> None:
        """Put a volume on the screen and, in the background, fetch what is known of it."""
        before = self._leave()
        self.entry, self.view.header_window = entry, header
        values = self.settings.values
        self.review = CaseReview(volume, author=values.author, blinded=values.blinded)
        self._attach(self.review, before)
        self.case_opened.emit()
        self.records.register(self.review)
        if values.run_on_open:
            self.models.run()

    def take_up(self, review: CaseReview, stored: Any) -> None:
        """Show the newest stored revision, unless the reader has begun to draw meanwhile."""
        if review is not self.review or self.layers is None:
            return
        self.flush()
        if stored is None or review.dirty:
            self.state_changed.emit()
            return
        review.show(stored)
        self.layers.reread()
        self.case_refreshed.emit()

    def close_case(self, *, ask: bool = True) -> bool:
        """Take the case away; return False where the reader wants to stay."""
        if ask and not self.may_leave():
            return False
        layers = self._leave()
        if layers is not None:
            layers.remove()
            self.case_closed.emit()
        return True

    def may_leave(self) -> bool:
        """Ask what to do with unsaved work; return whether the case may be left."""
        self.flush()
        if self.review is None or not self.review.dirty:
            return True
        answer = self.ask(f"Case {self.review.case_id} has unsaved changes.", (SAVE, DISCARD, CANCEL))
        if answer == SAVE:
            return self.records.save(wait=True)
        if answer == DISCARD:
            self.records.forget_draft()
        return answer == DISCARD

    def flush(self) -> None:
        """Take every stroke drawn so far into the review."""
        self._settle.stop()
        if self.review is None or self.layers is None:
            return
        changed = self.layers.changed_slices()
        if changed:
            self.review.touch(changed)

    def go_to_slice(self, z: int) -> None:
        """Show one native slice."""
        if self.layers is not None:
            self.layers.go_to_slice(z)

    def go_to(self, zyx: tuple[float, float, float]) -> None:
        """Show the planes through a native index."""
        if self.layers is not None:
            self.layers.go_to(zyx)

    def next_finding(self, step: int) -> None:
        """Go to the next (1) or previous (-1) slice towards the head with a finding of the reading or the shown AI."""
        found = None if self.layers is None else self.layers.next_marked(step)
        if found is None:
            self.said.emit("No further slice with a finding.")
        else:
            self.go_to_slice(found)

    def reject_finding(self, lesion: Lesion, reason: Reason) -> None:
        """Turn a finding down: the reason is kept, the reading loses the finding as one undo step."""
        if self.review is not None and self.layers is not None:
            self.flush()
            self.layers.apply(self.review.reject_finding(lesion, reason))
            self.flush()

    def withdraw(self, rejection: Rejection) -> None:
        """Take a rejection back; what it erased comes back with undo."""
        if self.review is not None:
            self.review.withdraw_rejection(rejection)

    def restore(self, stored: Any) -> None:
        """Bring a stored version back into the reading, as one undo step."""
        if self.layers is not None:
            self.layers.replace(dict(enumerate(stored.annotation.mask)))
            self.flush()
            self.said.emit(f"Version {stored.revision.number} is back in the reading; save to keep it.")

    def show_keys(self) -> None:
        """Show the list of keys; the window stays usable."""
        from napari_cpam_stroke.widgets.reading.keys import keys_text

        if self.keys_window is None:
            self.keys_window = TextWindow(self.main_window(), title="Keys of the reading room", size=KEYS_SIZE)
        self.keys_window.show_html(keys_text())

    def warn(self, text: str) -> None:
        """Tell the reader in the docks and in napari's notifications."""
        from napari.utils.notifications import show_warning

        self.said.emit(text)
        show_warning(text)

    def wait(self) -> None:
        """Keep the window alive until everything under way has ended."""
        while True:
            running = [job for job in self.findChildren(Job) if job.running]
            if not running:
                return
            running[0].wait()

    def cursor(self) -> tuple[int, int, int] | None:
        """Return the native voxel under the mouse."""
        if self.layers is None or self.viewer is None:
            return None
        return self.layers.index_at(self.viewer.cursor.position)

    def shut(self) -> None:
        """Let go of everything once the window is gone; unsaved strokes stay in the draft."""
        self.opener.cancel()
        self.models.cancel()
        self._settle.stop()
        self.records.shut()
        if self.review is not None:
            for signal, slot in self._signals(self.review):
                signal.disconnect(slot)
        self.review = self.layers = None
        viewer = self.viewer
        if viewer is not None:
            _SESSIONS.pop(viewer, None)

    def start(self, text: str, task: Task, done: Callable[[Any], None]) -> Job:
        """Run a task beside opening and models, with its progress in the docks."""
        job = Job(task, self)
        job.done.connect(done)
        job.failed.connect(lambda error: self.warn(sentence(error)))
        job.progressed.connect(lambda n, of: self.job_changed.emit(text, n, of))
        job.ended.connect(lambda: self.job_changed.emit("", 0, 0))
        self.job_changed.emit(text, 0, 0)
        return job

    def _remember(self) -> None:
        """Begin with what the reader chose last time, and keep what is chosen from now on."""
        values = self.settings.values
        self.view.window = WINDOW_PRESETS.get(values.window, self.view.window)
        self.tools.limit(limited=values.brush_limited, hu_range=values.brush_hu)
        names = {window: name for name, window in WINDOW_PRESETS.items()}
        self.view.window_changed.connect(lambda w: w in names and self.settings.change(window=names[w]))

    def _leave(self) -> CaseLayers | None:
        """Let go of the open case; return its layers, which are still on the screen."""
        review, layers = self.review, self.layers
        if review is None or layers is None:
            return None
        self.models.cancel()
        self.records.release()
        self._settle.stop()
        for part in (self.tools, self.asides, self.view):
            part.detach()
        for signal, slot in self._signals(review):
            signal.disconnect(slot)
        self._unwatch(layers)
        self.layers = self.review = None
        return layers

    def _attach(self, review: CaseReview, before: CaseLayers | None) -> None:
        volume = review.volume
        self.layers = CaseLayers(self.viewer, volume, review.reading, self.view.window, reuse=before)
        for signal, slot in self._signals(review):
            signal.connect(slot)
        self.view.attach(self.layers, title=f"Case {volume.case_id}", warnings=volume.warnings)
        self.layers.reading.opacity = self.settings.values.mask_opacity
        self.view.set_style(self.settings.values.mask_style)
        self.tools.attach(self.layers, self.cursor)
        self.asides.attach(self.layers)
        self.layers.reading.events.paint.connect(self._on_paint)
        self.layers.reading.events.set_data.connect(self._on_refresh)
        self.viewer.dims.events.current_step.connect(self._on_step)

    def _unwatch(self, layers: CaseLayers) -> None:
        layers.reading.events.paint.disconnect(self._on_paint)
        layers.reading.events.set_data.disconnect(self._on_refresh)
        self.viewer.dims.events.current_step.disconnect(self._on_step)

    def _signals(self, review: CaseReview) -> list[tuple[Any, Callable[..., None]]]:
        return [
            (review.changed_mask, self._on_mask),
            (review.changed_labels, self._on_labels),
            (review.changed_prediction, self._on_prediction),
            (review.changed_facts, self._on_state),
            (review.dirty_changed, self._on_state),
            (review.saved, self._on_state),
        ]

    def _on_paint(self, _: Any = None) -> None:
        self._settle.start()

    def _on_refresh(self, _: Any = None) -> None:
        if self.layers is not None and self.layers.undone():
            self._settle.start()

    def _on_mask(self, *_: Any) -> None:
        self.mask_changed.emit()

    def _on_labels(self, *_: Any) -> None:
        self.labels_changed.emit()

    def _on_state(self, *_: Any) -> None:
        self.state_changed.emit()

    def _on_prediction(self, *_: Any) -> None:
        if self.layers is not None and self.review is not None:
            self.models.show_on(self.layers)
        self.prediction_changed.emit()

    def _on_step(self, _: Any = None) -> None:
        if self.layers is not None:
            self.slice_changed.emit(self.layers.slice_index)

    def _show_status(self, text: str) -> None:
        if self.viewer is not None:
            self.viewer.status = text


_SESSIONS: WeakKeyDictionary[Any, ReviewSession] = WeakKeyDictionary()


def session_of(viewer: Any) -> ReviewSession:
    """Return the session of a viewer, made at the first call."""
    own = compat.unwrapped(viewer)
    if own not in _SESSIONS:
        _SESSIONS[own] = ReviewSession(own)
    return _SESSIONS[own]


def session_with(case_id: str) -> ReviewSession | None:
    """Return the session that has a case open, or None."""
    return next((s for s in _SESSIONS.values() if s.review is not None and s.review.volume.case_id == case_id), None)
