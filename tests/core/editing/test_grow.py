from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    holes = np.hypot(*volume.geometry.pixel_spacing_mm) * 4
    assert away.max() <= radius + holes


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
