"""HU to display or network intensity."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_cpam_stroke.config import Window


def apply_window(hu: NDArray[np.generic], window: Window) -> NDArray[np.float32]:
    """Map HU linearly to 0..1 and clip.

    Parameters
    ----------
    hu
        Any shape, Hounsfield units.
    window
        Centre and width in HU; `window.low` maps to 0 and `window.high` to 1.

    Returns
    -------
    float32 of the same shape, in [0, 1].
    """
    scaled = (np.asarray(hu, dtype=np.float32) - np.float32(window.low)) / np.float32(window.width)
    return np.clip(scaled, 0.0, 1.0, out=scaled)
