from __future__ import annotations

from dataclasses import replace

import pytest

from napari_cpam_stroke.core.acquisition import Acquisition
from napari_cpam_stroke.prompting.spacing import USUAL_FIELD_MM, in_plane_spacing

from .conftest import SPACING


def test_positions_go_before_the_header_and_the_header_before_what_is_usual(volume):
    header = Acquisition(pixel_spacing_mm=(0.4, 0.5))
    assert in_plane_spacing(replace(volume, acquisition=header)) == SPACING
    assert in_plane_spacing(replace(volume, geometry=None, acquisition=header)) == (0.4, 0.5)
    assert in_plane_spacing(replace(volume, geometry=None)) == pytest.approx((USUAL_FIELD_MM / 256,) * 2)
