"""What holds for every edit: the mask given is not changed, the other class is not touched, again changes nothing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_cpam_stroke.core import CTVolume, editing
from napari_cpam_stroke.core.editing import Edit, Midline

from .conftest import SHAPE, labels, make_volume, masks, ranges, voxels

VOLUME = make_volume()
MIDDLE = Midline((8.5, 7.5), 0.0)

DRAWING: dict[str, Callable[[np.ndarray, CTVolume, tuple, int, tuple], Edit]] = {
    "paint": lambda m, v, at, c, hu: editing.paint(m, v, at, c, radius_mm=2.0, hu_range=hu),
    "paint ball": lambda m, v, at, c, hu: editing.paint(m, v, at, c, radius_mm=5.0, ball=True),
    "fill in range": lambda m, v, at, c, hu: editing.fill_in_range(m, v, corner_box(at), c, hu_range=hu),
    "grow": lambda m, v, at, c, hu: editing.grow(m, v, at, c, tolerance_hu=3.0),
    "grow a slice": lambda m, v, at, c, hu: editing.grow(m, v, at, c, reach_slices=0, radius_mm=3.0),
    "fill between": lambda m, v, at, c, hu: editing.fill_between(m, v, c),
    "fill one gap": lambda m, v, at, c, hu: editing.fill_between(m, v, c, around=at[0]),
    "smooth": lambda m, v, at, c, hu: editing.smooth(m, v, c),
    "smooth 3D": lambda m, v, at, c, hu: editing.smooth(m, v, c, sigma_mm=2.0, across_slices=True),
    "islands of a class": lambda m, v, at, c, hu: editing.remove_islands(m, v, below_voxels=20, label=c),
    "copy a class": lambda m, v, at, c, hu: editing.copy_slice(m, at[0], (at[0] + 1) % 5, label=c),
    "replace a class": lambda m, v, at, c, hu: editing.copy_slice(m, at[0], 0, label=c, only_empty=False),
}
AT_A_VOXEL: dict[str, Callable[[np.ndarray, CTVolume, tuple, tuple], Edit]] = {
    "erase": lambda m, v, at, hu: editing.erase_component(m, at),
    "erase in slice": lambda m, v, at, hu: editing.erase_component(m, at, only_slice=True),
    "swap": lambda m, v, at, hu: editing.swap_class(m, at),
    "keep in range": editing.keep_in_range,
    "mirror": lambda m, v, at, hu: editing.mirror_component(m, v, at, midline=MIDDLE),
    "islands": lambda m, v, at, hu: editing.remove_islands(m, v, below_ml=0.05),
    "copy slice": lambda m, v, at, hu: editing.copy_slice(m, at[0], 4 - at[0]),
}
ONCE_IS_ENOUGH = set(DRAWING) - {"smooth", "smooth 3D"}


def corner_box(at: tuple[int, int, int]) -> tuple[slice, slice, slice]:
    z, y, x = (slice(0, i + 1) for i in at)
    return z, y, x


@pytest.mark.parametrize("name", DRAWING)
@given(mask=masks(), at=voxels, label=labels, hu=ranges)
def test_drawing_never_touches_the_other_class(name: str, mask: np.ndarray, at, label: int, hu) -> None:
    before = mask.copy()
    edit = DRAWING[name](mask, VOLUME, at, label, hu)
    np.testing.assert_array_equal(mask, before)
    after = edit.applied(mask)
    np.testing.assert_array_equal(after == 3 - label, mask == 3 - label)
    assert edit.values.dtype == np.uint8
    assert (after != mask).sum() == edit.voxels, "a voxel that keeps its label is not part of an edit"
    assert np.unique(edit.flat).size == edit.voxels


@pytest.mark.parametrize("name", sorted(ONCE_IS_ENOUGH))
@given(mask=masks(), at=voxels, label=labels, hu=ranges)
def test_the_same_edit_again_changes_nothing(name: str, mask: np.ndarray, at, label: int, hu) -> None:
    after = DRAWING[name](mask, VOLUME, at, label, hu).applied(mask)
    assert DRAWING[name](after, VOLUME, at, label, hu).voxels == 0


@pytest.mark.parametrize("name", AT_A_VOXEL)
@given(mask=masks(), at=voxels, hu=ranges)
def test_edits_at_a_voxel_leave_the_mask_given_alone(name: str, mask: np.ndarray, at, hu) -> None:
    before = mask.copy()
    edit = AT_A_VOXEL[name](mask, VOLUME, at, hu)
    np.testing.assert_array_equal(mask, before)
    assert (edit.applied(mask) != mask).sum() == edit.voxels
    if mask[at] == 0 and name not in {"islands", "copy slice"}:
        assert edit.voxels == 0, "there is nothing under the cursor"


@given(mask=masks(), at=voxels)
def test_swapping_twice_leads_back_where_no_other_component_joins(mask: np.ndarray, at) -> None:
    alone = np.where(mask == mask[at], mask, 0).astype(np.uint8)
    once = editing.swap_class(alone, at).applied(alone)
    np.testing.assert_array_equal(editing.swap_class(once, at).applied(once), alone)


@given(mask=masks(), at=voxels, label=labels)
def test_overwriting_reaches_every_voxel_of_the_brush(mask: np.ndarray, at, label: int) -> None:
    empty = np.zeros_like(mask)
    brush = editing.paint(empty, VOLUME, at, label, radius_mm=3.0, ball=True)
    after = editing.paint(mask, VOLUME, at, label, radius_mm=3.0, ball=True, overwrite=True).applied(mask)
    assert (after[brush.indices] == label).all()
    outside = np.ones(SHAPE, bool)
    outside[brush.indices] = False
    np.testing.assert_array_equal(after[outside], mask[outside])


@given(mask=masks(), at=voxels)
def test_label_zero_erases_both_classes(mask: np.ndarray, at) -> None:
    after = editing.paint(mask, VOLUME, at, 0, radius_mm=2.0).applied(mask)
    assert after[at] == 0
    assert (after[after != mask] == 0).all()


@given(mask=masks(), label=labels, data=st.data())
def test_without_geometry_edits_count_in_voxels(mask: np.ndarray, label: int, data: st.DataObject) -> None:
    bare = CTVolume(VOLUME.hu, None, case_id="bare")
    at = data.draw(voxels)
    for edit in (
        editing.paint(mask, bare, at, label, radius_mm=2, ball=True),
        editing.grow(mask, bare, at, label, radius_mm=4),
        editing.fill_between(mask, bare, label),
        editing.smooth(mask, bare, label, across_slices=True),
        editing.remove_islands(mask, bare, below_voxels=4),
    ):
        assert edit.applied(mask).shape == mask.shape
