from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from napari_cpam_stroke.core.editing import Midline, copy_slice, mirror_component
from napari_cpam_stroke.errors import InputError

from .conftest import SHAPE, geometry, make_volume, masks

slices = st.integers(0, SHAPE[0] - 1)


@given(masks(), slices, slices)
def test_copy_fills_what_is_empty(mask: np.ndarray, source: int, target: int) -> None:
    after = copy_slice(mask, source, target).applied(mask)
    np.testing.assert_array_equal(after[target], np.where(mask[target] == 0, mask[source], mask[target]))
    others = np.arange(SHAPE[0]) != target
    np.testing.assert_array_equal(after[others], mask[others])


@given(masks(), slices, slices)
def test_copy_replaces_the_slice_on_demand(mask: np.ndarray, source: int, target: int) -> None:
    after = copy_slice(mask, source, target, only_empty=False).applied(mask)
    np.testing.assert_array_equal(after[target], mask[source])


@pytest.mark.parametrize(("source", "target"), [(-1, 0), (0, 5), (4, 5)])
def test_there_is_no_slice_beyond_the_ends(source: int, target: int) -> None:
    with pytest.raises(InputError, match="0 to 4"):
        copy_slice(np.zeros(SHAPE, np.uint8), source, target)


@pytest.mark.parametrize("degrees", [0.0, 12.0, -17.0])
def test_mirroring_twice_leads_back(degrees: float) -> None:
    line = Midline((50.0, 48.0), degrees)
    mask = np.zeros((3, 100, 100), np.uint8)
    y, x = np.ogrid[:100, :100]
    mask[1] = np.hypot((y - 52) / 9, (x - 25) / 6) <= 1
    volume = make_volume(np.zeros(mask.shape), geometry(steps=(4.0, 4.0)))
    there = mirror_component(mask, volume, (1, 52, 25), midline=line).applied(mask)
    image = there & ~mask
    expected = line.reflect(np.array([[52.0], [25.0]]))[:, 0]
    np.testing.assert_allclose(ndimage.center_of_mass(image[1]), expected, atol=0.3)
    assert np.count_nonzero(image) == pytest.approx(np.count_nonzero(mask), rel=0.05)
    at = (1, *expected.round().astype(int))
    back = mirror_component(image, volume, at, midline=line).applied(image) & ~image
    assert (back & mask).sum() > 0.93 * mask.sum()


@given(st.tuples(st.floats(-50, 50), st.floats(-50, 50)), st.floats(-30, 30), st.floats(-90, 90))
def test_reflection_is_its_own_inverse_and_keeps_the_line(point, degrees: float, along: float) -> None:
    line = Midline(point, degrees)
    there = line.reflect(np.array([[3.0, along], [4.0, 7.0]]))
    np.testing.assert_allclose(line.reflect(there), [[3.0, along], [4.0, 7.0]], atol=1e-9)
    on_line = np.array(point)[:, None]
    np.testing.assert_allclose(line.reflect(on_line), on_line, atol=1e-9)


@pytest.mark.parametrize("degrees", [-14.0, 0.0, 9.0])
def test_the_midline_comes_from_the_head_itself(degrees: float) -> None:
    y, x = np.mgrid[:160, :160] - np.array([80.0, 72.0])[:, None, None]
    angle = np.radians(degrees)
    along, across = np.cos(angle) * y - np.sin(angle) * x, np.sin(angle) * y + np.cos(angle) * x
    radius = np.hypot(along / 60, across / 46)
    hu = np.select([radius < 0.9, radius < 1], [35, 900], -1000)
    left = np.hypot(along + 10, across - 22) < 8
    right = np.hypot(along + 10, across + 22) < 8
    mask = left[None].repeat(2, axis=0).astype(np.uint8)
    volume = make_volume(hu[None].repeat(2, axis=0), geometry(steps=(4.0,)))
    at = (0, *np.argwhere(left).mean(axis=0).round().astype(int))
    image = mirror_component(mask, volume, at).applied(mask)[0] & ~mask[0]
    assert 2 * (image & right).sum() / (image.sum() + right.sum()) > 0.75


def test_an_image_beyond_the_edge_is_cut() -> None:
    mask = np.zeros((1, 30, 30), np.uint8)
    mask[0, 10:14, 2:6] = 2
    volume = make_volume(np.zeros(mask.shape), geometry(steps=()))
    assert mirror_component(mask, volume, (0, 11, 3), midline=Midline((15, 40), 0.0)).voxels == 0
    assert mirror_component(mask, volume, (0, 11, 3), midline=Midline((15, 17), 0.0)).voxels == 4
