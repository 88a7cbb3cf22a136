"""A series as it is displayed: turned to the radiological view by axis flips alone."""

from __future__ import annotations

from collections.abc import Sequence

from numpy.typing import NDArray

from napari_cpam_stroke.core import CTVolume
from napari_cpam_stroke.core.orientation import Scalar, radiological_view
from napari_cpam_stroke.widgets.viewer.placement import placement


class TurnedSeries:
    """Native arrays and indices of one series, and displayed ones.

    Attributes
    ----------
    volume
        The CT on its native frames.
    flips
        Which of the axes (z, y, x) run the other way on the display.
    place
        Scale, translate, units and axis names for napari's layers.
    """

    def __init__(self, volume: CTVolume) -> None:
        self.volume = volume
        self.flips = (False, False, False) if volume.geometry is None else volume.geometry.display_flips
        self.place = placement(volume, self.flips)

    def turned(self, array: NDArray[Scalar]) -> NDArray[Scalar]:
        """Return a view of a native (..., Z, Y, X) array as it is displayed; flipping twice brings it back."""
        return radiological_view(array, self.volume.geometry)

    def turned_index(self, zyx: Sequence[float]) -> tuple[float, float, float]:
        """Turn a native index (z, y, x) into a displayed one, and the other way round."""
        turned = [n - 1 - i if flip else i for i, n, flip in zip(zyx, self.volume.shape, self.flips, strict=True)]
        return (turned[0], turned[1], turned[2])

    @property
    def facts(self) -> str:
        """What is to be known of the series, as one line; also what the display makes of it."""
        said = [*self.volume.warnings, *self.volume.facts]
        geometry = self.volume.geometry
        if geometry is None:
            said.append("No positions: shown without mm, measured without ml.")
        elif not geometry.uniform:
            said.append(f"Shown with the median step of {self.place['scale'][0]:.1f} mm, measured with the true ones.")
        return " ".join(said)
