import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from napari_cpam_stroke.core.boxes import smallest_box

MASKS = hnp.arrays(
    np.uint8, hnp.array_shapes(min_dims=2, max_dims=3, max_side=6), elements=st.sampled_from([0, 0, 0, 0, 1, 2])
)


@settings(deadline=None)
@given(MASKS, st.sampled_from([1, 2]))
def test_it_is_the_box_scipy_finds(mask, label):
    found = (*ndimage.find_objects(mask, max_label=2), None)
    assert smallest_box(mask, label) == (found[label - 1] or (slice(0, 0),) * mask.ndim)


@settings(deadline=None)
@given(MASKS)
def test_without_a_label_everything_marked_is_inside_and_every_face_touches_some(mask):
    box = smallest_box(mask)
    assert np.count_nonzero(mask[box]) == np.count_nonzero(mask)
    if mask.any():
        for axis in range(mask.ndim):
            inside = np.moveaxis(mask[box], axis, 0)
            assert inside[0].any()
            assert inside[-1].any()


@pytest.mark.parametrize("shape", [(4, 5, 6), (5, 6), (0, 5, 6)])
@pytest.mark.parametrize("label", [None, 1])
def test_an_empty_mask_has_an_empty_box(shape, label):
    assert smallest_box(np.zeros(shape, np.uint8), label) == (slice(0, 0),) * len(shape)


@pytest.mark.parametrize("place", [(0, 0, 0), (3, 4, 5), (2, 0, 5), (1, 3), (4, 5)])
@pytest.mark.parametrize("dtype", [bool, np.uint8])
def test_a_single_voxel_is_its_own_box(place, dtype):
    mask = np.zeros((4, 5, 6) if len(place) == 3 else (5, 6), dtype)
    mask[place] = 1
    assert smallest_box(mask) == tuple(slice(i, i + 1) for i in place)
