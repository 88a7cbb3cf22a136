"""Distances from a fitted midline, against geometry by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_cpam_stroke.core.editing import Midline
from napari_cpam_stroke.core.midline_shift import IdealMidline

PLACES = st.tuples(st.floats(0, 200), st.floats(0, 200))


def test_beside_an_upright_line() -> None:
    line = IdealMidline(Midline((50.0, 60.0)), (0.5, 0.4))
    assert line.distance_mm((10, 70)) == pytest.approx(4.0)
    assert line.distance_mm((90, 50)) == pytest.approx(-4.0)
    assert line.foot((10, 70)) == pytest.approx((10, 60))
    assert line.ends(100) == (pytest.approx((0, 60)), pytest.approx((99, 60)))


@given(st.floats(-24, 24), PLACES)
def test_the_foot_lies_on_the_line_and_is_nearest(degrees: float, yx: tuple[float, float]) -> None:
    spacing = np.array([0.5, 0.4])
    line = IdealMidline(Midline((100.0, 90.0), degrees), (0.5, 0.4))
    foot = np.array(line.foot(yx))
    assert line.distance_mm(foot) == pytest.approx(0, abs=1e-9)
    assert np.linalg.norm((np.array(yx) - foot) * spacing) == pytest.approx(abs(line.distance_mm(yx)), abs=1e-9)
    first, last = (np.array(end) for end in line.ends(200))
    assert [line.distance_mm(first), line.distance_mm(last)] == pytest.approx([0, 0], abs=1e-9)
    along = np.linspace(first, last, 400)
    assert (np.linalg.norm((along - yx) * spacing, axis=1) >= abs(line.distance_mm(yx)) - 1e-9).all()


@given(st.floats(-24, 24), PLACES)
def test_a_mirrored_point_lies_as_far_on_the_other_side(degrees: float, yx: tuple[float, float]) -> None:
    midline = Midline((100.0, 90.0), degrees)
    line = IdealMidline(midline, (0.5, 0.5))
    other = midline.reflect(np.array(yx)[:, None])[:, 0]
    assert line.distance_mm(other) == pytest.approx(-line.distance_mm(yx), abs=1e-9)
