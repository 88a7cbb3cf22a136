"""Three dark squares and a bright one in a grey head, on slices of which each can be moved."""

from __future__ import annotations

import numpy as np

from napari_cpam_stroke.core import CTVolume, VolumeGeometry

SIZE = 60
SPACING_MM = (0.5, 0.75)
LEFT, RIGHT, BRIGHT = (slice(10, 20), slice(8, 18)), (slice(40, 50), slice(40, 50)), (slice(10, 20), slice(40, 48))


def stack(*, tilt: float = 0.0, steps: tuple[float, ...] = (5.0,) * 5) -> CTVolume:
    """A volume whose squares go straight along the normal of its slices; `tilt` shifts each slice in its plane."""
    along = np.concatenate([[0.0], np.cumsum(steps)])
    rows = np.rint(along * np.tan(np.radians(tilt)) / SPACING_MM[0]).astype(int)
    positions = np.stack([0 * along, rows * SPACING_MM[0], along], axis=1)
    hu = np.full((len(along), SIZE, SIZE), 35, dtype=np.int16)
    for z, down in enumerate(rows):
        for (r, c), value in ((LEFT, 20), (RIGHT, 20), (BRIGHT, 65)):
            hu[z, r.start - down : r.stop - down, c] = value
    geometry = VolumeGeometry(positions, np.r_[1.0, 0, 0], np.r_[0, 1.0, 0], SPACING_MM, np.full(len(along), 5.0))
    return CTVolume(hu=hu, geometry=geometry, case_id="squares")
