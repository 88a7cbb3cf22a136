"""The plane that divides a head into its two halves, found from the symmetry of the image itself."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_cpam_stroke.core.arrays import Floats32

MAX_ROTATION_DEGREES = 24.0
"""Heads lie in the holder turned by less than this; beyond it a match is more likely an accident."""

COARSE_STEP_DEGREES, FINE_STEP_DEGREES = 3.0, 0.5
"""Search first on a coarse grid of angles, then finely around its best."""

MAX_SHIFT_SHARE = 0.25
"""The midline lies within this share of the edge from the middle of the image."""


def find_midline(stack: Floats32) -> tuple[float, float]:
    """Return how far the midline is turned and shifted, common to all slices of a stack.

    The stack is turned step by step and correlated with its own mirror image at every shift at once (by FFT along x);
    the best match over all slices wins.

    Parameters
    ----------
    stack
        float32 (n, s, s), 0 outside the head; coarse images of about 64 pixels are enough.

    Returns
    -------
    angle
        Degrees in [-24.5, 24.5]: turning the sampling grid by it makes the midline vertical (`turned`).
    shift
        Distance of the midline from the image centre, along x after turning, as a share of the edge.
    """
    coarse = np.arange(-MAX_ROTATION_DEGREES, MAX_ROTATION_DEGREES + 0.1, COARSE_STEP_DEGREES)
    best = max((_match(stack, float(angle)) for angle in coarse), key=lambda match: match[0])
    fine = best[1] + np.arange(-COARSE_STEP_DEGREES / 2, COARSE_STEP_DEGREES / 2 + 0.1, FINE_STEP_DEGREES)
    _, angle, shift = max((_match(stack, float(angle)) for angle in fine), key=lambda match: match[0])
    return angle, shift


def turned(image: Floats32, degrees: float) -> Floats32:
    """Return one (s, s) image sampled on a grid turned by `degrees` about its centre (x towards y), 0 outside."""
    matrix = rotation(degrees)
    centre = (np.asarray(image.shape) - 1) / 2
    result: Floats32 = ndimage.affine_transform(image, matrix, offset=centre - matrix @ centre, order=1)
    return result


def rotation(degrees: float) -> NDArray[np.float64]:
    """Return the matrix (2, 2), rows and columns y, x, that turns grid offsets by `degrees` from x towards y."""
    angle = np.radians(degrees)
    return np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])


def _match(stack: Floats32, degrees: float) -> tuple[float, float, float]:
    """Return (agreement with the mirror image, angle, shift) for one angle and its best shift."""
    edge = stack.shape[-1]
    rows = np.concatenate([turned(image, degrees) for image in stack])
    spectrum = np.fft.rfft(rows, n=2 * edge, axis=-1)
    mirrored = np.fft.rfft(rows[:, ::-1], n=2 * edge, axis=-1)
    agreement = np.fft.fftshift(np.fft.irfft((spectrum * mirrored.conj()).sum(axis=0), n=2 * edge))
    reach = round(2 * MAX_SHIFT_SHARE * edge)
    near = agreement[edge - reach : edge + reach + 1]
    lag = int(np.argmax(near)) - reach
    return float(near.max()), degrees, lag / 2 / edge
