from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_cpam_stroke.core.editing import Edit
from napari_cpam_stroke.core.editing.edit import fill, nothing, redraw, replace
from napari_cpam_stroke.errors import InputError

from .conftest import SHAPE, masks


@given(masks(), masks())
def test_an_edit_is_exactly_the_difference(before: np.ndarray, after: np.ndarray) -> None:
    whole = tuple(slice(0, n) for n in SHAPE)
    edit = replace(before, whole, after)
    assert edit.voxels == np.count_nonzero(before != after)
    assert edit.slices == tuple(np.flatnonzero((before != after).any(axis=(1, 2))))
    copy = before.copy()
    np.testing.assert_array_equal(edit.applied(before), after)
    np.testing.assert_array_equal(before, copy)
    edit.apply_to(before)
    np.testing.assert_array_equal(before, after)


@given(masks(), masks(), st.tuples(*[st.booleans()] * 3))
def test_a_flipped_edit_does_the_same_in_the_flipped_view(before, after, flips) -> None:
    edit = replace(before, tuple(slice(0, n) for n in SHAPE), after)
    view = tuple(slice(None, None, -1 if flip else 1) for flip in flips)
    np.testing.assert_array_equal(edit.flipped(flips).applied(before[view]), after[view])


@given(masks(), masks(), st.sets(st.integers(0, SHAPE[0] - 1)))
def test_redrawing_changes_the_slices_named_and_no_others(
    before: np.ndarray, after: np.ndarray, slices: set[int]
) -> None:
    expected = before.copy()
    expected[sorted(slices)] = after[sorted(slices)]
    np.testing.assert_array_equal(redraw(before, {z: after[z] for z in slices}).applied(before), expected)


def test_it_can_be_written_through_a_view() -> None:
    mask = np.zeros(SHAPE, np.uint8)
    view = mask[::-1, :, ::-1]
    Edit(SHAPE, np.array([0]), np.array([2], np.uint8)).apply_to(view)
    assert mask[-1, 0, -1] == 2


def test_fill_keeps_the_other_class_unless_told() -> None:
    mask = np.zeros((1, 2, 2), np.uint8)
    mask[0, 0] = [1, 2]
    box, region = (slice(0, 1), slice(0, 2), slice(0, 2)), np.ones((1, 2, 2), bool)
    np.testing.assert_array_equal(fill(mask, box, region, 1).applied(mask)[0], [[1, 2], [1, 1]])
    np.testing.assert_array_equal(fill(mask, box, region, 1, overwrite=True).applied(mask)[0], 1)
    np.testing.assert_array_equal(fill(mask, box, region, 0).applied(mask)[0], 0)


def test_nothing_is_nothing() -> None:
    mask = np.ones(SHAPE, np.uint8)
    edit = nothing(mask)
    assert edit.voxels == 0
    assert edit.slices == ()
    np.testing.assert_array_equal(edit.applied(mask), mask)


def test_a_mask_of_another_shape_is_refused() -> None:
    with pytest.raises(InputError, match="another shape"):
        nothing(np.zeros(SHAPE, np.uint8)).apply_to(np.zeros((1, 2, 3), np.uint8))
