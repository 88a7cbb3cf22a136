from __future__ import annotations

import numpy as np
import pytest

from napari_cpam_stroke.core.editing import fill_between
from napari_cpam_stroke.core.editing.between import signed_distance

from .conftest import geometry, make_volume


def disc(radius: float, centre: tuple[float, float] = (20, 20), edge: int = 40) -> np.ndarray:
    y, x = np.ogrid[:edge, :edge]
    return ((y - centre[0]) ** 2 + (x - centre[1]) ** 2 <= radius**2).astype(np.uint8)


def radius_of(slice_mask: np.ndarray) -> float:
    return float(np.sqrt(np.count_nonzero(slice_mask) / np.pi))


def stack(drawn: dict[int, np.ndarray], slices: int = 5) -> np.ndarray:
    mask = np.zeros((slices, 40, 40), np.uint8)
    for z, image in drawn.items():
        mask[z] = image
    return mask


def test_radii_grow_in_step_with_the_real_distance() -> None:
    steps = (2.0, 6.0, 2.0, 6.0)
    mask = stack({0: disc(4), 4: disc(12)})
    volume = make_volume(np.zeros(mask.shape), geometry(steps=steps))
    after = fill_between(mask, volume, 1).applied(mask)
    expected = 4 + 8 * np.cumsum((0, *steps)) / sum(steps)
    np.testing.assert_allclose([radius_of(s) for s in after], expected, atol=0.5)


def test_a_moving_outline_moves_steadily() -> None:
    mask = stack({0: disc(8, (16, 20)), 4: disc(8, (24, 20))})
    after = fill_between(mask, make_volume(np.zeros(mask.shape)), 1).applied(mask)
    rows = [np.argwhere(s).mean(axis=0)[0] for s in after]
    np.testing.assert_allclose(rows, [16, 18, 20, 22, 24], atol=0.6)


def test_drawn_slices_stay_and_only_the_gap_asked_for_is_filled() -> None:
    mask = stack({0: disc(5), 2: disc(6), 5: disc(7), 7: disc(6)}, slices=9)
    volume = make_volume(np.zeros(mask.shape), geometry(steps=(4.0,) * 8))
    assert fill_between(mask, volume, 1).slices == (1, 3, 4, 6)
    assert fill_between(mask, volume, 1, around=4).slices == (3, 4)
    assert fill_between(mask, volume, 1, around=5).voxels == 0
    assert fill_between(mask, volume, 1, around=8).voxels == 0


@pytest.mark.parametrize("mask", [stack({}), stack({2: disc(5)}), stack({1: disc(5), 2: disc(5)})])
def test_without_a_gap_nothing_happens(mask: np.ndarray) -> None:
    assert fill_between(mask, make_volume(np.zeros(mask.shape)), 1).voxels == 0


def test_outlines_that_do_not_overlap_are_not_joined() -> None:
    mask = stack({0: disc(4, (8, 8)), 4: disc(4, (30, 30))})
    assert fill_between(mask, make_volume(np.zeros(mask.shape)), 1).voxels == 0


def test_the_other_class_stays_unless_overwritten() -> None:
    mask = stack({0: disc(8), 4: disc(8)})
    mask[2, 20, 20] = 2
    volume = make_volume(np.zeros(mask.shape))
    assert fill_between(mask, volume, 1).applied(mask)[2, 20, 20] == 2
    assert fill_between(mask, volume, 1, overwrite=True).applied(mask)[2, 20, 20] == 1


def test_signed_distance_is_in_millimetres() -> None:
    outline = np.zeros((21, 21), bool)
    outline[5:16, 5:16] = True
    distance = signed_distance(outline, (0.5, 2.0))
    assert distance[10, 10] == pytest.approx(3.0)
    assert distance[0, 10] == pytest.approx(-2.5)
    assert distance[10, 0] == pytest.approx(-10.0)
