"""One plane of a case as a small picture: grey, with the edges of what is drawn, in the shape it has in the patient."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from qtpy.QtGui import QColor

from napari_cpam_stroke.config import Window
from napari_cpam_stroke.core import CTVolume, LesionClass, apply_window
from napari_cpam_stroke.core.arrays import Mask
from napari_cpam_stroke.core.labels import CLASS_COLOURS
from napari_cpam_stroke.widgets.viewer.mask_edges import DARK, with_edges
from napari_cpam_stroke.widgets.viewer.orientation import PLANES, EdgeLetters, edge_letters
from napari_cpam_stroke.widgets.viewer.turned import TurnedSeries


@dataclass(frozen=True, eq=False)
class PlanePicture:
    """What is drawn of one plane.

    Attributes
    ----------
    rgb
        uint8 (rows, columns, 3), head or front up.
    pixel_mm
        Height of a row and width of a column.
    letters
        At the edges.
    """

    rgb: NDArray[np.uint8]
    pixel_mm: tuple[float, float]
    letters: EdgeLetters


class PlaneCut:
    """Cuts a turned series along one plane; points of the picture and displayed indices are told from each other."""

    def __init__(self, series: TurnedSeries, plane: str) -> None:
        self._series, self.plane = series, plane
        self.axis, self._down, self._right = PLANES[plane]
        self._hu = np.moveaxis(series.turned(series.volume.hu), self.axis, 0)

    @property
    def volume(self) -> CTVolume:
        """The series that is cut."""
        return self._series.volume

    @property
    def upside_down(self) -> bool:
        """Whether rows are counted from below: across slices the head is up."""
        return self.plane != "axial"

    def picture(self, at: int, window: Window, mask: Mask | None = None) -> PlanePicture:
        """Draw the plane at a displayed index, with the edges of a native mask, uint8 (Z, Y, X)."""
        grey = np.rint(apply_window(self._hu[at], window) * 255).astype(np.uint8)
        rgb = np.repeat(grey[:, :, None], 3, axis=2)
        if mask is not None:
            self._draw(rgb, np.moveaxis(self._series.turned(mask), self.axis, 0)[at])
        geometry, scale = self._series.volume.geometry, self._series.place["scale"]
        letters = edge_letters(geometry, self._series.flips, (self._down, self._right), down=not self.upside_down)
        shown = rgb[::-1] if self.upside_down else rgb
        return PlanePicture(np.ascontiguousarray(shown), (scale[self._down], scale[self._right]), letters)

    def spot(self, index: tuple[float, float, float]) -> tuple[float, float]:
        """Return the row and column of the picture at which a displayed index (z, y, x) is seen."""
        row, column = index[self._down], index[self._right]
        return (self._hu.shape[1] - 1 - row if self.upside_down else row), column

    def index(self, row: float, column: float, at: float) -> tuple[float, float, float]:
        """Return the displayed index (z, y, x) at a row and column of the picture of the plane at an index."""
        found = [0.0, 0.0, 0.0]
        found[self.axis], found[self._right] = at, column
        found[self._down] = self._hu.shape[1] - 1 - row if self.upside_down else row
        return (found[0], found[1], found[2])

    def _draw(self, rgb: NDArray[np.uint8], labels: Mask) -> None:
        edges = with_edges(np.ascontiguousarray(labels), line=1, dark=0 if self.upside_down else 1, fill=False)
        for lesion_class in LesionClass:
            rgb[edges == lesion_class] = QColor(CLASS_COLOURS[lesion_class.label]).getRgb()[:3]
        rgb[edges == DARK] = 0
