from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_cpam_stroke.core import CTVolume, measure_lesions
from napari_cpam_stroke.core.editing import component_voxels, erase_component, remove_islands, swap_class
from napari_cpam_stroke.errors import InputError

from .conftest import geometry, make_volume, masks, voxels


@given(masks(), st.floats(0.001, 0.2))
def test_islands_below_the_volume_go_and_the_rest_stays(mask: np.ndarray, below: float) -> None:
    volume = make_volume(place=geometry(steps=(2.0, 3.0, 6.0, 4.0)))
    before = measure_lesions(mask, volume).lesions
    after = measure_lesions(remove_islands(mask, volume, below_ml=below).applied(mask), volume).lesions
    assert {lesion for lesion in before if lesion.volume_ml >= below} == set(after)


@given(masks(), st.integers(0, 60))
def test_islands_by_number_of_voxels(mask: np.ndarray, below: int) -> None:
    volume = make_volume()
    before = measure_lesions(mask, volume).lesions
    after = measure_lesions(remove_islands(mask, volume, below_voxels=below).applied(mask), volume).lesions
    assert {lesion for lesion in before if lesion.voxels >= below} == set(after)


def test_islands_need_a_limit_and_ml_need_geometry() -> None:
    mask = np.ones((2, 3, 3), np.uint8)
    bare = CTVolume(np.zeros(mask.shape, np.int16), None, case_id="bare")
    with pytest.raises(InputError, match="below_voxels"):
        remove_islands(mask, bare)
    with pytest.raises(InputError, match="number of voxels"):
        remove_islands(mask, bare, below_ml=0.1)


@given(masks(), voxels)
def test_the_component_under_a_voxel_is_one_lesion(mask: np.ndarray, at) -> None:
    flat = component_voxels(mask, at)
    if mask[at] == 0:
        assert flat.size == 0
        return
    part = np.zeros_like(mask)
    part.reshape(-1)[flat] = mask[at]
    volume = make_volume()
    (lesion,) = measure_lesions(part, volume).lesions
    assert lesion in measure_lesions(mask, volume).lesions


@given(masks(), voxels)
def test_erasing_takes_one_lesion_away(mask: np.ndarray, at) -> None:
    volume = make_volume()
    after = erase_component(mask, at).applied(mask)
    assert after[at] == 0
    gone = set(measure_lesions(mask, volume).lesions) - set(measure_lesions(after, volume).lesions)
    assert len(gone) == (mask[at] != 0)


def test_only_the_slice_on_demand() -> None:
    mask = np.zeros((3, 6, 6), np.uint8)
    mask[:, 2:4, 2:4] = 2
    assert erase_component(mask, (1, 2, 2), only_slice=True).slices == (1,)
    assert swap_class(mask, (1, 2, 2)).slices == (0, 1, 2)
    after = swap_class(mask, (2, 3, 3), only_slice=True).applied(mask)
    np.testing.assert_array_equal(np.unique(after[2]), [0, 1])
    np.testing.assert_array_equal(after[:2], mask[:2])
