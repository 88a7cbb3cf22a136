"""Which slice of another study of a patient belongs beside a slice: the one at the nearest height in the head."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from napari_cpam_stroke.core.arrays import Floats
from napari_cpam_stroke.core.head import lowest_head_slice
from napari_cpam_stroke.core.orientation import places_mm, radiological_view
from napari_cpam_stroke.core.volume import CTVolume


@dataclass(frozen=True, eq=False)
class Stack:
    """The slices of a series, the one next to the feet first.

    Attributes
    ----------
    slices
        How many, from 1.
    heights_mm
        (Z,) of each slice above the lowest one that shows head, ascending; None where they are not known.
    """

    slices: int
    heights_mm: Floats | None

    @classmethod
    def of(cls, volume: CTVolume) -> Stack:
        """Measure a series; heights are known only of axial slices with positions."""
        geometry = volume.geometry
        if geometry is None or not geometry.axial:
            return cls(volume.shape[0], None)
        places = np.array(places_mm(geometry))
        return cls(len(places), places - places[lowest_head_slice(radiological_view(volume.hu, geometry))])


@dataclass(frozen=True)
class LinkedSlice:
    """A slice of the other study.

    Attributes
    ----------
    index
        Counted from 0, next to the feet.
    off_mm
        How much higher in the head it lies than the slice it belongs to; None where heights are not known.
    outside
        Whether the other study has no slice there: it ends by more than one slice distance before.
    """

    index: int
    off_mm: float | None
    outside: bool


@dataclass(frozen=True, eq=False)
class SliceLink:
    """Leads from the slices of one study to those of another of the same patient.

    The slice beside another is the one whose height above the lowest slice that shows head is nearest, in mm; of two
    equally near the lower one. Every height comes from the slice's own position, so uneven distances and another
    thickness are respected. Where one of the studies has no heights, both are gone through by equal shares.
    """

    here: Stack
    there: Stack

    @property
    def by_height(self) -> bool:
        """Whether both studies know their heights."""
        return self.here.heights_mm is not None and self.there.heights_mm is not None

    def slice_at(self, index: int, shift: int = 0) -> LinkedSlice:
        """Return what belongs beside a slice.

        Parameters
        ----------
        index
            Of this study, from 0, next to the feet.
        shift
            Slices of the other study by which a person corrected the link, positive towards the head; it ends at the
            last slice.
        """
        here, there = self.here.heights_mm, self.there.heights_mm
        if here is None or there is None:
            return LinkedSlice(self._within(self._by_share(index) + shift), None, outside=False)
        nearest = int(np.argmin(np.abs(there - here[index])))
        found = self._within(nearest + shift)
        beyond = abs(float(there[nearest] - here[index])) > self._widest_step_mm and nearest in {0, len(there) - 1}
        return LinkedSlice(found, float(there[found] - here[index]), outside=beyond)

    @cached_property
    def _widest_step_mm(self) -> float:
        there = self.there.heights_mm
        return 0.0 if there is None or len(there) < 2 else float(np.diff(there).max())

    def _by_share(self, index: int) -> int:
        share = index / max(self.here.slices - 1, 1)
        return round(share * (self.there.slices - 1))

    def _within(self, index: int) -> int:
        return min(max(index, 0), self.there.slices - 1)
