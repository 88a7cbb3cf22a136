"""Random lesion outlines inside a brain: blobs, crescents along the skull, wedges from the centre to the cortex."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cpam_train.data.synthesis.brain import Image
from napari_cpam_stroke.core.arrays import Region

ROUGHNESS_PIXELS = 6.0
"""Scale of the irregularity of an outline."""


def smooth_noise(shape: tuple[int, int], scale: float, rng: np.random.Generator) -> Image:
    """Return float32 (Y, X) noise of unit standard deviation whose bumps are about `scale` pixels wide."""
    step = max(1, int(scale / 2))
    coarse = rng.standard_normal((shape[0] // step + 3, shape[1] // step + 3))
    coarse = ndimage.gaussian_filter(coarse, scale / step)
    fine = ndimage.zoom(coarse, step, order=1)[: shape[0], : shape[1]]
    return np.asarray(fine / max(float(fine.std()), 1e-6), dtype=np.float32)


def blob(brain: Region, rng: np.random.Generator, *, share: tuple[float, float]) -> Region:
    """Return bool (S, S): an irregular ellipse in the brain (S, S); `share` bounds its share of the brain."""
    y, x = _somewhere(brain, rng)
    area = float(brain.sum()) * rng.uniform(*share)
    ratio, angle = rng.uniform(0.4, 1.0), rng.uniform(0, np.pi)
    radius = np.sqrt(area / np.pi)
    dy, dx = _offsets(brain.shape, y, x)
    along = (dx * np.cos(angle) + dy * np.sin(angle)) * np.sqrt(ratio)
    across = (dy * np.cos(angle) - dx * np.sin(angle)) / np.sqrt(ratio)
    field = 1 - np.hypot(along, across) / radius
    field = field + rng.uniform(0.1, 0.3) * smooth_noise(brain.shape, max(3.0, radius / 3), rng)
    return _piece_at((field > 0) & brain, y, x)


def crescent(brain: Region, rng: np.random.Generator, *, thickness: tuple[float, float]) -> Region:
    """Return bool (S, S): a band along a part of the inner skull; `thickness` bounds its widest point in pixels."""
    depth = ndimage.distance_transform_edt(brain)
    cy, cx = ndimage.center_of_mass(brain)
    dy, dx = _offsets(brain.shape, cy, cx)
    turn = np.angle(np.exp(1j * (np.arctan2(dy, dx) - rng.uniform(-np.pi, np.pi))))
    half = rng.uniform(0.3, 1.1)
    profile = np.sqrt(np.clip(1 - (turn / half) ** 2, 0, 1)) * rng.uniform(*thickness)
    profile = profile * (1 + 0.2 * smooth_noise(brain.shape, 3 * ROUGHNESS_PIXELS, rng))
    return np.asarray(brain & (depth <= profile) & (np.abs(turn) < half))


def wedge(brain: Region, rng: np.random.Generator) -> Region:
    """Return bool (S, S): a sector of a hemisphere, from some depth to the cortex; an arterial territory, roughly."""
    cy, cx = ndimage.center_of_mass(brain)
    side = rng.choice([-1.0, 1.0])
    apex_x = cx + side * 0.15 * np.sqrt(float(brain.sum()))
    dy, dx = _offsets(brain.shape, cy + rng.uniform(-15, 15), apex_x)
    middle = (0.0 if side > 0 else np.pi) + rng.uniform(-1.2, 1.2)
    turn = np.abs(np.angle(np.exp(1j * (np.arctan2(dy, dx) - middle))))
    ragged = 0.15 * smooth_noise(brain.shape, ROUGHNESS_PIXELS, rng)
    sector = turn + ragged < rng.uniform(0.25, 0.8)
    inner = np.hypot(dy, dx) > rng.uniform(0.02, 0.25) * np.sqrt(float(brain.sum()))
    own_half = (np.arange(brain.shape[1]) - cx) * side > 2
    return _largest(np.asarray(brain & sector & inner & own_half[None, :]))


def _somewhere(brain: Region, rng: np.random.Generator) -> tuple[int, int]:
    inside = np.argwhere(ndimage.binary_erosion(brain, iterations=4))
    inside = inside if len(inside) else np.argwhere(brain)
    y, x = inside[rng.integers(len(inside))]
    return int(y), int(x)


def _offsets(shape: tuple[int, ...], y: float, x: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    return rows - y, columns - x


def _piece_at(region: Region, y: int, x: int) -> Region:
    pieces, _ = ndimage.label(region)
    return np.asarray(pieces == pieces[y, x]) if region[y, x] else _largest(region)


def _largest(region: Region) -> Region:
    pieces, count = ndimage.label(region)
    if count < 2:
        return region
    return np.asarray(pieces == 1 + int(np.argmax(np.bincount(pieces.ravel())[1:])))
