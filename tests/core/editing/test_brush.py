from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_cpam_stroke.core import CTVolume
from napari_cpam_stroke.core.editing import fill_in_range, keep_in_range, paint

from .conftest import SHAPE, geometry, make_volume, voxels

TILT = np.radians(20)


@given(voxels, st.floats(0.3, 9.0), st.sampled_from([0.0, 0.3, -0.5]), st.booleans())
def test_the_brush_is_a_ball_in_the_patient(at, radius: float, tilt: float, ball: bool) -> None:
    place = geometry(tilt, steps=(2.0, 5.0, 3.0, 7.0), spacing=(0.5, 0.8))
    mask = np.zeros(SHAPE, np.uint8)
    painted = paint(mask, make_volume(place=place), at, 1, radius_mm=radius, ball=ball).applied(mask) == 1
    every = np.stack(np.meshgrid(*map(np.arange, SHAPE), indexing="ij"), axis=-1).reshape(-1, 3)
    away = np.linalg.norm(place.index_to_patient(every) - place.index_to_patient([at]), axis=1).reshape(SHAPE)
    near = away <= radius
    if not ball:
        near[np.arange(SHAPE[0]) != at[0]] = False
    sure = np.abs(away - radius) > 1e-6
    np.testing.assert_array_equal(painted[sure], near[sure])


def test_only_the_range_of_hu_changes() -> None:
    volume = make_volume()
    mask = np.zeros(SHAPE, np.uint8)
    edit = paint(mask, volume, (2, 9, 8), 2, radius_mm=3, hu_range=(30, 34))
    hu = volume.hu[edit.indices]
    assert edit.voxels
    assert hu.min() >= 30
    assert hu.max() <= 34
    every = paint(mask, volume, (2, 9, 8), 2, radius_mm=3)
    inside = (volume.hu[every.indices] >= 30) & (volume.hu[every.indices] <= 34)
    assert edit.voxels == inside.sum()


def test_a_stroke_is_the_union_of_its_points() -> None:
    mask, volume = np.zeros(SHAPE, np.uint8), make_volume()
    points = [(2, 3, 3), (2, 6, 5), (2, 17, 15)]
    stroke = paint(mask, volume, points, 1, radius_mm=2, ball=True).applied(mask)
    one_by_one = mask
    for point in points:
        one_by_one = paint(one_by_one, volume, point, 1, radius_mm=2, ball=True).applied(one_by_one)
    np.testing.assert_array_equal(stroke, one_by_one)


def test_a_brush_beside_the_volume_paints_nothing() -> None:
    mask = np.zeros(SHAPE, np.uint8)
    for centre in ((2, 400, 8), (2, -400, 8), (2, 8, -400)):
        assert paint(mask, make_volume(), centre, 1, radius_mm=2).voxels == 0


def test_keep_in_range_erases_the_rest_of_one_component() -> None:
    volume = make_volume()
    mask = np.zeros(SHAPE, np.uint8)
    mask[1:3, 2:8, 2:8] = 1
    mask[1:3, 12:16, 12:16] = 1
    after = keep_in_range(mask, volume, (1, 4, 4), (28, 32)).applied(mask)
    first = mask.copy()
    first[:, 10:] = 0
    np.testing.assert_array_equal(after[:, :10] == 1, (first[:, :10] == 1) & (abs(volume.hu[:, :10] - 30) <= 2))
    np.testing.assert_array_equal(after[:, 10:], mask[:, 10:])


def test_fill_in_range_labels_a_box() -> None:
    volume = make_volume()
    mask = np.zeros(SHAPE, np.uint8)
    box = (slice(1, 3), slice(2, 9), slice(3, 10))
    after = fill_in_range(mask, volume, box, 2, hu_range=(31, 99)).applied(mask)
    np.testing.assert_array_equal(after[box] == 2, volume.hu[box] >= 31)
    assert np.count_nonzero(after) == np.count_nonzero(after[box])


@pytest.mark.parametrize("radius", [0.0, 0.1])
def test_the_smallest_brush_is_one_voxel(radius: float) -> None:
    mask = np.zeros(SHAPE, np.uint8)
    assert paint(mask, make_volume(), (0, 0, 0), 1, radius_mm=radius, ball=True).voxels == 1


def test_a_volume_without_geometry_paints_in_voxels() -> None:
    mask = np.zeros((5, 9, 9), np.uint8)
    bare = CTVolume(np.zeros(mask.shape, np.int16), None, case_id="bare")
    after = paint(mask, bare, (2, 4, 4), 1, radius_mm=2, ball=True).applied(mask)
    assert after[0, 4, 4] == after[4, 4, 4] == after[2, 2, 4] == after[2, 4, 6] == 1
    assert after.sum() == 33
