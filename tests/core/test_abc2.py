"""ABC/2 by hand: boxes, turned ellipsoids, the weights of slices, uneven steps."""

from __future__ import annotations

import numpy as np
import pytest

from napari_cpam_stroke.core import CTVolume, VolumeGeometry, measure_lesions
from napari_cpam_stroke.core.abc2 import Abc2
from napari_cpam_stroke.core.geometry import VolumeGeometry as Geometry

SHAPE = (9, 120, 120)


def geometry(steps: list[float], spacing: tuple[float, float] = (0.5, 0.5), tilt: float = 0.0) -> VolumeGeometry:
    along = np.r_[0.0, np.cumsum(steps)]
    lean = np.radians(tilt)
    column = np.r_[0, np.cos(lean), np.sin(lean)]
    positions = along[:, None] * np.r_[0, 0, 1.0] / np.cos(lean)
    return Geometry(positions, np.r_[1.0, 0, 0], column, spacing, np.full(len(along), 5.0))


def measure(mask: np.ndarray, where: VolumeGeometry) -> Abc2 | None:
    volume = CTVolume(np.zeros(mask.shape, np.int16), where, "case")
    (lesion,) = measure_lesions(mask, volume).lesions
    return lesion.abc2


def test_a_box_by_hand() -> None:
    mask = np.zeros(SHAPE, np.uint8)
    mask[2:6, 10:50, 20:50] = 2
    found = measure(mask, geometry([5.0] * 8, (0.5, 1.0)))
    assert found.a_mm == pytest.approx(np.hypot(20, 30)), "corner to corner of 40 x 0.5 and 30 x 1 mm"
    assert found.b_mm == pytest.approx(2 * 20 * 30 / np.hypot(20, 30)), "twice the height of a corner over the diagonal"
    assert found.c_mm == pytest.approx(4 * 5)
    assert found.volume_ml == pytest.approx(found.a_mm * found.b_mm * found.c_mm / 2000)


@pytest.mark.parametrize("degrees", [0, 27, 90])
def test_an_ellipse_has_its_axes_whichever_way_it_lies(degrees: float) -> None:
    y, x = np.mgrid[:120, :120] - 60.0
    turn = np.radians(degrees)
    u, v = np.cos(turn) * x + np.sin(turn) * y, -np.sin(turn) * x + np.cos(turn) * y
    mask = np.zeros(SHAPE, np.uint8)
    mask[3] = 2 * ((u / 50) ** 2 + (v / 30) ** 2 <= 1)
    found = measure(mask, geometry([5.0] * 8))
    assert found.a_mm == pytest.approx(50, abs=1.0)
    assert found.b_mm == pytest.approx(30, abs=1.0)


def test_slices_count_whole_half_or_not_by_their_share_of_the_largest() -> None:
    mask = np.zeros(SHAPE, np.uint8)
    for z, columns in enumerate([24, 25, 26, 75, 76, 100]):  # of 100: 24 %, 25 %, 26 %, 75 %, 76 %, 100 %
        mask[z, 10:20, :columns] = 2
    steps = [5.0, 5.0, 5.0, 5.0, 8.0, 10.0, 10.0, 10.0]
    where = geometry(steps)
    stands_for = where.slice_interval_mm
    expected = np.array([0, 0.5, 0.5, 0.5, 1, 1]) @ stands_for[:6]
    assert measure(mask, where).c_mm == pytest.approx(expected)


def test_a_tilted_gantry_changes_no_length_in_the_plane() -> None:
    mask = np.zeros(SHAPE, np.uint8)
    mask[2:5, 10:50, 20:50] = 2
    upright, tilted = measure(mask, geometry([5.0] * 8)), measure(mask, geometry([5.0] * 8, tilt=20))
    assert (tilted.a_mm, tilted.b_mm) == (pytest.approx(upright.a_mm), pytest.approx(upright.b_mm))
    assert tilted.c_mm == pytest.approx(upright.c_mm), "5 mm along the normal"


def test_infarcts_small_lesions_and_lesions_without_positions_have_none() -> None:
    mask = np.zeros(SHAPE, np.uint8)
    mask[2:6, 10:50, 20:50] = 1
    assert measure(mask, geometry([5.0] * 8)) is None
    small = np.zeros(SHAPE, np.uint8)
    small[2, 10:14, 20:24] = 2
    assert measure(small, geometry([5.0] * 8)) is None
    unknown = CTVolume(np.zeros(SHAPE, np.int16), None, "case")
    assert measure_lesions(np.where(mask, 2, 0).astype(np.uint8), unknown).lesions[0].abc2 is None


def test_a_ball_by_hand() -> None:
    """Areas go with 1 - (d / 20)^2: whole at 0 and 5 mm from the middle, half at 10 and 15, none at 20."""
    z, y, x = np.mgrid[:9, :120, :120]
    radius = np.sqrt(((z - 4) * 5) ** 2 + ((y - 60) * 0.5) ** 2 + ((x - 60) * 0.5) ** 2)
    found = measure(np.where(radius <= 20, 2, 0).astype(np.uint8), geometry([5.0] * 8))
    assert found.c_mm == pytest.approx(5 + 2 * 5 + 2 * 2.5 + 2 * 2.5)
    assert found.volume_ml == pytest.approx(40 * 40 * 25 / 2000, rel=0.05)
