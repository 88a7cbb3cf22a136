"""The 3D view of a case: the brain without its skull, glassy, and the lesions in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QObject, QTimer, Signal

from napari_cpam_stroke.core.brain import inside_skull
from napari_cpam_stroke.widgets.parts.background import Job, sentence
from napari_cpam_stroke.widgets.viewer.layers import CaseLayers
from napari_cpam_stroke.widgets.viewer.placement import Placement

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image

BRAIN = "Brain"
FINEST_MM = 1.8
"""Pixels are thinned out to about this: slices are farther apart, and without a graphics card voxels cost time."""

OUTSIDE_HU = -20
BRAIN_LIMITS_HU = (-20, 90)
BRAIN_OPACITY, LESION_OPACITY = 0.6, 1.0


class SolidView(QObject):
    """Puts the brain in the place of the whole CT while the 3D view is shown.

    Signals
    -------
    said
        One sentence to the reader.
    """

    said = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._layers: CaseLayers | None = None
        self._brain: NDArray[np.int16] | None = None
        self._flat_style: tuple[float, float, int, int] | None = None

    def attach(self, layers: CaseLayers) -> None:
        """Follow a case."""
        self._layers, self._brain, self._flat_style = layers, None, None
        layers.turned_to.connect(self._on_turned)

    def detach(self) -> None:
        """Forget the case, its layers as the slices show them."""
        layers = self._layers
        if layers is not None:
            layers.turned_to.disconnect(self._on_turned)
            self._show_slices()
        self._layers = self._brain = None

    def _on_turned(self, _: object = None) -> None:
        QTimer.singleShot(0, self._follow)

    def _follow(self) -> None:
        if self._layers is not None:
            self._show_slices() if self._layers.flat else self._show_solid()

    def _show_slices(self) -> None:
        layers = self._layers
        if layers is None or self._flat_style is None:
            return
        layers.hide_extra(BRAIN)
        layers.original.visible = True
        layers.ai.opacity, layers.reading.opacity, layers.ai.contour, layers.reading.contour = self._flat_style
        self._flat_style = None

    def _show_solid(self) -> None:
        layers = self._layers
        if layers is None or self._flat_style is not None:
            return
        ai, reading = layers.ai, layers.reading
        self._flat_style = (float(ai.opacity), float(reading.opacity), int(ai.contour), int(reading.contour))
        ai.opacity = reading.opacity = LESION_OPACITY
        ai.contour = reading.contour = 0  # napari has none in 3D
        layers.original.visible = False
        if self._brain is not None:
            self._add(self._brain)
            return
        job = Job(lambda *_: brain_of(layers), self)
        job.done.connect(lambda brain: self._on_brain(layers, brain))
        job.failed.connect(lambda error: self.said.emit(sentence(error)))

    def _on_brain(self, layers: CaseLayers, brain: NDArray[np.int16]) -> None:
        if layers is self._layers:
            self._brain = brain
            self._add(brain)

    def _add(self, brain: NDArray[np.int16]) -> None:
        layers = self._layers
        if layers is None or layers.flat:
            return
        step = in_plane_step(layers)

        def make(viewer: ViewerModel, place: Placement) -> Image:
            z, y, x = place["scale"]
            thinned = {**place, "scale": (z, y * step, x * step)}
            return viewer.add_image(
                brain, name=BRAIN, colormap="gray", contrast_limits=BRAIN_LIMITS_HU, opacity=BRAIN_OPACITY,
                rendering="attenuated_mip", blending="translucent_no_depth", **thinned,
            )  # fmt: skip

        layers.show_extra(BRAIN, make)


def in_plane_step(layers: CaseLayers) -> int:
    """Return every how many pixels the 3D view takes one."""
    geometry = layers.volume.geometry
    return 1 if geometry is None else max(1, int(FINEST_MM / min(geometry.pixel_spacing_mm)))


def brain_of(layers: CaseLayers) -> NDArray[np.int16]:
    """Return the turned CT, int16 (Z, Y, X) HU thinned out in plane, with everything outside the skull as air."""
    step = in_plane_step(layers)
    hu = layers.turned(layers.volume.hu)[:, ::step, ::step]
    return np.where(inside_skull(hu), hu, np.int16(OUTSIDE_HU)).astype(np.int16)
