"""What lies inside the skull, roughly: enough to look at, never measured."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

BONE_HU = 150
"""Denser than blood and calcified vessels of the brain's size; the skull is far above."""

TISSUE_HU = (-10, 110)
"""Fluid to fresh blood."""

GAP = 3
"""Gaps of the skull, in coarse pixels on either side, that are closed: sutures, foramina, thin orbital roofs."""


def inside_skull(hu: NDArray[np.int16]) -> NDArray[np.bool_]:
    """Return which voxels are soft tissue inside the skull.

    Parameters
    ----------
    hu
        (Z, Y, X) Hounsfield units, coarse in plane (about 1 mm): gaps of the skull are closed in pixels.

    Returns
    -------
    bool (Z, Y, X). Slices without a ring of bone have none; where no slice has one, all soft tissue counts.
    """
    soft = (hu >= TISSUE_HU[0]) & (hu <= TISSUE_HU[1])
    inside = np.stack([_ring_filled(frame > BONE_HU) for frame in hu])
    return np.asarray(soft & inside if inside.any() else soft)


def _ring_filled(bone: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return what a ring of bone (Y, X) encloses, its largest piece."""
    closed = ndimage.binary_dilation(bone, iterations=GAP)
    hole = ndimage.binary_fill_holes(closed) & ~closed
    pieces, count = ndimage.label(hole)
    if not count:
        return np.zeros(bone.shape, dtype=bool)
    largest = pieces == 1 + int(np.argmax(np.bincount(pieces.ravel())[1:]))
    filled: NDArray[np.bool_] = ndimage.binary_dilation(largest, iterations=GAP) & ~bone
    return filled
