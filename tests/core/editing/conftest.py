"""Masks and volumes that hypothesis draws for every edit."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from napari_cpam_stroke.core import CTVolume, VolumeGeometry

SHAPE = (5, 18, 16)


def geometry(tilt: float = 0.0, steps=(4.0, 4.0, 4.0, 4.0), spacing=(0.5, 0.5)) -> VolumeGeometry:
    along = np.concatenate([[0.0], np.cumsum(steps)])
    positions = along[:, None] * np.array([0.0, np.tan(tilt), 1.0])
    return VolumeGeometry(positions, np.r_[1.0, 0, 0], np.r_[0, 1.0, 0], spacing, np.full(len(positions), 4.0))


def make_volume(hu: np.ndarray | None = None, place: VolumeGeometry | None = None) -> CTVolume:
    hu = np.random.default_rng(0).normal(30, 4, SHAPE) if hu is None else hu
    return CTVolume(hu.astype(np.int16), place or geometry(), case_id="test")


@st.composite
def masks(draw: st.DrawFn, shape: tuple[int, int, int] = SHAPE) -> np.ndarray:
    """Boxes of both classes, one over the other, and single voxels of both."""
    mask = np.zeros(shape, np.uint8)
    for _ in range(draw(st.integers(0, 5))):
        box = []
        for n in shape:
            start = draw(st.integers(0, n - 1))
            box.append(slice(start, start + draw(st.integers(1, max(n // 2, 1)))))
        mask[tuple(box)] = draw(st.integers(0, 2))
    speckle = np.random.default_rng(draw(st.integers(0, 999)))
    chosen = speckle.random(shape) < draw(st.sampled_from([0.0, 0.02, 0.2]))
    mask[chosen] = speckle.integers(0, 3, int(chosen.sum()))
    return mask


voxels = st.tuples(*(st.integers(0, n - 1) for n in SHAPE))
labels = st.sampled_from([1, 2])
ranges = st.tuples(st.floats(15, 30), st.floats(30, 45))
