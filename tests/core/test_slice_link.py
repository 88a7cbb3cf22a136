"""Which slice of another study stands beside a slice: by height in the head, from each slice's own position."""

from __future__ import annotations

import numpy as np
import pytest

from napari_cpam_stroke.core import CTVolume, VolumeGeometry
from napari_cpam_stroke.core.head import lowest_head_slice
from napari_cpam_stroke.core.slice_link import SliceLink, Stack

AIR = -1000


def series(places_mm: np.ndarray, *, empty: int = 0, downwards: bool = False) -> CTVolume:
    """Slices at places along the body from the feet, the lowest of them air, stored from the head where asked."""
    hu = np.full((len(places_mm), 64, 64), AIR, np.int16)
    hu[empty:, 12:52, 12:52] = 40
    positions = np.outer(places_mm, [0, 0, 1.0])
    columns, step = np.array([0, 1.0, 0]), 1
    if downwards:
        columns, step = -columns, -1  # the normal points to the feet, and slices ascend along it
    geometry = VolumeGeometry(positions[::step], np.r_[1.0, 0, 0], columns, (0.5, 0.5), np.full(len(places_mm), 5.0))
    return CTVolume(hu[::step].copy(), geometry, "case")


def test_the_lowest_slice_with_head_is_the_first_from_the_feet() -> None:
    volume = series(np.arange(8) * 5.0, empty=3)
    assert lowest_head_slice(volume.hu) == 3
    speck = volume.hu.copy()
    speck[1, 30:34, 30:34] = 40
    assert lowest_head_slice(speck) == 3, "noise is no head"
    assert lowest_head_slice(np.full((4, 64, 64), AIR, np.int16)) == 0


@pytest.mark.parametrize("downwards", [False, True])
def test_heights_count_from_the_head_and_not_from_the_scanner(downwards: bool) -> None:
    stack = Stack.of(series(100 + np.array([0, 5, 10, 18, 26.0]), empty=2, downwards=downwards))
    np.testing.assert_allclose(stack.heights_mm, [-10, -5, 0, 8, 16])


def test_the_nearest_height_is_taken_whatever_the_thickness_and_the_place() -> None:
    here = Stack.of(series(np.arange(7) * 5.0, empty=1))
    there = Stack.of(series(-300 + np.r_[0.0, 1, 2, 4, 8, 16, 24, 26], downwards=True))
    link = SliceLink(here, there)
    assert link.by_height
    assert [link.slice_at(z).index for z in range(7)] == [0, 0, 3, 4, 5, 5, 6]
    assert link.slice_at(3).off_mm == pytest.approx(-2)
    assert link.slice_at(4).off_mm == pytest.approx(1)


def test_a_shift_goes_by_slices_and_ends_with_the_study() -> None:
    link = SliceLink(Stack(5, np.arange(5) * 5.0), Stack(10, np.arange(10) * 2.5))
    assert [link.slice_at(2, shift).index for shift in (-9, -1, 0, 2, 9)] == [0, 3, 4, 6, 9]
    assert link.slice_at(2, 2).off_mm == pytest.approx(5)


def test_what_the_other_study_does_not_reach_is_said() -> None:
    link = SliceLink(Stack(6, np.arange(6) * 10.0), Stack(3, np.array([0, 10.0, 20])))
    assert [link.slice_at(z).outside for z in range(6)] == [False, False, False, False, True, True]
    assert link.slice_at(5).index == 2
    gap = SliceLink(Stack(6, np.arange(6) * 10.0), Stack(3, np.array([0, 10.0, 50])))
    assert not any(gap.slice_at(z).outside for z in range(6))


@pytest.mark.parametrize("nameless", ["here", "there"])
def test_without_positions_both_are_gone_through_by_equal_shares(nameless: str) -> None:
    ends = {"here": Stack(5, np.arange(5) * 5.0), "there": Stack(9, np.arange(9) * 5.0)}
    ends[nameless] = Stack(ends[nameless].slices, None)
    link = SliceLink(**ends)
    assert not link.by_height
    assert [link.slice_at(z).index for z in range(5)] == [0, 2, 4, 6, 8]
    assert link.slice_at(4, 3).index == 8
    assert link.slice_at(1).off_mm is None


def test_slices_that_are_not_axial_have_no_heights() -> None:
    volume = series(np.arange(5) * 5.0)
    assert volume.geometry is not None
    positions = np.outer(np.arange(5) * 5.0, [0, 1.0, 0])
    across = VolumeGeometry(positions, np.r_[0, 0, 1.0], np.r_[1.0, 0, 0], (0.5, 0.5), np.full(5, 5.0))
    assert Stack.of(CTVolume(volume.hu, across, "across")).heights_mm is None
    assert Stack.of(CTVolume(volume.hu, None, "none")).heights_mm is None


def test_one_slice_links_to_one_slice() -> None:
    assert SliceLink(Stack(1, None), Stack(4, None)).slice_at(0).index == 0
    assert SliceLink(Stack(3, np.arange(3.0)), Stack(1, np.zeros(1))).slice_at(2).index == 0
