from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_cpam_stroke.core.acquisition import Acquisition
from napari_cpam_stroke.core.orientation import places_mm, radiological_view

from .conftest import axial

TURNS = [((1, 0, 0), (0, 1, 0)), ((-1, 0, 0), (0, -1, 0)), ((-1, 0, 0), (0, 1, 0)), ((1, 0, 0), (0, -1, 0))]


@pytest.mark.parametrize(("row", "column"), TURNS)
def test_the_view_shares_memory_and_turning_twice_leads_back(row, column) -> None:
    geometry = axial(4, row=np.asarray(row, float), column=np.asarray(column, float))
    native = np.arange(4 * 5 * 6).reshape(4, 5, 6)
    view = radiological_view(native, geometry)
    assert np.shares_memory(view, native)
    np.testing.assert_array_equal(radiological_view(view, geometry), native)


@pytest.mark.parametrize(("row", "column"), TURNS)
def test_a_landmark_on_the_patients_right_is_on_the_left_of_the_screen(row, column) -> None:
    geometry = axial(5, row=np.asarray(row, float), column=np.asarray(column, float), spacing=(1.0, 1.0))
    shape = (5, 20, 20)
    centre = geometry.index_to_patient([(2, 9.5, 9.5)])[0]
    right_front_top = geometry.patient_to_index((centre + np.array([-7, -6, 8]))[None]).round().astype(int)[0]
    native = np.zeros(shape)
    native[tuple(right_front_top)] = 1
    z, y, x = np.argwhere(radiological_view(native, geometry))[0]
    assert z == 4, "head side last"
    assert y < 9.5, "front up"
    assert x < 9.5, "patient's right on the left"


@pytest.mark.parametrize(("row", "column"), TURNS)
def test_places_ascend_with_the_view_and_keep_the_steps(row, column) -> None:
    geometry = axial(4, row=np.asarray(row, float), column=np.asarray(column, float))
    moved = geometry.positions_mm + np.r_[0, 1, 4, 9][:, None] * geometry.normal
    uneven = replace(geometry, positions_mm=moved)
    steps = np.diff(places_mm(uneven))
    native = np.diff(uneven.distances_mm)
    np.testing.assert_allclose(steps, native[::-1] if uneven.display_flips[0] else native)
    assert (steps > 0).all()
    assert places_mm(None) == ()


def test_places_of_slices_without_positions_are_those_the_source_tells() -> None:
    told = Acquisition(slice_places_mm=(10.0, 15.0, 30.0))
    assert places_mm(None, told) == (10.0, 15.0, 30.0)
    assert places_mm(axial(3), told) == places_mm(axial(3)), "a geometry knows better"


def test_leading_axes_stay() -> None:
    prone = axial(3, row=np.r_[-1.0, 0, 0], column=np.r_[0, -1.0, 0])
    stack = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
    np.testing.assert_array_equal(radiological_view(stack, prone), stack[:, :, ::-1, ::-1])


def test_without_geometry_nothing_is_turned() -> None:
    array = np.zeros((2, 3, 4))
    assert radiological_view(array, None) is array
