"""Does a mask lie in the head it is said to be drawn on? What headers cannot tell, the pixels often can."""

from __future__ import annotations

import numpy as np

from napari_cpam_stroke.core.arrays import Mask
from napari_cpam_stroke.core.hounsfield_check import hounsfield_doubts
from napari_cpam_stroke.core.notice import Notice, NoticeCode, warning
from napari_cpam_stroke.core.value_levels import RIM_BELOW_HU
from napari_cpam_stroke.core.volume import CTVolume

MAX_AIR_SHARE = 0.2
"""Share of a mask's voxels in air up to which a hand may have missed; more is no drawing of a lesion on this head."""

MIN_VOXELS = 20
"""Fewer voxels of a mask tell nothing of its place."""


def mask_place_notices(mask: Mask, volume: CTVolume) -> list[Notice]:
    """Return a warning where a mask, uint8 (Z, Y, X), lies in air; none where values may be no Hounsfield units."""
    drawn = volume.hu[mask > 0]
    if drawn.size < MIN_VOXELS or hounsfield_doubts(volume.notices):
        return []
    share = float(np.count_nonzero(drawn < RIM_BELOW_HU) / drawn.size)
    if share <= MAX_AIR_SHARE:
        return []
    sentence = (
        f"{share:.0%} of the mask's voxels lie in air: it may belong to another image, or its rows and columns may be "
        "stored otherwise than those of the image."
    )
    return [warning(NoticeCode.MASK_IN_AIR, sentence, share=round(share, 3))]
