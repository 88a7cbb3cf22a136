from __future__ import annotations

import numpy as np
import pytest

from napari_cpam_stroke.config import PreprocessConfig
from napari_cpam_stroke.core import LesionClass
from napari_cpam_stroke.prompting.maps import draw_maps
from napari_cpam_stroke.prompting.network_input import (
    PROMPT_CHANNELS,
    network_channels,
    seen_hu,
    zoomed_hu,
    zoomed_maps,
)
from napari_cpam_stroke.prompting.zoom import Zoom

from .conftest import SHAPE, SPACING, box, point

CONFIG = PreprocessConfig(size=64)


@pytest.mark.parametrize(("lesion_class", "value"), [(LesionClass.ISCHEMIA, 0), (LesionClass.HEMORRHAGE, 1)])
def test_windows_come_first_then_class_prompts_and_the_mask_so_far(lesion_class, value):
    maps = draw_maps([box(10, 10, 50, 50), point(30, 30), point(20, 20, adds=False)], (64, 64), (1, 1))
    before = np.zeros((64, 64), dtype=bool)
    before[40:, 40:] = True
    hu = np.full((64, 64), 40.0, dtype=np.float32)
    channels = network_channels(hu, maps, before, lesion_class, CONFIG)
    assert channels.shape == (CONFIG.channels + len(PROMPT_CHANNELS), 64, 64)
    assert channels.dtype == np.float32
    kind, wanted, refused, surrounded, so_far = channels[CONFIG.channels :]
    assert (kind == value).all()
    for shown, meant in ((wanted, maps.wanted), (refused, maps.refused), (surrounded, maps.surrounded)):
        np.testing.assert_array_equal(shown, meant)
    np.testing.assert_array_equal(so_far, before)
    assert channels[0, 0, 0] == pytest.approx(0.5)


def test_air_and_metal_are_cut_to_what_the_network_knows():
    low, high = CONFIG.clip_hu
    np.testing.assert_array_equal(seen_hu(np.array([-1024, 3000], dtype=np.int16), CONFIG), [low, high])


def test_beyond_the_slice_lies_what_is_darkest():
    zoom = Zoom((0, 0), 60.0, SPACING, 64)
    assert zoomed_hu(np.full(SHAPE, 30, dtype=np.float32), zoom, CONFIG)[0, 0] == CONFIG.clip_hu[0]


def test_a_point_is_still_there_on_a_coarse_grid():
    seen = zoomed_maps([point(100, 100), point(120, 100, adds=False)], Zoom((110, 100), 230.0, SPACING, 64))
    assert seen.wanted.any()
    assert seen.unwanted.any()
    assert not (seen.wanted & seen.unwanted).any()


def test_prompts_lie_on_the_grid_where_their_tissue_does():
    zoom = Zoom((110, 100), 60.0, (0.9, 0.45), 64)
    drawn = draw_maps([box(100, 80, 120, 130)], SHAPE, (0.9, 0.45)).surrounded
    seen = zoomed_maps([box(100, 80, 120, 130)], zoom).surrounded
    expected = zoom.take(drawn.astype(float)) >= 0.5
    assert (seen ^ expected).mean() < 0.02
