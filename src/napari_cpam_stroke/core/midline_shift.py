"""How far a point lies from where the midline should be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from napari_cpam_stroke.core.arrays import Floats
from napari_cpam_stroke.core.editing import Midline
from napari_cpam_stroke.core.midline import rotation


@dataclass(frozen=True)
class IdealMidline:
    """The fitted line of symmetry on the slices of a series, in mm.

    Attributes
    ----------
    midline
        In native pixels.
    spacing_mm
        Distance between rows, then between columns.
    """

    midline: Midline
    spacing_mm: tuple[float, float]

    def distance_mm(self, yx: Sequence[float]) -> float:
        """Return the distance of a native (row, column) at right angles to the line, mm; positive towards +x."""
        return float(self._offset_mm(yx) @ self._across)

    def foot(self, yx: Sequence[float]) -> tuple[float, float]:
        """Return the native (row, column) on the line that is nearest to a point in mm."""
        place = np.asarray(yx) - self.distance_mm(yx) * self._across / np.asarray(self.spacing_mm)
        return (float(place[0]), float(place[1]))

    def ends(self, rows: int) -> tuple[tuple[float, float], tuple[float, float]]:
        """Return where the line crosses the first and the last of `rows` rows, as native (row, column)."""
        (y, x), (dy, dx) = self.midline.point_yx, self._along
        first, last = ((row, x + (row - y) * dx / dy) for row in (0.0, rows - 1.0))
        return first, last

    @property
    def _along(self) -> Floats:
        """Direction of the line in pixels (row, column)."""
        return np.asarray(rotation(self.midline.degrees) @ np.array([1.0, 0.0]))

    @property
    def _across(self) -> Floats:
        """Unit vector (row, column) in mm at right angles to the line, towards +x."""
        along = self._along * np.asarray(self.spacing_mm)
        across = np.array([-along[1], along[0]]) / np.linalg.norm(along)
        return np.asarray(across)

    def _offset_mm(self, yx: Sequence[float]) -> Floats:
        return np.asarray((np.asarray(yx) - np.asarray(self.midline.point_yx)) * np.asarray(self.spacing_mm))
