"""A plain head in Hounsfield units: scalp, skull, fluid, grey and white matter, ventricles, falx."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from napari_cpam_stroke.samples.shapes import Ellipsoid, Points

AIR, SKIN, FAT, SKULL, DIPLOE, FLUID = -1000.0, 25.0, -70.0, 950.0, 600.0, 8.0
"""HU of what surrounds the brain."""
WHITE, GREY, DEEP_GREY, SULCUS, FALX, PINEAL = 30.0, 38.0, 37.0, 16.0, 42.0, 95.0
"""HU inside the skull."""

BRAIN_RADII_MM = (66.0, 84.0, 72.0)
"""Half axes of the brain (left-right, front-back, upwards) about the origin of the head."""

DOWNWARD_MM = 110.0
"""Half axis downwards: the head goes on towards the neck."""

CORTEX_FROM, SULCI_FROM = 0.87, 0.90
"""Share of the brain's radius at which cortex and sulci begin."""

FOLDS = 23
"""Sulci around the head."""

_Paint = tuple[Ellipsoid, float]


@lru_cache(maxsize=1)
def inner_organs() -> tuple[_Paint, ...]:
    """Return what lies inside the brain, painted in this order; nothing of it is symmetric by more than a few mm."""
    both_sides = [
        (Ellipsoid((side * 26.0, -6.0, 6.0), (9.0, 20.0, 15.0), side * 12.0), DEEP_GREY) for side in (1, -1)
    ] + [(Ellipsoid((side * 10.0, 10.0, 8.0), (8.0, 13.0, 10.0), side * -20.0), DEEP_GREY) for side in (1, -1)]
    ventricles = [
        (Ellipsoid((10.0, 2.0, 23.0), (5.5, 34.0, 8.0), 6.0), FLUID),
        (Ellipsoid((-9.5, 0.0, 23.0), (4.5, 31.0, 7.0), -6.0), FLUID),
        (Ellipsoid((25.0, 36.0, 8.0), (6.5, 13.0, 10.0), -15.0), FLUID),
        (Ellipsoid((-24.0, 35.0, 8.0), (5.5, 12.0, 9.0), 15.0), FLUID),
        (Ellipsoid((0.0, 4.0, 3.0), (2.0, 13.0, 9.0)), FLUID),
        (Ellipsoid((0.5, 24.0, 5.0), (2.0, 2.0, 3.0)), PINEAL),
    ]
    below = [
        (Ellipsoid((0.0, 46.0, -44.0), (46.0, 27.0, 24.0)), GREY - 1),
        (Ellipsoid((0.0, 40.0, -38.0), (6.0, 5.0, 8.0)), FLUID),
        (Ellipsoid((0.0, 2.0, -24.0), (11.0, 8.0, 6.0)), FLUID),
        (Ellipsoid((40.0, 14.0, -50.0), (24.0, 7.0, 9.0), 35.0), SKULL - 150),
        (Ellipsoid((-40.0, 14.0, -50.0), (24.0, 7.0, 9.0), -35.0), SKULL - 150),
    ]
    return (*both_sides, *ventricles, *below)


def head_hu(points: Points) -> NDArray[np.float32]:
    """Return the HU (float32) of points (..., 3) given in mm from the centre of the head, LPS."""
    inside = _shell(points, 0.0)
    hu = np.full(points.shape[:-1], AIR, dtype=np.float32)
    for margin, value in ((15.0, SKIN), (12.5, FAT), (9.5, SKIN), (8.0, SKULL), (6.2, DIPLOE), (3.8, SKULL)):
        hu[_shell(points, margin) <= 1] = value
    hu[_shell(points, 2.0) <= 1] = FLUID
    brain = inside <= 1
    hu[brain] = _parenchyma(points[brain], inside[brain])
    for organ, value in inner_organs():
        _paint(hu, points, organ, value, brain)
    return hu


def _shell(points: Points, margin_mm: float) -> NDArray[np.float32]:
    """Return the squared radius of points in units of the brain's half axes widened by `margin_mm`."""
    x, y, z = (points[..., i] for i in range(3))
    a, b, c = (np.float32(r + margin_mm) for r in BRAIN_RADII_MM)
    low = np.float32(DOWNWARD_MM + margin_mm)
    return np.asarray((x / a) ** 2 + (y / b) ** 2 + (z / np.where(z < 0, low, c)) ** 2)


def _parenchyma(points: Points, squared: NDArray[np.float32]) -> NDArray[np.float32]:
    """White matter, a folded cortex around it, sulci between the folds and the cleft with the falx in the middle."""
    x, y, z = points[..., 0], points[..., 1], points[..., 2]
    depth = np.sqrt(squared)
    fold = np.cos(FOLDS * np.arctan2(y, x) + 3 * np.sin(z / 14) + 0.7 * np.sin(z / 5))
    tissue = np.where(depth > CORTEX_FROM + 0.035 * fold, GREY, WHITE).astype(np.float32)
    tissue[(fold > 0.93) & (depth > SULCI_FROM)] = SULCUS
    cleft = (np.abs(x) < 1.6) & (depth > 0.62) & (z > -20)
    tissue[cleft] = FLUID
    tissue[cleft & (np.abs(x) < 0.6)] = FALX
    return tissue


def _paint(hu: NDArray[np.float32], points: Points, organ: Ellipsoid, value: float, brain: NDArray[np.bool_]) -> None:
    """Fill an ellipsoid in place, looking only at the slices that it can reach."""
    low, high = organ.bounds_mm[2]
    reached = np.flatnonzero(
        (points[..., 2].max(axis=tuple(range(1, points.ndim - 1))) >= low)
        & (points[..., 2].min(axis=tuple(range(1, points.ndim - 1))) <= high)
    )
    for i in reached:
        hu[i][organ.contains(points[i]) & brain[i]] = value
