"""Numbers of slices for people."""

from __future__ import annotations

import numpy as np
import pytest

from napari_cpam_stroke.core import VolumeGeometry
from napari_cpam_stroke.core.slice_number import first_slice_words, slice_number
from napari_cpam_stroke.core.slice_scale import slice_scale_notices

SLICES = 7


def geometry(normal_z: float) -> VolumeGeometry:
    """Axial slices whose native order ascends along a normal towards the head (1) or the feet (-1)."""
    positions = np.outer(np.arange(SLICES) * 5.0, [0, 0, normal_z])
    return VolumeGeometry(positions, np.r_[1.0, 0, 0], np.r_[0, normal_z, 0], (0.5, 0.5), np.full(SLICES, 5.0))


@pytest.mark.parametrize("normal_z", [1.0, -1.0])
def test_number_one_is_next_to_the_feet_whatever_the_native_order(normal_z: float) -> None:
    series = geometry(normal_z)
    by_number = sorted(range(SLICES), key=lambda z: slice_number(z, SLICES, series))
    assert [slice_number(z, SLICES, series) for z in by_number] == list(range(1, SLICES + 1))
    assert (np.diff(series.positions_mm[by_number, 2]) > 0).all(), "LPS z grows towards the head"
    assert first_slice_words(series) == "1 is next to the feet"


def test_without_positions_the_order_of_the_series_counts() -> None:
    assert [slice_number(z, SLICES, None) for z in range(SLICES)] == [1, 2, 3, 4, 5, 6, 7]
    assert first_slice_words(None) == "1 is the first of the series"


def test_odd_slices_are_named_by_their_numbers() -> None:
    hu = np.full((SLICES, 40, 40), 35, dtype=np.int16)
    hu[:, :10] = -1000
    hu[1] = 1200
    assert "(number 2)" in slice_scale_notices(hu)[0].sentence
    assert "(number 6)" in slice_scale_notices(hu, geometry(-1.0))[0].sentence
