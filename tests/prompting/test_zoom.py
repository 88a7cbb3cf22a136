from __future__ import annotations

import numpy as np
import pytest

from napari_cpam_stroke.prompting.zoom import Zoom, zoom_on

from .conftest import ellipse


@pytest.mark.parametrize("spacing", [(0.5, 0.5), (0.9, 0.45)])
def test_a_place_is_found_again_where_it_was(spacing):
    image = np.zeros((200, 180), dtype=np.float32)
    image[90:96, 60:70] = 1
    zoom = Zoom((92.3, 64.6), 40.0, spacing, 160)
    back = zoom.put_back(zoom.take(image), image.shape)
    np.testing.assert_array_equal(back >= 0.5, image == 1)


def test_the_grid_is_square_in_mm():
    image = np.zeros((200, 180), dtype=np.float32)
    rows, columns = np.ogrid[:200, :180]
    image[np.hypot((rows - 100) * 0.9, (columns - 90) * 0.45) <= 10] = 1
    taken = Zoom((100, 90), 40.0, (0.9, 0.45), 80).take(image) > 0.5
    heights, widths = np.nonzero(taken.any(axis=1))[0], np.nonzero(taken.any(axis=0))[0]
    assert abs(len(heights) - 40) <= 2
    assert abs(len(widths) - 40) <= 2


def test_beyond_the_slice_stands_what_is_asked_for():
    taken = Zoom((0, 0), 40.0, (1.0, 1.0), 40).take(np.full((50, 50), 7.0), outside=-3)
    assert taken[0, 0] == -3
    assert taken[-1, -1] == 7


def test_a_square_beside_the_slice_holds_nothing_of_it():
    zoom = Zoom((-90, -90), 40.0, (1.0, 1.0), 40)
    assert (zoom.take(np.ones((50, 50)), outside=-1) == -1).all()
    assert not zoom.covers((50, 50)).any()


def test_fine_structure_is_averaged_before_it_is_sampled_coarsely():
    stripes = np.zeros((128, 128))
    stripes[::2] = 1
    taken = Zoom((64, 64), 100.0, (1.0, 1.0), 25).take(stripes)
    assert np.abs(taken[3:-3, 3:-3] - 0.5).max() < 0.05


def test_a_point_gets_the_smallest_square_and_a_large_region_a_larger_one():
    small, large = ellipse((100, 100), 2, 2), ellipse((100, 100), 60, 20)
    nothing = np.zeros_like(small)
    settings = {"spacing_mm": (1.0, 1.0), "smallest_mm": 80.0, "size": 64}
    assert zoom_on(small, nothing, **settings).side_mm == 80
    assert zoom_on(large, nothing, **settings).side_mm == pytest.approx(121 * 1.7)


def test_the_lesion_so_far_is_seen_whole_and_one_far_away_is_left_out():
    spot, near, far = ellipse((100, 100), 2, 2), ellipse((140, 100), 40, 30), ellipse((230, 230), 10, 10)
    settings = {"spacing_mm": (1.0, 1.0), "smallest_mm": 80.0, "size": 64}
    zoom = zoom_on(spot, near | far, **settings)
    assert zoom.covers(near.shape)[near].all()
    assert not zoom.covers(far.shape)[far].any()
