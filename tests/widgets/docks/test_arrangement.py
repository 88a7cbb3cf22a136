"""Which docks are tabs, and how wide the columns are, by the size of the window."""

from __future__ import annotations

import pytest

from napari_cpam_stroke.widgets.docks.arrangement import LEFT, NAPARIS, RIGHT, arrangement_for


@pytest.mark.parametrize(
    ("size", "left_places", "right_places"),
    [((910, 512), 1, 1), ((960, 540), 1, 1), ((1280, 720), 2, 1), ((1366, 768), 2, 2), ((3840, 2160), 2, 2)],
)
def test_columns_fold_where_the_window_is_low(size: tuple[int, int], left_places: int, right_places: int) -> None:
    found = arrangement_for(*size)
    assert (len(found.columns[LEFT]), len(found.columns[RIGHT])) == (left_places, right_places)
    assert found.spared == (NAPARIS if left_places == 1 else ())


@pytest.mark.parametrize("width", [910, 1280, 1920, 3840])
def test_the_picture_keeps_the_larger_part(width: int) -> None:
    widths = arrangement_for(width, 800).widths
    assert width - sum(widths.values()) > 0.45 * width


def test_every_dock_has_one_place_folded_or_not() -> None:
    for height in (500, 1000):
        names = [
            name for places in arrangement_for(1000, height).columns.values() for place in places for name in place
        ]
        assert sorted(names) == sorted({*names})
        assert {"cases", "window", "findings", "models", "history"} <= set(names)
