"""Regions and lengths against recounts."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_cpam_stroke.core import VolumeGeometry
from napari_cpam_stroke.core.region_statistics import (
    length_mm,
    pixel_areas_mm2,
    pixels_inside,
    region_statistics,
)

RNG = np.random.default_rng(3)
SHAPE = (40, 50)


def geometry(tilt: float = 0.0, steps: tuple[float, ...] = (5.0, 5.0, 5.0)) -> VolumeGeometry:
    """Slices leaning by a gantry tilt about the x axis, stacked straight up."""
    lean, along = np.radians(tilt), np.r_[0.0, np.cumsum(steps)]
    column = np.r_[0, np.cos(lean), np.sin(lean)]
    return VolumeGeometry(
        along[:, None] * np.r_[0, 0, 1.0], np.r_[1.0, 0, 0], column, (0.5, 0.4), np.full(len(along), 5.0)
    )


def test_statistics_are_those_of_a_recount() -> None:
    hu = RNG.integers(-20, 100, SHAPE).astype(np.int16)
    inside = pixels_inside([(4.5, 9.5), (4.5, 19.5), (24.5, 19.5), (24.5, 9.5)], SHAPE, "polygon")
    part = hu[5:25, 10:20].astype(float)
    found = region_statistics(hu, inside, pixel_areas_mm2(geometry(), 0))
    assert (found.pixels, found.min_hu, found.max_hu) == (200, part.min(), part.max())
    assert found.mean_hu == pytest.approx(part.mean())
    assert found.sd_hu == pytest.approx(np.sqrt(((part - part.mean()) ** 2).sum() / 199))
    assert found.area_mm2 == pytest.approx(200 * 0.5 * 0.4)
    assert region_statistics(hu, inside).area_mm2 is None
    assert region_statistics(hu, np.zeros(SHAPE, bool)) is None


@given(st.floats(0, 180), st.floats(3, 12), st.floats(3, 12))
def test_an_ellipse_holds_what_its_equation_says(degrees: float, a: float, b: float) -> None:
    turn = np.radians(degrees)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    box = np.array([(-a, -b), (-a, b), (a, b), (a, -b)])
    centre = np.array([20.0, 24.0])
    inside = pixels_inside(box @ rotation.T + centre, SHAPE, "ellipse")
    u, v = np.tensordot(rotation.T, np.indices(SHAPE) - centre[:, None, None], 1)
    radius = (u / a) ** 2 + (v / b) ** 2
    clear = abs(radius - 1) > 1e-9
    np.testing.assert_array_equal(inside[clear], (radius <= 1)[clear])


def test_a_flat_ellipse_holds_nothing() -> None:
    assert not pixels_inside([(3, 3), (3, 9), (3, 9), (3, 3)], SHAPE, "ellipse").any()


@pytest.mark.parametrize("tilt", [0.0, 25.0])
def test_areas_across_slices_are_those_of_the_leaning_rows(tilt: float) -> None:
    where = geometry(tilt, steps=(4.0, 6.0, 6.0))
    heights = np.array([4, 5, 6, 6.0])
    np.testing.assert_allclose(pixel_areas_mm2(where, 1).ravel(), heights * 0.4, rtol=1e-12)
    np.testing.assert_allclose(pixel_areas_mm2(where, 2).ravel(), heights * 0.5 * np.cos(np.radians(tilt)))
    assert pixel_areas_mm2(where, 0).item() == pytest.approx(0.2)


@given(st.sampled_from([0.0, 18.0]), st.lists(st.tuples(*[st.floats(0, 3)] * 3), min_size=2, max_size=4))
def test_a_line_is_as_long_as_in_the_patient(tilt: float, points: list[tuple[float, float, float]]) -> None:
    where = geometry(tilt)
    places = where.index_to_patient(points)
    expected = sum(float(np.linalg.norm(b - a)) for a, b in pairwise(places))
    assert length_mm(where, points) == pytest.approx(expected)


def test_tilt_makes_no_mistake_in_plane_or_across() -> None:
    """3 x 4 pixels of 0.5 x 0.4 mm in the plane; straight up 15 mm; with 10 rows beside, by the law of cosines."""
    where = geometry(tilt=20)
    assert length_mm(where, [(1, 0, 0), (1, 3, 4)]) == pytest.approx(np.hypot(1.5, 1.6))
    assert length_mm(where, [(0, 7, 7), (3, 7, 7)]) == pytest.approx(15)
    leaning = 15**2 + 5**2 + 2 * 15 * 5 * np.sin(np.radians(20))
    assert length_mm(where, [(0, 7, 7), (3, 17, 7)]) == pytest.approx(np.sqrt(leaning))
