"""How slices are numbered for people: from 1, as they are displayed, the slice next to the feet first."""

from __future__ import annotations

from napari_cpam_stroke.core.geometry import VolumeGeometry


def slice_number(z: int, slices: int, geometry: VolumeGeometry | None) -> int:
    """Return the number of a native slice, 1..slices, everywhere a person reads one.

    Files for programs (JSON, CSV, SR) keep the native index from 0 instead, and say so.
    """
    flipped = geometry is not None and geometry.display_flips[0]
    return slices - z if flipped else z + 1


def first_slice_words(geometry: VolumeGeometry | None) -> str:
    """Return which end of the stack is number 1, to follow "slices are counted from 1,"."""
    if geometry is None or not geometry.axial:
        return "1 is the first of the series"
    return "1 is next to the feet"
