"""Mirrored heads: the other side comes to lie here, and twice is where it began."""

from __future__ import annotations

import numpy as np
import pytest

from napari_cpam_stroke.core import CTVolume
from napari_cpam_stroke.core.editing import Midline, find_midline
from napari_cpam_stroke.core.mirror import mirrored_about
from napari_cpam_stroke.core.volume import AIR_HU


def test_an_upright_midline_turns_columns_round() -> None:
    hu = np.random.default_rng(1).integers(-100, 100, (3, 8, 21)).astype(np.int16)
    np.testing.assert_array_equal(mirrored_about(hu, Midline((4.0, 10.0))), hu[:, :, ::-1])
    aside = mirrored_about(hu, Midline((4.0, 7.0)))
    np.testing.assert_array_equal(aside[:, :, :15], hu[:, :, 14::-1])
    assert (aside[:, :, 15:] == AIR_HU).all(), "beyond the image"


@pytest.mark.parametrize("degrees", [-11.0, 8.0])
def test_a_point_comes_to_lie_where_it_is_reflected_to(degrees: float) -> None:
    hu = np.zeros((1, 80, 80), dtype=np.int16)
    hu[0, 29:32, 19:22] = 900
    line = Midline((40.0, 40.0), degrees)
    there = line.reflect(np.array([[30.0], [20.0]]))[:, 0]
    found = mirrored_about(hu, line)[0]
    centre = np.argwhere(found > 450).mean(axis=0)
    np.testing.assert_allclose(centre, there, atol=0.6)


def test_a_head_looks_like_its_mirror_image_about_its_own_midline(phantom_volume: CTVolume) -> None:
    hu = phantom_volume.hu
    own = mirrored_about(hu, find_midline(phantom_volume))
    shifted = mirrored_about(hu, Midline((0.0, hu.shape[2] / 2 + 8)))
    inside = (hu > -20) & (hu < 90)
    differs = [float(np.abs(each.astype(float) - hu)[inside].mean()) for each in (own, shifted)]
    assert differs[0] < differs[1] / 2
