"""The fitted midline of the open case: looked for once, in the background, by whoever asks first."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import QObject, Signal

from napari_cpam_stroke.core import editing
from napari_cpam_stroke.core.editing import Midline
from napari_cpam_stroke.widgets.parts.background import Job, sentence
from napari_cpam_stroke.widgets.viewer.layers import CaseLayers


class CaseMidline(QObject):
    """Finds the midline, and keeps it as long as the case is open.

    Attributes
    ----------
    found
        In native pixels; None where nobody asked yet.

    Signals
    -------
    said
        One sentence to the reader.
    """

    said = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._layers: CaseLayers | None = None
        self._job: Job | None = None
        self._waiting: list[Callable[[Midline], object]] = []
        self.found: Midline | None = None

    def attach(self, layers: CaseLayers) -> None:
        """Work on a case."""
        self._layers = layers

    def detach(self) -> None:
        """Forget the case, and who waits for its midline."""
        self._layers = self.found = self._job = None
        self._waiting.clear()

    def ask(self, then: Callable[[Midline], object]) -> None:
        """Call with the midline: at once where it is known, else when it is found, unless the case has gone."""
        case = self._layers
        if case is None:
            return
        if self.found is not None:
            then(self.found)
            return
        self._waiting.append(then)
        if self._job is None:
            self.said.emit("Looking for the midline...")
            self._job = Job(lambda *_: editing.find_midline(case.volume), self)
            self._job.done.connect(lambda midline: self._on_found(case, midline))
            self._job.failed.connect(lambda error: self.said.emit(sentence(error)))

    def _on_found(self, case: CaseLayers, midline: Midline) -> None:
        if case is not self._layers:
            return
        self.found, waiting = midline, self._waiting
        self._waiting = []
        self.said.emit("")
        for then in waiting:
            then(midline)
