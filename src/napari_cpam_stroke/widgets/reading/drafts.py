"""Strokes that are not saved yet: kept every few seconds, offered again after a crash."""

from __future__ import annotations

from qtpy.QtCore import QObject, QTimer, Signal

from napari_cpam_stroke.annotations import Pending
from napari_cpam_stroke.errors import CpamError
from napari_cpam_stroke.review import Autosave
from napari_cpam_stroke.widgets.parts.background import Job, sentence
from napari_cpam_stroke.widgets.reading.moments import local_time
from napari_cpam_stroke.widgets.reading.state import RoomState

RECOVER, DISCARD, LATER = "recover", "discard", "later"
TICK_MS = 2000
"""How often the draft is looked after; with the journal's own pause a crash loses less than ten seconds."""


class Drafts(QObject):
    """The draft of the open case.

    Attributes
    ----------
    recovered
        Whether the open case holds strokes that a crash left behind and that are not saved yet.

    Signals
    -------
    recovered_changed
        Strokes came back.
    settled
        It is known what becomes of the drafts of the case just opened.
    """

    recovered_changed = Signal()
    settled = Signal()

    def __init__(self, state: RoomState) -> None:
        super().__init__(state)
        self._state = state
        self._autosave: Autosave | None = None
        self.recovered = False
        self._expected: Pending | None = None
        self._clock = QTimer(self)
        self._clock.setInterval(TICK_MS)
        self._clock.timeout.connect(self._tick)
        self._clock.start()

    def expect(self, draft: Pending) -> None:
        """Take a draft up without a question once its case is open; the reader has asked for it."""
        self._expected = draft

    def begin(self, autosave: Autosave, pending: list[Pending]) -> None:
        """Look after the open case from now on, and ask about what an earlier crash left of it."""
        self._autosave = autosave
        expected, self._expected = self._expected, None
        wanted = [left for left in pending if expected is not None and left.path == expected.path]
        for left in wanted:
            self._recover(left)
        for left in () if wanted else pending:
            self._offer(left)
        self.settled.emit()

    def keep(self) -> None:
        """Keep unsaved strokes now, whatever the clock says."""
        self._state.flush()
        if self._autosave is not None:
            self._autosave.run(force=True)

    def discard(self) -> None:
        """Throw the draft of the open case away."""
        if self._autosave is not None:
            self._autosave.discard()

    def release(self) -> None:
        """Stop keeping drafts of a case that is closed; one with nothing unsaved leaves none behind."""
        review = self._state.review
        if review is not None and not review.dirty:
            self.discard()
        self._autosave, self.recovered = None, False

    def stop(self) -> None:
        """Look after nothing any more."""
        self._clock.stop()
        self.release()

    def _tick(self) -> None:
        """Hand unsaved strokes to a worker, a few seconds after they were drawn."""
        job = None if self._autosave is None else self._autosave.job()
        if job is not None:
            Job(lambda *_: job(), self).failed.connect(lambda error: self._state.warn(sentence(error)))

    def _offer(self, pending: Pending) -> None:
        """Ask whether strokes that a crash left behind shall come back."""
        when = local_time(pending.written)
        question = f"Unsaved changes of case {pending.case_id} from {when} ({pending.author}) were found."
        answer = self._state.ask(question, (RECOVER, DISCARD, LATER))
        if answer == DISCARD:
            pending.discard()
        elif answer == RECOVER:
            self._recover(pending)

    def _recover(self, pending: Pending) -> None:
        if self._autosave is None or self._state.layers is None:
            return
        try:
            self._autosave.recover(pending)
        except CpamError as error:
            self._state.warn(str(error))
            return
        self._state.layers.begin_again()
        self.recovered = True
        self._state.case_refreshed.emit()
        self.recovered_changed.emit()
