"""How the slices of an imported case are ordered, and which of them have true neighbours."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from napari_cpam_stroke.core import CTVolume
from napari_cpam_stroke.core.orientation import places_mm
from napari_cpam_stroke.core.preprocess import ROUNDING_MM

POSITION, INSTANCE_UID, FILE_ORDER, UNORDERED = "position", "instance UID", "file order", "unknown"
"""By what slices are ordered."""

NEIGHBOUR_MM = 7.6
"""Slices that lie farther apart are no neighbours."""


@dataclass
class OrderCount:
    """Slices of many cases by what orders them, and how many have one neighbour, or two."""

    slices: Counter[str] = field(default_factory=Counter)
    with_neighbour: int = 0
    between_two: int = 0

    def add(self, volume: CTVolume) -> None:
        """Count the slices of one case."""
        self.slices[order_of(volume)] += volume.shape[0]
        sides = neighbour_sides(volume)
        self.with_neighbour += int((sides > 0).sum())
        self.between_two += int((sides == 2).sum())

    @property
    def sentence(self) -> str:
        """The counts as one line for a person; empty without a slice."""
        if not self.slices:
            return ""
        orders = ", ".join(f"{count} by {name}" for name, count in self.slices.items() if name != UNORDERED)
        alone = self.slices[UNORDERED]
        kinds = ", ".join(part for part in (orders, f"{alone} single" if alone else "") if part)
        return (
            f"Order of slices: {kinds}; {self.with_neighbour} have a neighbour within {NEIGHBOUR_MM:g} mm or next in "
            f"their file order, {self.between_two} on both sides"
        )


def order_of(volume: CTVolume) -> str:
    """Return by what the slices of a case are ordered."""
    if volume.geometry is not None:
        return POSITION
    if volume.acquisition.slice_places_mm is not None:
        return INSTANCE_UID
    return FILE_ORDER if volume.shape[0] > 1 else UNORDERED


def neighbour_sides(volume: CTVolume) -> NDArray[np.intp]:
    """Return (Z,) on how many sides, 0 to 2, each slice has a neighbour; in file order the next slice is one."""
    places = places_mm(volume.geometry, volume.acquisition)
    near = np.diff(places) <= NEIGHBOUR_MM + ROUNDING_MM if places else np.ones(volume.shape[0] - 1, dtype=bool)
    return np.r_[False, near].astype(np.intp) + np.r_[near, False]
