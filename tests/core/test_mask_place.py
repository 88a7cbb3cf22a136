"""A mask that lies in air is no drawing on this head."""

from dataclasses import replace

import numpy as np
import pytest

from napari_cpam_stroke.core import NoticeCode
from napari_cpam_stroke.core.mask_place import mask_place_notices
from napari_cpam_stroke.core.notice import warning


@pytest.fixture
def off_centre(phantom_volume):
    """The synthetic head moved towards one edge of its square, and a mask of a part of it."""
    hu = np.roll(phantom_volume.hu, 30, axis=2)
    z, y, _ = (n // 2 for n in hu.shape)
    inside = np.argwhere(hu[z, y] > 0)[:, 0]
    mask = np.zeros(hu.shape, np.uint8)
    mask[z, y - 6 : y + 6, inside.max() - 14 : inside.max() - 2] = 2
    return replace(phantom_volume, hu=hu), mask


def test_a_mask_in_the_head_is_not_remarked_on(off_centre):
    volume, mask = off_centre
    assert mask_place_notices(mask, volume) == []
    assert mask_place_notices(np.zeros_like(mask), volume) == []


def test_a_mask_in_air_is_told_with_its_share(off_centre):
    volume, mask = off_centre
    (notice,) = mask_place_notices(mask[:, :, ::-1], volume)
    assert (notice.code, notice.severity) == (NoticeCode.MASK_IN_AIR, "warning")
    assert notice.data["share"] > 0.2
    assert f"{notice.data['share']:.0%} of the mask's voxels lie in air" in notice.sentence


def test_values_that_are_no_hounsfield_units_are_not_asked(off_centre):
    volume, mask = off_centre
    doubt = warning(NoticeCode.VALUES_UNLIKE_A_HEAD, "The values do not look like Hounsfield units of a head.")
    assert mask_place_notices(mask[:, :, ::-1], replace(volume, notices=(doubt,))) == []
