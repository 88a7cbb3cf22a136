"""Where the brain is on a resampled slice, roughly: enough to know where a lesion may be drawn."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_cpam_stroke.core.arrays import Region

Image = NDArray[np.float32]

BRAIN_HU = (8.0, 58.0)
"""Smoothed HU of tissue with fluid and grey matter in it, without bone and air."""

SMOOTHING = 1.5
"""Pixels; closes sulci and noise."""

MIN_BRAIN_SHARE = 0.06
"""Slices with less brain (skull base, vertex) are left as they are."""


def find_brain(hu: Image) -> Region:
    """Return bool (S, S) of HU (S, S): the largest piece of tissue in the skull; all False where it is too little."""
    smooth = ndimage.gaussian_filter(hu, SMOOTHING)
    tissue = ndimage.binary_opening((smooth > BRAIN_HU[0]) & (smooth < BRAIN_HU[1]), iterations=3)
    pieces, count = ndimage.label(tissue)
    nothing = np.zeros(hu.shape, dtype=bool)
    if count == 0:
        return nothing
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    brain = np.asarray(ndimage.binary_fill_holes(pieces == int(np.argmax(sizes))))
    return brain if brain.mean() >= MIN_BRAIN_SHARE else nothing
