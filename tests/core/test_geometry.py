from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_cpam_stroke.core import VolumeGeometry
from napari_cpam_stroke.core.geometry import TILT_FROM_DEGREES
from napari_cpam_stroke.errors import InputError

from .conftest import axial, geometries, orientation

indices = st.lists(st.tuples(*[st.floats(-3, 60)] * 3), min_size=1, max_size=8)


@given(geometries(), indices)
def test_patient_and_index_are_inverses(geometry: VolumeGeometry, zyx: list[tuple[float, float, float]]) -> None:
    back = geometry.patient_to_index(geometry.index_to_patient(zyx))
    np.testing.assert_allclose(back, zyx, atol=1e-6)


@given(geometries())
def test_whole_indices_are_the_frames_own_positions(geometry: VolumeGeometry) -> None:
    z = np.arange(geometry.slices)
    corners = geometry.index_to_patient(np.stack([z, 0 * z, 0 * z], axis=1))
    np.testing.assert_allclose(corners, geometry.positions_mm, atol=1e-9)


@given(geometries())
def test_a_column_step_is_one_pixel_along_the_row_direction(geometry: VolumeGeometry) -> None:
    origin, right, down = geometry.index_to_patient([(0, 0, 0), (0, 0, 1), (0, 1, 0)])
    np.testing.assert_allclose(right - origin, geometry.pixel_spacing_mm[1] * geometry.row_direction, atol=1e-9)
    np.testing.assert_allclose(down - origin, geometry.pixel_spacing_mm[0] * geometry.column_direction, atol=1e-9)


@given(geometries())
def test_intervals_add_up_to_what_the_slices_span(geometry: VolumeGeometry) -> None:
    intervals = geometry.slice_interval_mm
    if geometry.slices == 1:
        assert intervals[0] == geometry.thickness_mm[0]
    else:
        along = geometry.distances_mm
        ends = (geometry.steps_mm[0] + geometry.steps_mm[-1]) / 2
        assert intervals.sum() == pytest.approx(along[-1] - along[0] + ends)
        assert (intervals > 0).all()


def test_a_slice_between_unequal_steps_stands_for_half_of_each() -> None:
    geometry = VolumeGeometry(
        np.array([[0, 0, 0], [0, 0, 5], [0, 0, 15.0]]), np.r_[1.0, 0, 0], np.r_[0, 1.0, 0], (1, 1), np.full(3, 5.0)
    )
    np.testing.assert_allclose(geometry.slice_interval_mm, [5.0, 7.5, 10.0])
    assert not geometry.uniform


@pytest.mark.parametrize("degrees", [0.0, 5.0, -18.5, 30.0])
def test_tilt_is_found_from_positions(degrees: float) -> None:
    geometry = axial(9, tilt_degrees=degrees)
    assert geometry.tilt_degrees == pytest.approx(abs(degrees), abs=1e-6)
    assert geometry.uniform
    assert geometry.axial
    np.testing.assert_allclose(geometry.steps_mm, 4.0)


def test_jitter_of_rounding_is_uniform_and_a_missing_slice_is_not() -> None:
    jitter = np.random.default_rng(0).uniform(-0.005, 0.005, (20, 3))
    exact = axial(20)
    parts = (exact.row_direction, exact.column_direction, exact.pixel_spacing_mm)
    assert VolumeGeometry(exact.positions_mm + jitter, *parts, exact.thickness_mm).uniform
    gap = np.delete(np.arange(20), 11)
    assert not VolumeGeometry(exact.positions_mm[gap], *parts, exact.thickness_mm[gap]).uniform


SUPINE = ((1, 0, 0), (0, 1, 0))
PRONE = ((-1, 0, 0), (0, -1, 0))
FEET_FIRST_SUPINE = ((-1, 0, 0), (0, 1, 0))
FEET_FIRST_PRONE = ((1, 0, 0), (0, -1, 0))


