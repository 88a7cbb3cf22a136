"""A head mirrored about its own midline, voxel for voxel in its own place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_cpam_stroke.core.editing import Midline
from napari_cpam_stroke.core.midline import rotation
from napari_cpam_stroke.core.volume import AIR_HU


def mirrored_about(hu: NDArray[np.int16], midline: Midline) -> NDArray[np.int16]:
    """Return int16 (Z, Y, X) HU: at each voxel what lies as far on the other side of the midline; air beyond the image.

    Parameters
    ----------
    hu
        (Z, Y, X) on native frames.
    midline
        In native pixels; values between pixels are interpolated linearly.
    """
    turn, point = rotation(midline.degrees), np.asarray(midline.point_yx)
    matrix = turn @ np.diag([1.0, -1.0]) @ turn.T
    offset = point - matrix @ point
    found = np.empty_like(hu)
    for frame, target in zip(hu, found, strict=True):
        values = ndimage.affine_transform(frame.astype(np.float32), matrix, offset=offset, order=1, cval=AIR_HU)
        target[:] = np.rint(values)
    return found
