from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from napari_cpam_stroke.core.components import find_components, find_label

regions = hnp.arrays(bool, hnp.array_shapes(min_dims=3, max_dims=3, max_side=7))


@given(regions)
def test_same_components_as_scipy(region: np.ndarray) -> None:
    labels, count = ndimage.label(region, np.ones((3, 3, 3)))
    found = find_components(region)
    assert found.count == count
    np.testing.assert_array_equal(np.sort(found.voxels), np.sort(np.bincount(labels.ravel())[1:]))
    for number, flat in enumerate(found.each(np.ones(count, bool))):
        assert np.unique(labels.reshape(-1)[flat]).size == 1
        np.testing.assert_array_equal(flat, found.flat_indices(np.arange(count) == number))
    everything = found.flat_indices(np.ones(count, bool))
    np.testing.assert_array_equal(everything, np.flatnonzero(region))


@given(regions, st.data())
def test_component_at_a_voxel(region: np.ndarray, data: st.DataObject) -> None:
    at = tuple(data.draw(st.integers(0, n - 1)) for n in region.shape)
    found = find_components(region)
    number = found.at(at)
    assert (number is not None) == region[at]
    if number is not None:
        assert np.ravel_multi_index(at, region.shape) in found.flat_indices(found.only(at))


@pytest.mark.parametrize("at", [(-1, 0, 0), (0, 0, 3), (2, 0, 0)])
def test_nothing_lies_outside(at: tuple[int, int, int]) -> None:
    assert find_components(np.ones((2, 3, 3), bool)).at(at) is None


def test_rows_do_not_run_into_each_other() -> None:
    region = np.zeros((1, 4, 6), bool)
    region[0, 0, 5] = region[0, 2, 0] = True
    assert find_components(region).count == 2
    region[0, 1, 0] = True
    assert find_components(region).count == 2, "the end of a row does not touch the start of the next one"


def test_a_view_is_as_good_as_an_array() -> None:
    region = np.random.default_rng(0).random((4, 5, 6)) < 0.3
    assert find_components(region[::-1, :, ::-1]).count == find_components(region).count


@given(hnp.arrays(np.uint8, hnp.array_shapes(min_dims=3, max_dims=3, max_side=7), elements=st.integers(0, 2)))
def test_one_label_of_a_mask(mask: np.ndarray) -> None:
    found, expected = find_label(mask, 2), find_components(mask == 2)
    assert (found.shape, found.count) == (expected.shape, expected.count)
    np.testing.assert_array_equal(found.start, expected.start)
    np.testing.assert_array_equal(found.number, expected.number)
