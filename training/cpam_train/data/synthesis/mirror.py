"""Replace a one-sided lesion by the mirrored healthy side: a lesion-free slice of the same source."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from cpam_train.data.synthesis.brain import Image
from napari_cpam_stroke.core.arrays import Region

MAX_OVERLAP = 0.1
"""A lesion that meets its own mirror image by more than this share is on both sides: nothing healthy to copy."""

MIN_COVER = 0.9
"""This share of the mirrored place must be brain."""

BORDER_PIXELS = 3
"""The outline is rarely exact: so much around it is replaced too."""

EDGE_PIXELS = 1.5
"""How softly the copy is blended in."""


def heal(hu: Image, lesion: Region, brain: Region) -> Image | None:
    """Return HU (k, S, S) with the mirrored side over the lesion, or None where that side is not healthy brain.

    The grid must be upright (`PreprocessConfig.align_midline`): then the mirror image is the array reversed along x.

    Parameters
    ----------
    hu
        Neighbouring slices.
    lesion, brain
        bool (S, S) of the middle slice.
    """
    mirrored = lesion[:, ::-1]
    size = int(lesion.sum())
    if size == 0 or (mirrored & lesion).sum() > MAX_OVERLAP * size or (mirrored & brain).sum() < MIN_COVER * size:
        return None
    wide = ndimage.binary_dilation(lesion, iterations=BORDER_PIXELS).astype(np.float32)
    weight = ndimage.gaussian_filter(wide, EDGE_PIXELS)
    return np.asarray((1 - weight) * hu + weight * hu[:, :, ::-1])
