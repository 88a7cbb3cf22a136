"""What the model attends to, shown for the voxel that is clicked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QObject, Signal

from napari_cpam_stroke.errors import CpamError
from napari_cpam_stroke.widgets.parts.background import Job
from napari_cpam_stroke.widgets.reading.model_runs import ModelRuns
from napari_cpam_stroke.widgets.reading.state import RoomState
from napari_cpam_stroke.widgets.viewer.comparisons import ATTENTION, Comparisons
from napari_cpam_stroke.widgets.viewer.mouse import LEFT_BUTTON, Drag, MouseEvent

if TYPE_CHECKING:
    from napari.components import ViewerModel

STILL_HIDDEN = "What the model attends to stays hidden until you reveal the AI"


class AttentionClick(QObject):
    """Clicks on the picture that ask the model what it looked at.

    Attributes
    ----------
    on
        Whether a click asks.

    Signals
    -------
    switched
        `on` is another now.
    """

    switched = Signal(bool)

    def __init__(self, state: RoomState, *, models: ModelRuns, comparisons: Comparisons) -> None:
        super().__init__(state)
        self._state, self._models, self._comparisons = state, models, comparisons
        self.on = False

    def switch(self, *, on: bool) -> None:
        """Let clicks on the picture ask for attention, or not any more."""
        viewer = self._state.viewer
        if viewer is None:
            return
        callbacks = viewer.mouse_drag_callbacks
        self.on = on
        if on and self._on_click not in callbacks:
            callbacks.append(self._on_click)
        elif not on:
            if self._on_click in callbacks:
                callbacks.remove(self._on_click)
            self._comparisons.hide(ATTENTION)
        self.switched.emit(on)

    def explain(self, voxel: tuple[int, int, int]) -> None:
        """Show which parts of the slice the patch under a native voxel (z, y, x) attends to."""
        layers = self._state.layers
        if layers is None or not layers.flat or not self._models.allowed():
            return
        if self._models.hidden:
            self._models.fail(CpamError(STILL_HIDDEN))
            return
        load = self._models.loader()

        def task(*_: object) -> NDArray[np.float32]:
            predictor = load()
            from napari_cpam_stroke.inference import attention_at

            levels = getattr(predictor.model, "attention_levels", ()) or (0,)
            return attention_at(predictor, layers.volume, voxel, level=min(levels))

        def show(found: NDArray[np.float32]) -> None:
            if layers is self._state.layers:
                self._comparisons.show_attention(found, voxel[0])

        job = Job(task, self)
        job.done.connect(show)
        job.failed.connect(self._models.fail)

    def _on_click(self, _: ViewerModel, event: MouseEvent) -> Drag:
        yield
        if event.type == "mouse_move" or event.button != LEFT_BUTTON or event.handled:
            return
        voxel = self._state.cursor()
        if voxel is not None:
            self.explain(voxel)
