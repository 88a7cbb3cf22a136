"""What is open in one viewer, and what every part of the room may ask for. Parts know this, never the session."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar
from weakref import ref

from qtpy.QtCore import QObject, QTimer, Signal

from napari_cpam_stroke.progress import Cancelled, Progress
from napari_cpam_stroke.review import CaseReview
from napari_cpam_stroke.widgets.parts.background import Job, sentence
from napari_cpam_stroke.widgets.parts.turns import Turns
from napari_cpam_stroke.widgets.reading.settings import SettingsFile
from napari_cpam_stroke.widgets.viewer import compat
from napari_cpam_stroke.widgets.viewer.layers import CaseLayers

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from qtpy.QtWidgets import QWidget

    from napari_cpam_stroke.dicom import SeriesEntry

SETTLE_MS = 200
"""After the last stroke, before derived values (tables, volumes, labels) are worked out again."""

Ask = Callable[[str, tuple[str, ...]], str]
Found = TypeVar("Found")


class RoomState(QObject):
    """The open case of one viewer, the signals about it, and the ways to speak to the reader.

    Parameters
    ----------
    viewer
        A napari viewer; kept weakly.
    settings
        Left out: those of the program's own folder.

    Attributes
    ----------
    review
        The open case, or None.
    layers
        What napari shows of it; None without a case.
    entry
        The DICOM series it was read from; None for a case of the store.
    case_id
        The store's name of the case that was opened last, where the worklist goes on from.
    ask
        Called with a question and the possible answers; returns one of them. Without a window: the first.
    main_window
        Returns the window that questions belong to, None without one.

    Signals
    -------
    case_opened, case_closed, case_refreshed
        `review` and `layers` are others now; refreshed: the same case, taken up from the store or a draft.
    settling
        What a field of the open case still holds back shall be in the case now.
    slice_changed
        The native slice that is displayed.
    mask_changed, labels_changed, prediction_changed, state_changed
        Of the open case; state: what is saved, and what is stated beside the mask.
    said
        One sentence to the reader; empty takes the last one away.
    job_changed
        What is under way, steps done and steps in all; an empty text: nothing.
    folder_wanted, list_wanted, reason_wanted, export_wanted, keys_wanted
        A key asks for what a dock, or the list of keys, knows how to show.
    case_wanted
        The store's name of a case that shall be opened.
    mask_wanted
        Path of a mask that shall come into the open case.
    room_closed
        The window is gone; everything lets go.
    """

    case_opened = Signal()
    case_closed = Signal()
    case_refreshed = Signal()
    settling = Signal()
    slice_changed = Signal(int)
    mask_changed = Signal()
    labels_changed = Signal()
    prediction_changed = Signal()
    state_changed = Signal()
    said = Signal(str)
    job_changed = Signal(str, int, int)
    folder_wanted = Signal()
    list_wanted = Signal()
    reason_wanted = Signal()
    export_wanted = Signal()
    keys_wanted = Signal()
    case_wanted = Signal(str)
    mask_wanted = Signal(object)
    room_closed = Signal()

    def __init__(self, viewer: ViewerModel, settings: SettingsFile | None = None) -> None:
        super().__init__()
        self._viewer_ref = ref(viewer)
        self.settings = settings or SettingsFile(trouble=self.fail)
        self.review: CaseReview | None = None
        self.layers: CaseLayers | None = None
        self.entry: SeriesEntry | None = None
        self.case_id = ""
        self.ask: Ask = lambda _question, answers: answers[0]
        self.main_window: Callable[[], QWidget | None] = lambda: None
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(SETTLE_MS)
        self._settle.timeout.connect(self.flush)
        self.said.connect(self._show_status)

    @property
    def viewer(self) -> ViewerModel | None:
        """The viewer, or None once it is gone."""
        return self._viewer_ref()

    def picture(self) -> QWidget | None:
        """Return the widget of the canvas, None without a window."""
        return None if self.viewer is None else compat.picture(self.viewer)

    def settle(self) -> None:
        """Take the strokes into the review as soon as the hand rests."""
        self._settle.start()

    def settle_soon(self) -> None:
        """Do so after the layer was drawn anew: napari tells nothing of an undo, a redo or a stroke given up."""
        if not self._settle.isActive():
            self._settle.start()

    def take_up(self) -> None:
        """Take all that the reader did so far into the review: what fields still hold back, and every stroke."""
        self.settling.emit()
        self.flush()

    def flush(self) -> None:
        """Take every stroke drawn so far into the review."""
        self._settle.stop()
        if self.review is None or self.layers is None:
            return
        changed = self.layers.changed_slices()
        if changed:
            self.review.touch(changed)

    def let_go(self) -> None:
        """Forget the open case; strokes that were not flushed are lost."""
        self._settle.stop()
        self.review = self.layers = self.entry = None

    def warn(self, text: str) -> None:
        """Tell the reader in the docks and in napari's notifications."""
        from napari.utils.notifications import show_warning

        self.said.emit(text)
        show_warning(text)

    def fail(self, error: BaseException) -> None:
        """Tell the reader what went wrong, in the docks and as an error among napari's notifications."""
        from napari.utils.notifications import show_error

        self.said.emit(sentence(error))
        show_error(sentence(error))

    def start(
        self,
        text: str,
        task: Callable[[Progress, Cancelled], Found],
        done: Callable[[Found], object],
        failed: Callable[[Exception], object] | None = None,
    ) -> Job:
        """Run a task in the background, with its progress in the docks.

        Parameters
        ----------
        text
            What the reader is told is under way.
        done
            Called on the main thread with what the task returned.
        failed
            Called there with what it raised; left out, the reader is told.
        """
        job = Job(task, self)
        job.done.connect(done)
        job.failed.connect(failed or self.fail)
        job.progressed.connect(lambda n, of: self.job_changed.emit(text, n, of))
        job.ended.connect(lambda: self.job_changed.emit("", 0, 0))
        self.job_changed.emit(text, 0, 0)
        return job

    def wait(self) -> None:
        """Keep the window alive until everything under way has ended."""
        while True:
            running = [work for kind in (Job, Turns) for work in self.findChildren(kind) if work.running]
            if not running:
                return
            running[0].wait()

    def cursor(self) -> tuple[int, int, int] | None:
        """Return the native voxel (z, y, x) under the mouse; None beside the series."""
        if self.layers is None or self.viewer is None:
            return None
        return self.layers.index_at(self.viewer.cursor.position)

    def _show_status(self, text: str) -> None:
        if self.viewer is not None:
            self.viewer.status = text
