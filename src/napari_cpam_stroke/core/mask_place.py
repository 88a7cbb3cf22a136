"""Does a mask lie in the head it is said to be drawn on? What headers cannot tell, the pixels often can."""

from __future__ import annotations

import numpy as np

from napari_cpam_stroke.core.arrays import Mask
from napari_cpam_stroke.core.hounsfield_check import hounsfield_doubts
from napari_cpam_stroke.core.value_levels import RIM_BELOW_HU
from napari_cpam_stroke.core.volume import CTVolume
from napari_cpam_stroke.errors import GeometryMismatchError

MAX_AIR_SHARE = 0.2
"""Share of a mask's voxels in air from which on it is no drawing of a lesion: hands miss by a pixel, not by a fifth."""

MIN_VOXELS = 20
"""Fewer voxels of a mask tell nothing of its place."""


def require_in_head(mask: Mask, volume: CTVolume) -> None:
    """Refuse a mask, uint8 (Z, Y, X), that lies in air; where values may be no Hounsfield units nothing is asked.

    Raises
    ------
    GeometryMismatchError
        With the share of its voxels that do.
    """
    drawn = volume.hu[mask > 0]
    if drawn.size < MIN_VOXELS or hounsfield_doubts(volume.notices):
        return
    share = float(np.count_nonzero(drawn < RIM_BELOW_HU) / drawn.size)
    if share > MAX_AIR_SHARE:
        raise GeometryMismatchError(
            "The mask does not lie in the head",
            got=f"{share:.0%} of its voxels in air",
            expected=f"at most {MAX_AIR_SHARE:.0%}",
            remedy="see whether it belongs to this image, and whether its rows and columns are as in the image",
        )
