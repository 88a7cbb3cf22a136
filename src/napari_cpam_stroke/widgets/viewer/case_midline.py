"""The fitted midline of the open case and the head mirrored about it: made once, by whoever asks first."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QObject, Signal

from napari_cpam_stroke.core import CTVolume, editing
from napari_cpam_stroke.core.editing import Midline
from napari_cpam_stroke.core.mirror import mirrored_about
from napari_cpam_stroke.widgets.parts.awaited import Awaited
from napari_cpam_stroke.widgets.parts.background import sentence
from napari_cpam_stroke.widgets.viewer.layers import CaseLayers


class CaseMidline(QObject):
    """Finds the midline in the background, and keeps it as long as the case is open.

    Signals
    -------
    said
        One sentence to the reader.
    failed
        Whoever waits for the midline or the mirrored head waits in vain.
    """

    said = Signal(str)
    failed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._volume: CTVolume | None = None
        self._line: Awaited[Midline] | None = None
        self._mirrored: Awaited[NDArray[np.int16]] | None = None

    @property
    def found(self) -> Midline | None:
        """The midline in native pixels; None where nobody asked yet."""
        return None if self._line is None else self._line.value

    def attach(self, layers: CaseLayers) -> None:
        """Work on a case."""
        volume = self._volume = layers.volume
        self._line = Awaited(lambda: editing.find_midline(volume), parent=self, failed=self._give_up)

    def detach(self) -> None:
        """Forget the case, and who waits for its midline."""
        for each in (self._line, self._mirrored):
            if each is not None:
                each.forget()
        self._volume = self._line = self._mirrored = None

    def ask(self, then: Callable[[Midline], object]) -> None:
        """Call with the midline: at once where it is known, else when it is found, unless the case has gone."""
        line = self._line
        if line is None:
            return
        if line.value is None and not line.under_way:
            self.said.emit("Looking for the midline...")
            line.ask(lambda _: self.said.emit(""))
        line.ask(then)

    def ask_mirrored(self, then: Callable[[NDArray[np.int16]], object]) -> None:
        """Call with the CT mirrored about the midline, int16 (Z, Y, X) on native frames, as `ask` does."""
        self.ask(lambda midline: self._ask_mirrored(midline, then))

    def _ask_mirrored(self, midline: Midline, then: Callable[[NDArray[np.int16]], object]) -> None:
        volume = self._volume
        if volume is None:
            return
        if self._mirrored is None:
            self._mirrored = Awaited(lambda: mirrored_about(volume.hu, midline), parent=self, failed=self._give_up)
        self._mirrored.ask(then)

    def _give_up(self, error: Exception) -> None:
        self.said.emit(sentence(error))
        self.failed.emit()
