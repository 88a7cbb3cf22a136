from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.measure import label, regionprops

from napari_cpam_stroke.core import LesionClass, VolumeGeometry, measure_lesions
from napari_cpam_stroke.core.lesions import class_volume_ml
from napari_cpam_stroke.errors import GeometryMismatchError

from .conftest import axial, ball, geometries, volume_of


@given(geometries(), st.integers(0, 2**32 - 1), st.floats(0.01, 0.4))
def test_agrees_with_measuring_voxel_by_voxel(geometry: VolumeGeometry, seed: int, share: float) -> None:
    shape = (geometry.slices, 9, 11)
    mask = (np.random.default_rng(seed).random(shape) < share).astype(np.uint8) * 2
    table = measure_lesions(mask, volume_of(np.zeros(shape), geometry))
    expected = {
        tuple(part.coords.mean(axis=0).round(9)): part.coords for part in regionprops(label(mask, connectivity=3))
    }
    assert len(table.lesions) == len(expected)
    for lesion in table.lesions:
        coords = min(expected.values(), key=lambda c: np.abs(c.mean(axis=0) - lesion.centroid_zyx).sum())
        assert lesion.voxels == len(coords)
        assert (lesion.first_slice, lesion.last_slice) == (coords[:, 0].min(), coords[:, 0].max())
        assert lesion.volume_ml == pytest.approx(geometry.voxel_volumes_ml[coords[:, 0]].sum())
        np.testing.assert_allclose(lesion.centroid_zyx, coords.mean(axis=0), atol=1e-9)
        np.testing.assert_allclose(
            lesion.centroid_lps_mm, geometry.index_to_patient(coords).mean(axis=0), rtol=1e-9, atol=1e-6
        )


@given(geometries(), st.integers(0, 2**32 - 1))
def test_lesions_add_up_to_the_class(geometry: VolumeGeometry, seed: int) -> None:
    shape = (geometry.slices, 8, 8)
    mask = np.random.default_rng(seed).integers(0, 3, shape).astype(np.uint8)
    table = measure_lesions(mask, volume_of(np.zeros(shape), geometry))
    for c in LesionClass:
        total = sum(lesion.volume_ml for lesion in table.lesions if lesion.lesion_class is c)
        assert total == pytest.approx(table.volumes_ml[c.label])


def test_a_ball_of_known_size_in_a_tilted_series() -> None:
    geometry = axial(30, step=2.0, spacing=(0.5, 0.5), tilt_degrees=20)
    centre = np.array([15.0, 45.0, 28.0])
    shape = (30, 160, 120)
    zyx = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), axis=-1).reshape(-1, 3)
    inside = np.linalg.norm(geometry.index_to_patient(zyx) - centre, axis=1) <= 10
    table = measure_lesions(inside.reshape(shape).astype(np.uint8), volume_of(np.zeros(shape), geometry))
    (lesion,) = table.lesions
    assert lesion.volume_ml == pytest.approx(4 / 3 * np.pi, rel=0.02)
    np.testing.assert_allclose(lesion.centroid_lps_mm, centre, atol=0.1)


def test_classes_are_separate_and_the_largest_comes_first() -> None:
    mask = np.zeros((6, 30, 30), np.uint8)
    mask[ball(mask.shape, (2, 8, 8), 2)] = 1
    mask[ball(mask.shape, (3, 20, 20), 3)] = 2
    mask[5, 2, 28] = 1
    table = measure_lesions(mask, volume_of(np.zeros(mask.shape), axial(6)))
    assert [int(lesion.lesion_class) for lesion in table.lesions] == [2, 1, 1]


def test_corners_touch() -> None:
    mask = np.zeros((2, 4, 4), np.uint8)
    mask[0, 0, 0] = mask[1, 1, 1] = 1
    assert len(measure_lesions(mask, volume_of(np.zeros(mask.shape), axial(2))).lesions) == 1


def test_without_geometry_there_are_no_millilitres() -> None:
    mask = np.ones((2, 3, 3), np.uint8)
    table = measure_lesions(mask, volume_of(np.zeros(mask.shape)))
    assert table.volumes_ml == {"ischemia": None, "hemorrhage": None}
    assert table.lesions[0].volume_ml is None
    assert table.lesions[0].centroid_lps_mm is None
    assert table.lesions[0].voxels == 18


def test_an_empty_mask_has_no_lesions_and_zero_volume() -> None:
    volume = volume_of(np.zeros((2, 3, 3)), axial(2))
    table = measure_lesions(np.zeros((2, 3, 3), np.uint8), volume)
    assert table.lesions == ()
    assert table.volumes_ml == {"ischemia": 0.0, "hemorrhage": 0.0}
    assert class_volume_ml(np.zeros((2, 3, 3), np.uint8), LesionClass.ISCHEMIA, volume) == 0.0


def test_the_mask_of_another_series_is_refused() -> None:
    with pytest.raises(GeometryMismatchError, match="another shape"):
        measure_lesions(np.zeros((3, 3, 3), np.uint8), volume_of(np.zeros((2, 3, 3))))


def test_slices_of_a_lesion_in_a_series_longer_than_a_slice_is_wide() -> None:
    mask = np.zeros((12, 3, 4), np.uint8)
    mask[2:4, 1, 1] = 1
    mask[9:12, 1, 1] = 2
    table = measure_lesions(mask, volume_of(np.zeros(mask.shape), axial(12)))
    spans = [(lesion.lesion_class.label, lesion.first_slice, lesion.last_slice) for lesion in table.lesions]
    assert spans == [("hemorrhage", 9, 11), ("ischemia", 2, 3)]


def test_where_a_lesion_lies_in_known_numbers() -> None:
    mask = np.zeros((4, 6, 8), np.uint8)
    mask[1, 2, 3:6] = 1
    mask[2, 2, 5] = 1
    (lesion,) = measure_lesions(mask, volume_of(np.zeros(mask.shape), axial(4, step=5.0, spacing=(0.5, 0.4)))).lesions
    assert lesion.voxels == 4
    assert lesion.volume_ml == pytest.approx(0.004)
    assert lesion.centroid_zyx == pytest.approx((1.25, 2, 4.25))
    assert lesion.centroid_lps_mm == pytest.approx((1.7, 1.0, 6.25))
    assert all(isinstance(value, float) for value in (*lesion.centroid_zyx, *lesion.centroid_lps_mm))


def test_the_mean_probability_is_that_of_the_lesions_own_class_and_voxels() -> None:
    mask = np.zeros((3, 8, 8), np.uint8)
    mask[0, 1:3, 1:3], mask[2, 5, 5:7], mask[1, 6, 1] = 1, 2, 2
    probabilities = np.full((2, 3, 8, 8), 9, np.uint8)
    probabilities[0, 0, 1:3, 1:3] = [[255, 204], [153, 204]]
    probabilities[1, 2, 5, 5:7], probabilities[1, 1, 6, 1] = [51, 153], 255
    volume = volume_of(np.zeros(mask.shape), axial(3))
    means = [lesion.mean_probability for lesion in measure_lesions(mask, volume, probabilities=probabilities).lesions]
    assert means == pytest.approx([0.8, 0.4, 1.0])
    assert {lesion.mean_probability for lesion in measure_lesions(mask, volume).lesions} == {None}
