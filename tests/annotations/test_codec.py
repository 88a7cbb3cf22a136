import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from napari_cpam_stroke.annotations.codec import decode_frame, encode_frame

SHAPES = hnp.array_shapes(min_dims=2, max_dims=2, max_side=9)


@given(hnp.arrays(np.int16, SHAPES) | hnp.arrays(np.uint8, SHAPES))
def test_a_slice_comes_back_as_it_was(frame):
    decoded = decode_frame(encode_frame(frame), frame.dtype, frame.shape)
    assert decoded.dtype == frame.dtype
    np.testing.assert_array_equal(decoded, frame)


@given(hnp.arrays(np.int16, (6, 7)))
def test_views_are_encoded_like_copies(frame):
    assert encode_frame(frame[::-1, ::2]) == encode_frame(frame[::-1, ::2].copy())


@given(st.binary(min_size=1, max_size=60))
def test_foreign_bytes_are_refused_or_give_a_slice_of_the_right_shape(data):
    with contextlib.suppress(ValueError):
        assert decode_frame(data, np.dtype("<i2"), (4, 5)).shape == (4, 5)


def test_an_empty_slice_takes_no_bytes():
    assert encode_frame(np.zeros((512, 512), np.uint8)) == b""


def test_bytes_for_more_rows_than_there_are_do_not_fill_the_memory():
    tall = encode_frame(np.ones((50, 8), np.uint8))
    with pytest.raises(ValueError, match="do not fit"):
        decode_frame(tall, np.dtype("uint8"), (4, 8))
