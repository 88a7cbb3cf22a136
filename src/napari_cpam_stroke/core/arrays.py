"""Names for the arrays that pass through the whole program."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.uint8]
"""Labels 0 background, 1 ischemia, 2 hemorrhage: (Z, Y, X), or (Y, X) for one slice."""

Region = NDArray[np.bool_]
"""Voxels that are meant: (Z, Y, X), or (Y, X) for one slice."""

Floats = NDArray[np.float64]
"""Positions in mm, probabilities 0..1 and other figures; the shape is said where it is used."""

Floats32 = NDArray[np.float32]
"""Images and network values; the shape is said where it is used."""
