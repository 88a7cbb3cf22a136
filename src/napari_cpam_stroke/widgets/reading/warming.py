"""What the first case would wait for, done as soon as the window is there: libraries, letters, the first layers."""

from __future__ import annotations

from importlib.util import find_spec
from threading import Lock, Thread

import numpy as np
from qtpy.QtCore import QObject

from napari_cpam_stroke.config import BRAIN
from napari_cpam_stroke.core import CTVolume
from napari_cpam_stroke.widgets.parts.turns import Turns
from napari_cpam_stroke.widgets.reading.state import RoomState
from napari_cpam_stroke.widgets.reading.torch_loading import keep_triton_out, load_torch_libraries
from napari_cpam_stroke.widgets.viewer.canvas_texts import room_texts
from napari_cpam_stroke.widgets.viewer.first_texts import drawing_unseen, show_again
from napari_cpam_stroke.widgets.viewer.three_layers import new_layers
from napari_cpam_stroke.widgets.viewer.turned import TurnedSeries

PAUSE_MS = 15
"""Between two letters: whoever opens a case at once goes first."""

_once = Lock()


class Warming(QObject):
    """Makes one room ready for its first case."""

    def __init__(self, state: RoomState) -> None:
        super().__init__(state)
        self._state = state
        self._texts: Turns | None = None

    def start(self) -> None:
        """Begin, where there is a window that would stand still later."""
        viewer = self._state.viewer
        if viewer is None or self._state.picture() is None:
            return
        load_ahead()
        self._texts = Turns(drawing_unseen(room_texts(viewer)), self, pause_ms=PAUSE_MS)

    @property
    def running(self) -> bool:
        """Whether letters are still drawn."""
        return self._texts is not None and self._texts.running

    def stop(self) -> None:
        """Leave the rest to the first case, which comes now."""
        viewer, texts, self._texts = self._state.viewer, self._texts, None
        if viewer is not None and texts is not None and texts.running:
            texts.cancel()
            show_again(room_texts(viewer))

    def forget(self) -> None:
        """Stop where the window is gone already."""
        if self._texts is not None:
            self._texts.cancel()


def load_ahead() -> None:
    """Load in a thread what reading, saving and models import, once for the process.

    The thread is no daemon: a process that ends in the middle of an import waits for it.
    """
    if _once.acquire(blocking=False):
        Thread(target=_load, name="loading ahead").start()


def _load() -> None:
    import napari_cpam_stroke.widgets.viewer.previews
    from napari_cpam_stroke.dicom import read_series, scan_paths  # noqa: F401 - these names bring their modules

    voxel = CTVolume(hu=np.zeros((1, 1, 1), dtype=np.int16), geometry=None, case_id="")
    new_layers(TurnedSeries(voxel), np.zeros((1, 1, 1), dtype=np.uint8), BRAIN)
    if find_spec("torch") is not None:
        load_torch_libraries()
        keep_triton_out()
        import napari_cpam_stroke.inference.predictor  # noqa: F401