@pytest.mark.parametrize(
    ("row_column", "flips"),
    [
        (SUPINE, (False, False, False)),
        (PRONE, (False, True, True)),
        (FEET_FIRST_SUPINE, (True, False, True)),
        (FEET_FIRST_PRONE, (True, True, False)),
    ],
)
@pytest.mark.parametrize("tilt", [0.0, 22.0])
def test_flips_lead_to_the_radiological_view(row_column, flips: tuple[bool, bool, bool], tilt: float) -> None:
    geometry = axial(
        6, row=np.asarray(row_column[0], float), column=np.asarray(row_column[1], float), tilt_degrees=tilt
    )
    assert geometry.display_flips == flips
    shape = (6, 20, 30)
    first, last = (
        tuple(n - 1 if flip ^ end else 0 for n, flip in zip(shape, flips, strict=True)) for end in (False, True)
    )
    top_left, bottom_right = geometry.index_to_patient([first, last])
    assert top_left[0] < bottom_right[0], "patient's right must be on the left of the screen"
    up, down = geometry.index_to_patient([(first[0], first[1], 0), (first[0], last[1], 0)])
    assert up[1] < down[1], "anterior must be up"
    feet, head = geometry.index_to_patient([(first[0], 0, 0), (last[0], 0, 0)])
    assert feet[2] < head[2], "feet must come first"


def test_a_coronal_series_is_left_as_it_is() -> None:
    coronal = axial(5, row=np.r_[1.0, 0, 0], column=np.r_[0, 0, -1.0])
    assert not coronal.axial
    assert coronal.display_flips == (False, False, False)


@given(st.floats(-0.6, 0.6), st.floats(-0.6, 0.6), st.floats(-0.5, 0.5))
def test_axial_tolerates_any_head_holder(a: float, b: float, c: float) -> None:
    row, column, normal = orientation(a, b, c).T
    geometry = axial(3, row=row, column=column)
    assert geometry.axial == (abs(normal[2]) >= 0.7)
    np.testing.assert_allclose(geometry.normal, normal, atol=1e-12)


def test_voxel_volume_of_a_known_grid() -> None:
    np.testing.assert_allclose(axial(3, step=5.0, spacing=(0.5, 0.4)).voxel_volumes_ml, 5 * 0.5 * 0.4 / 1000)


@pytest.mark.parametrize(
    "change",
    [
        {"positions_mm": np.zeros((0, 3)), "thickness_mm": np.zeros(0)},
        {"positions_mm": np.zeros((3, 2))},
        {"thickness_mm": np.ones(2)},
        {"positions_mm": np.full((3, 3), np.nan)},
        {"row_direction": np.r_[np.nan, 0, 0]},
        {"column_direction": np.r_[0, np.inf, 0]},
        {"pixel_spacing_mm": (0.0, 1.0)},
        {"pixel_spacing_mm": (1.0, -1.0)},
        {"pixel_spacing_mm": (float("nan"), 1.0)},
    ],
)
def test_impossible_geometries_are_refused(change: dict) -> None:
    good = {
        "positions_mm": axial(3).positions_mm,
        "row_direction": np.r_[1.0, 0, 0],
        "column_direction": np.r_[0, 1.0, 0],
        "pixel_spacing_mm": (1.0, 1.0),
        "thickness_mm": np.ones(3),
    }
    with pytest.raises(InputError, match="Geometry"):
        VolumeGeometry(**(good | change))


def moved(geometry: VolumeGeometry, z: int, by_mm) -> VolumeGeometry:
    """Return the same stack with one slice out of its place."""
    positions = geometry.positions_mm.copy()
    positions[z] += by_mm
    return VolumeGeometry(
        positions, geometry.row_direction, geometry.column_direction, geometry.pixel_spacing_mm, geometry.thickness_mm
    )


@pytest.mark.parametrize("direction", [(0, 0, 1), (0, -1, 0), (1, 0, 0)])
@pytest.mark.parametrize(("by_mm", "uniform"), [(0.019, True), (0.021, False), (0.3, False)])
def test_steps_are_uniform_within_a_fiftieth_of_a_millimetre(direction, by_mm: float, uniform: bool) -> None:
    assert moved(axial(9), 4, by_mm * np.asarray(direction)).uniform is uniform
    assert moved(axial(3), 1, by_mm * np.asarray(direction)).uniform is uniform
    assert moved(axial(2), 1, by_mm * np.asarray(direction)).uniform, "one step has nothing to differ from"


