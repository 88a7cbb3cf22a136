import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from napari_cpam_stroke.review.changes import Changes

MASKS = hnp.arrays(np.uint8, (4, 3, 3), elements=st.integers(0, 2))


@given(st.none() | MASKS, MASKS, MASKS)
def test_counts_kept_slice_by_slice_equal_counts_made_at_once(reference, before, after):
    base = np.zeros_like(before) if reference is None else reference
    changes = Changes(reference, before)
    assert changes.voxels == np.count_nonzero(before != base)
    touched = np.flatnonzero((before != after).any(axis=(1, 2)))
    changes.follow(after, touched.tolist())
    assert changes.voxels == np.count_nonzero(after != base)
    assert changes.slices == tuple(np.flatnonzero((after != base).any(axis=(1, 2))))
