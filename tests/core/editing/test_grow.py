from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from napari_cpam_stroke.core.editing import grow

from .conftest import SHAPE, geometry, make_volume, voxels

BIG = (6, 60, 60)


def two_infarcts(noise: float = 0.0) -> np.ndarray:
    """Return brain of 35 HU with two dark blocks of 20 HU that do not touch."""
    hu = np.full(BIG, 35.0)
    hu[1:5, 10:30, 10:30] = 20
    hu[1:5, 40:55, 40:55] = 20
    return hu + np.random.default_rng(3).normal(0, noise, BIG)


def place():
    return geometry(steps=(4.0,) * 5)


@pytest.mark.parametrize("noise", [0.0, 4.0])
def test_it_takes_the_one_that_was_clicked(noise: float) -> None:
    volume = make_volume(two_infarcts(noise), place())
    mask = np.zeros(BIG, np.uint8)
    after = grow(mask, volume, (2, 20, 20), 1, tolerance_hu=7).applied(mask)
    truth = np.zeros(BIG, bool)
    truth[1:5, 10:30, 10:30] = True
    overlap = 2 * (truth & (after == 1)).sum() / (truth.sum() + (after == 1).sum())
    assert overlap > 0.9
    assert not after[:, 36:].any()


@given(voxels, st.floats(1, 20), st.floats(1, 8), st.integers(0, 4))
def test_it_is_connected_near_and_within_its_slices(at, tolerance: float, radius: float, reach: int) -> None:
    volume = make_volume(place=geometry(0.4))
    mask = np.zeros(SHAPE, np.uint8)
    edit = grow(mask, volume, at, 1, tolerance_hu=tolerance, radius_mm=radius, reach_slices=reach)
    after = edit.applied(mask)
    assert after[at] == 1
    assert all(abs(z - at[0]) <= reach for z in edit.slices)
    points = volume.geometry.index_to_patient(np.stack(edit.indices, axis=1))
    away = np.linalg.norm(points - volume.geometry.index_to_patient([at]), axis=1)
    assert away.max() <= radius + 1e-6


def test_a_wider_tolerance_never_takes_less() -> None:
    volume = make_volume(two_infarcts(4.0), place())
    mask = np.zeros(BIG, np.uint8)
    sizes = [grow(mask, volume, (2, 20, 20), 1, tolerance_hu=t).voxels for t in (1, 3, 6, 12, 40)]
    assert sizes == sorted(sizes)


def test_the_other_class_is_a_wall_unless_overwritten() -> None:
    hu = np.full(BIG, 30.0)
    mask = np.zeros(BIG, np.uint8)
    mask[:, :, 25:28] = 2
    volume = make_volume(hu, place())
    behind = grow(mask, volume, (2, 30, 10), 1, radius_mm=40).applied(mask)
    assert not (behind[:, :, 28:] == 1).any()
    over = grow(mask, volume, (2, 30, 10), 1, radius_mm=40, overwrite=True).applied(mask)
    assert (over[2, 30] == 1).all()


def test_small_holes_are_filled_and_large_ones_are_not() -> None:
    hu = np.full(BIG, 30.0)
    hu[2, 20, 20] = 400
    hu[2, 35:50, 35:50] = 90
    mask = np.zeros(BIG, np.uint8)
    after = grow(mask, make_volume(hu, place()), (2, 28, 28), 1, tolerance_hu=5, reach_slices=0).applied(mask)
    assert after[2, 20, 20] == 1
    assert not after[2, 36:49, 36:49].any()


def plain_grow(hu: np.ndarray, seed, free: np.ndarray, *, tolerance: float, near: np.ndarray) -> np.ndarray:
    """Grow on the whole volume: smooth by one pixel in plane, compare, keep what is connected, fill small holes."""
    smooth = ndimage.gaussian_filter(hu.astype(np.float32), (0, 1, 1), truncate=3, mode="nearest")
    alike = (np.abs(smooth - smooth[seed]) <= tolerance) & near & free
    pieces, _ = ndimage.label(alike, np.ones((3, 3, 3)))
    region = pieces == pieces[seed]
    for z in range(len(hu)):
        gaps, count = ndimage.label(ndimage.binary_fill_holes(region[z], np.ones((3, 3))) & ~region[z], np.ones((3, 3)))
        for n in range(1, count + 1):
            if (gaps == n).sum() <= 16:
                region[z] |= gaps == n
    return region


