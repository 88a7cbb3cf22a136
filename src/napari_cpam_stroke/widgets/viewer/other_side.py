"""The other side of the head in this one's place: the CT mirrored about its fitted midline, at full size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QObject, Signal

from napari_cpam_stroke.widgets.viewer.case_midline import CaseMidline
from napari_cpam_stroke.widgets.viewer.layers import CaseLayers
from napari_cpam_stroke.widgets.viewer.placement import Placement

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image

OTHER_SIDE = "Other side"


class OtherSide(QObject):
    """Shows the mirrored CT under the masks, in the place of the CT, and takes it away again.

    Signals
    -------
    changed
        It came or went: letters and header are others now.
    said
        One sentence to the reader.
    """

    changed = Signal()
    said = Signal(str)

    def __init__(self, *, midline: CaseMidline, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._midline = midline
        self._layers: CaseLayers | None = None
        self._wanted = False
        midline.failed.connect(self._give_up)

    def attach(self, layers: CaseLayers) -> None:
        """Work on a case."""
        self._layers = layers

    def detach(self) -> None:
        """Forget the case; its layer goes with it."""
        self._layers = None
        self._wanted = False

    @property
    def shown(self) -> bool:
        """Whether the other side is on the screen."""
        return self._layers is not None and OTHER_SIDE in self._layers.extra

    def toggle(self) -> None:
        """Show the other side, or this one again."""
        if self._layers is None:
            return
        self._wanted = not self.shown and not self._wanted
        if not self._wanted:
            self._layers.hide_extra(OTHER_SIDE)
            self.said.emit("")
            self.changed.emit()
        else:
            self._midline.ask_mirrored(self._show)

    def _give_up(self) -> None:
        self._wanted = False

    def _show(self, mirrored: NDArray[np.int16]) -> None:
        layers = self._layers
        if layers is None or not self._wanted:
            return

        def make(viewer: ViewerModel, place: Placement) -> Image:
            return viewer.add_image(
                layers.turned(mirrored), name=OTHER_SIDE, colormap="gray", interpolation2d="linear",
                contrast_limits=layers.original.contrast_limits, **place,
            )  # fmt: skip

        layers.show_extra(OTHER_SIDE, make)
        self._wanted = False
        self.said.emit("The other side of the head, mirrored about its midline; masks, HU and mm are this side's.")
        self.changed.emit()
