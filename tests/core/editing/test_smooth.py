from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from napari_cpam_stroke.core.editing import smooth

from .conftest import geometry, labels, make_volume, masks

SHAPE = (5, 60, 60)


def ragged(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return a disc through all slices and the same with a ragged edge and holes."""
    y, x = np.ogrid[:60, :60]
    radius = np.broadcast_to(np.hypot(y - 30, x - 30), SHAPE)
    noise = np.random.default_rng(seed).normal(0, 1.5, SHAPE)
    return radius <= 18, (radius + noise <= 18).astype(np.uint8)


@pytest.mark.parametrize("across", [False, True])
def test_a_ragged_outline_comes_closer_to_the_true_one(across: bool) -> None:
    truth, mask = ragged()
    volume = make_volume(np.zeros(SHAPE), geometry())
    after = smooth(mask, volume, 1, sigma_mm=1.0, across_slices=across).applied(mask) == 1
    assert (after ^ truth).sum() < 0.5 * ((mask == 1) ^ truth).sum()


@given(masks(), labels)
def test_components_keep_their_size(mask: np.ndarray, label: int) -> None:
    only = np.where(mask == label, mask, 0).astype(np.uint8)
    after = smooth(only, make_volume(), label).applied(only)
    before = np.count_nonzero(only)
    assert np.count_nonzero(after) == pytest.approx(before, rel=0.35, abs=12)


def test_what_is_too_small_for_an_outline_stays() -> None:
    mask = np.zeros(SHAPE, np.uint8)
    mask[2, 30, 30:34] = 1
    assert smooth(mask, make_volume(np.zeros(SHAPE)), 1, sigma_mm=3).voxels == 0


def test_only_the_component_under_the_voxel() -> None:
    _, mask = ragged()
    mask[:, :30] = 0
    other = mask.copy()
    mask[:, :25] = ragged(1)[1][:, :25]
    volume = make_volume(np.zeros(SHAPE))
    edit = smooth(mask, volume, 1, at=(2, 40, 30))
    assert edit.voxels
    np.testing.assert_array_equal(edit.applied(mask)[:, :20], mask[:, :20])
    assert smooth(other, volume, 1, at=(2, 5, 5)).voxels == 0
    assert smooth(other, volume, 1, at=(0, 59, 0)).voxels == 0


def test_slices_do_not_mix_in_plane() -> None:
    mask = np.zeros(SHAPE, np.uint8)
    mask[2, 20:40, 20:40] = 1
    edit = smooth(mask, make_volume(np.zeros(SHAPE)), 1, sigma_mm=2)
    assert edit.slices == (2,)


def test_the_edge_of_the_volume_is_no_outline() -> None:
    mask = np.zeros(SHAPE, np.uint8)
    mask[:, :20] = 1
    assert smooth(mask, make_volume(np.zeros(SHAPE)), 1, sigma_mm=1.5, across_slices=True).voxels == 0


def test_straight_edges_do_not_grow_a_rectangle() -> None:
    mask = np.zeros(SHAPE, np.uint8)
    mask[1, 10:40, 10:40] = 1
    smoothed = smooth(mask, make_volume(np.zeros(SHAPE)), 1, sigma_mm=1.5).applied(mask)
    assert not smoothed[1, 10, 10]
    assert (smoothed[1, 10:40, 20:30] == 1).all()
    assert not smoothed[1, :10].any()
    assert 0 < 900 - (smoothed > 0).sum() < 40