@pytest.mark.parametrize("number", range(12))
def test_it_agrees_with_growing_on_the_whole_volume(number: int) -> None:
    rng = np.random.default_rng(number)
    hu = 30 + ndimage.gaussian_filter(rng.normal(0, 60, BIG), (0.5, 2, 2)) + rng.normal(0, 4, BIG)
    volume, seed = make_volume(hu, place()), (int(rng.integers(6)), int(rng.integers(8, 52)), int(rng.integers(8, 52)))
    mask = (rng.random(BIG) < 0.02).astype(np.uint8) * 2
    mask[seed] = 0
    reach, radius, tolerance = int(rng.integers(0, 4)), float(rng.uniform(5, 14)), float(rng.uniform(5, 9))
    z, y, x = np.ogrid[tuple(slice(n) for n in BIG)]
    distance = (4 * (z - seed[0])) ** 2 + (0.5 * (y - seed[1])) ** 2 + (0.5 * (x - seed[2])) ** 2
    near = (distance <= radius**2) & (abs(z - seed[0]) <= reach)
    after = grow(mask, volume, seed, 1, tolerance_hu=tolerance, radius_mm=radius, reach_slices=reach).applied(mask)
    expected = plain_grow(volume.hu, seed, mask == 0, tolerance=tolerance, near=near)
    np.testing.assert_array_equal(after == 1, expected & (mask == 0))
    np.testing.assert_array_equal(after == 2, mask == 2)


def test_a_small_radius_fills_no_corners() -> None:
    """The corners of the box around a small ball are no holes."""
    mask = np.zeros(BIG, np.uint8)
    after = grow(mask, make_volume(np.full(BIG, 30.0), place()), (2, 30, 30), 1, radius_mm=2.5, reach_slices=0)
    y, x = np.mgrid[:60, :60] - 30
    np.testing.assert_array_equal(after.applied(mask)[2] == 1, np.hypot(y, x) <= 5)


def test_unless_said_otherwise_it_reaches_forty_millimetres_and_six_hu() -> None:
    shape = (30, 180, 24)
    hu = np.full(shape, 30.0)
    hu[:, :, 12:18], hu[:, :, 18:] = 36, 38
    volume = make_volume(hu, geometry(steps=(4.0,) * 29))
    mask = np.zeros(shape, np.uint8)
    after = grow(mask, volume, (12, 90, 4), 1).applied(mask) == 1
    assert after[12, 10:171, 4].all(), "40 mm are 80 pixels"
    assert not after[12, :10, 4].any()
    assert not after[12, 171:, 4].any()
    assert np.flatnonzero(after[:, 90, 4]).tolist() == list(range(2, 23)), "and 10 slices"
    assert after[12, 90, 14], "6 HU away"
    assert not after[12, 90, 20:].any()


@pytest.mark.parametrize(
    ("reach", "slices"), [(0, [1]), (1, [0, 1, 2]), (3, [0, 1, 2, 3, 4]), (None, [0, 1, 2, 3, 4, 5])]
)
def test_slices_within_reach(reach: int | None, slices: list[int]) -> None:
    mask = np.zeros(BIG, np.uint8)
    edit = grow(mask, make_volume(np.full(BIG, 30.0), place()), (1, 30, 30), 1, reach_slices=reach)
    assert list(edit.slices) == slices


def test_its_own_label_is_no_wall() -> None:
    mask = np.zeros(BIG, np.uint8)
    mask[:, :, 25:28] = 1
    after = grow(mask, make_volume(np.full(BIG, 30.0), place()), (2, 30, 10), 1).applied(mask)
    assert (after[2, 30] == 1).all()


def test_without_a_limit_a_series_taller_than_wide_is_grown_from_end_to_end() -> None:
    shape = (14, 5, 6)
    mask = np.zeros(shape, np.uint8)
    volume = make_volume(np.full(shape, 30.0), geometry(steps=(2.0,) * 13))
    assert (grow(mask, volume, (0, 2, 2), 1).applied(mask) == 1).all()
    assert (grow(mask, volume, (13, 2, 2), 1).applied(mask) == 1).all()