def test_one_slice_or_one_place_has_no_tilt() -> None:
    assert axial(1, tilt_degrees=20).tilt_degrees == 0
    assert axial(3, step=0.0).tilt_degrees == 0
    assert axial(2, tilt_degrees=20).tilt_degrees == pytest.approx(20)


def test_a_single_slice_is_as_thick_as_it_says() -> None:
    alone = VolumeGeometry(np.array([[1.0, 2.0, 3.0]]), np.r_[1.0, 0, 0], np.r_[0, 1.0, 0], (0.5, 0.4), np.r_[5.0])
    np.testing.assert_allclose(alone.index_to_patient([(1, 0, 0), (-1, 10, 10)]), [[1, 2, 8], [5, 7, -2]])
    np.testing.assert_allclose(alone.patient_to_index([(5, 7, -2), (1, 2, 5.5)]), [[-1, 10, 10], [0.5, 0, 0]])
    alone.slice_interval_mm[0] = 99
    assert alone.thickness_mm.tolist() == [5], "the caller's own copy"


def test_between_slices_positions_are_interpolated_and_beyond_the_ends_continued() -> None:
    geometry = VolumeGeometry(
        np.array([[0, 0, 0], [0, 1, 4], [0, 1, 12.0]]), np.r_[1.0, 0, 0], np.r_[0, 1.0, 0], (1, 1), np.full(3, 4.0)
    )
    points = [[0, -1, -4], [0, 0.25, 1], [0, 1, 8], [0, 1, 20]]
    np.testing.assert_allclose(geometry.index_to_patient([(z, 0, 0) for z in (-1, 0.25, 1.5, 3)]), points)
    np.testing.assert_allclose(geometry.patient_to_index(points)[:, 0], [-1, 0.25, 1.5, 3])


def test_the_normal_has_unit_length_although_the_axes_are_not_quite_at_right_angles() -> None:
    skewed = axial(3, row=(1.0, 0.0, 0.0), column=(0.1, 0.995, 0.0))
    np.testing.assert_allclose(skewed.normal, [0, 0, 1])


@pytest.mark.parametrize(("degrees", "is_axial"), [(45.5, True), (46, False), (60, False), (134, False), (135, True)])
def test_axial_ends_at_a_cosine_of_seven_tenths(degrees: float, is_axial: bool) -> None:
    angle = np.radians(degrees)
    assert axial(3, column=(0.0, np.cos(angle), np.sin(angle))).axial is is_axial


@pytest.mark.parametrize("start_mm", [0.0, -37.0, 250.0])
def test_tilt_does_not_depend_on_where_the_stack_begins(start_mm: float) -> None:
    shifted = moved(axial(9, tilt_degrees=12), slice(None), (start_mm, -start_mm, start_mm))
    assert shifted.tilt_degrees == pytest.approx(12)


@given(st.floats(-0.6, 0.6), st.floats(-0.6, 0.6))
def test_an_untilted_stack_has_a_tilt_of_zero_whatever_the_rounding(a: float, b: float) -> None:
    row, column, _ = orientation(a, b, 0.3).T
    assert axial(4, step=4.37, row=row, column=column).tilt_degrees == pytest.approx(0, abs=1e-4)


def test_a_slightly_turned_supine_head_is_shown_as_it_is() -> None:
    row, column, _ = orientation(0.2, 0.3, -0.2).T
    assert axial(3, row=row, column=column).display_flips == (False, False, False)


def test_a_head_on_its_side_is_shown_as_it_is() -> None:
    assert axial(3, row=(0.0, 1.0, 0.0), column=(-1.0, 0.0, 0.0)).display_flips == (False, False, False)


def test_plain_sequences_are_taken_too() -> None:
    geometry = VolumeGeometry([(0, 0, 0), (0, 0, 5)], (1, 0, 0), (0, 1, 0), (1, 1), [5, 5])
    for values in (geometry.positions_mm, geometry.row_direction, geometry.column_direction, geometry.thickness_mm):
        assert values.dtype == np.float64
    assert geometry.slice_interval_mm.tolist() == [5, 5]


def test_a_fifth_of_a_degree_is_a_tilt_and_less_is_rounding() -> None:
    less, more = (axial(30, tilt_degrees=degrees).tilt_degrees for degrees in (0.19, 0.21))
    assert less < TILT_FROM_DEGREES < more
