from __future__ import annotations

import numpy as np
import pytest

from napari_cpam_stroke.prompting.maps import MARK_RADIUS_MM, draw_maps, draw_prompt

from .conftest import box, lasso, point, scribble

SHAPE = (60, 50)


def test_a_point_is_a_disk_in_mm_whatever_the_spacing():
    drawn = draw_prompt(point(30, 20), SHAPE, (0.5, 1.0))
    rows, columns = np.nonzero(drawn)
    away = np.hypot((rows - 30) * 0.5, (columns - 20) * 1.0)
    assert away.max() <= MARK_RADIUS_MM
    assert (np.ptp(rows), np.ptp(columns)) == (6, 2)


def test_a_scribble_is_as_wide_all_along():
    drawn = draw_prompt(scribble((10, 10), (10, 30), (40, 30)), SHAPE, (1.0, 1.0))
    assert drawn[9:12, 10:31].all()
    assert drawn[10:41, 29:32].all()
    assert not drawn[13:, :28].any()


def test_a_box_is_drawn_from_any_two_corners():
    forth, back = box(10, 12, 20, 25), box(20, 12, 10, 25)
    expected = np.zeros(SHAPE, dtype=bool)
    expected[10:21, 12:26] = True
    for each in (forth, back):
        np.testing.assert_array_equal(draw_prompt(each, SHAPE, (1, 1)), expected)


def test_a_lasso_is_closed_from_last_to_first():
    drawn = draw_prompt(lasso((10, 10), (10, 40), (40, 10)), SHAPE, (1, 1))
    assert drawn[15, 15]
    assert drawn[24, 24]
    assert not drawn[35, 35]


@pytest.mark.parametrize("prompt", [point(-9, 10), scribble((70, 1), (80, 9)), box(-9, -9, -3, -3)])
def test_what_lies_beyond_the_slice_covers_nothing(prompt):
    assert not draw_prompt(prompt, SHAPE, (1, 1)).any()


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        (point(20, 20), point(20, 20, adds=False)),
        (point(20, 20, adds=False), point(20, 20)),
        (point(20, 20), box(15, 15, 25, 25, adds=False)),
        (box(15, 15, 25, 25, adds=False), point(20, 20)),
        (box(15, 15, 25, 25), lasso((10, 10), (10, 40), (40, 10), adds=False)),
    ],
)
def test_of_two_that_contradict_each_other_the_newer_counts(older, newer):
    maps = draw_maps([older, newer], SHAPE, (1, 1))
    assert (maps.refused[20, 20], bool((maps.wanted | maps.surrounded)[20, 20])) == (not newer.adds, newer.adds)
    assert not (maps.refused & (maps.wanted | maps.surrounded)).any()


def test_an_older_prompt_is_only_overruled_where_the_newer_one_lies():
    maps = draw_maps([box(10, 10, 40, 40), point(20, 20, adds=False)], SHAPE, (1, 1))
    assert maps.surrounded[30, 30]
    assert not maps.surrounded[20, 20]
