"""Solids with an exact volume: every lesion and landmark of the phantom is one of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float32]
"""(..., 3) points in LPS mm."""

Membership = NDArray[np.bool_]


class Solid(Protocol):
    """A body whose inside and whose volume are known exactly."""

    @property
    def volume_ml(self) -> float:
        """Volume in millilitres."""

    @property
    def bounds_mm(self) -> tuple[tuple[float, float], tuple[float, float], tuple[float, float]]:
        """Lowest and highest x, y, z in LPS mm of a box around the body."""

    def contains(self, points: Points) -> Membership:
        """Return for each point (..., 3), x, y, z in mm, whether it lies inside."""


@dataclass(frozen=True)
class Ellipsoid:
    """An ellipsoid, turned about the long axis of the patient.

    Attributes
    ----------
    centre_mm, radii_mm
        LPS mm; half axes along x, y, z before turning.
    turn_degrees
        Turn in the axial plane from left towards posterior.
    """

    centre_mm: tuple[float, float, float]
    radii_mm: tuple[float, float, float]
    turn_degrees: float = 0.0

    @property
    def volume_ml(self) -> float:
        """4/3 pi a b c."""
        return 4 / 3 * math.pi * math.prod(self.radii_mm) / 1000

    @property
    def bounds_mm(self) -> tuple[tuple[float, float], tuple[float, float], tuple[float, float]]:
        """A box around the ellipsoid, whatever its turn."""
        reach = max(self.radii_mm[:2])
        (x, y, z), up = self.centre_mm, self.radii_mm[2]
        return (x - reach, x + reach), (y - reach, y + reach), (z - up, z + up)

    def contains(self, points: Points) -> Membership:
        """Return for each point (..., 3), x, y, z in mm, whether it lies inside."""
        return np.asarray(self.radius(points) <= 1)

    def radius(self, points: Points) -> NDArray[np.float32]:
        """Return the squared distance of points (..., 3) from the centre, in half axes: 1 on the surface."""
        x, y, z = (points[..., i] - np.float32(self.centre_mm[i]) for i in range(3))
        turn = math.radians(self.turn_degrees)
        along = x * np.float32(math.cos(turn)) + y * np.float32(math.sin(turn))
        across = y * np.float32(math.cos(turn)) - x * np.float32(math.sin(turn))
        a, b, c = (np.float32(r) for r in self.radii_mm)
        return np.asarray((along / a) ** 2 + (across / b) ** 2 + (z / c) ** 2)


@dataclass(frozen=True)
class Wedge:
    """A wedge as an artery's territory looks in axial slices: a sector between two similar ellipses.

    It opens from `inner` to `outer`, both shares of `radii_mm`, on either side of `direction_degrees` (0 is left,
    90 posterior). The opening shrinks above and below the middle as 1 - t^2, where t is the height in units of
    `half_height_mm`, so the area falls to nothing at both ends and the volume has a closed form.
    """

    centre_mm: tuple[float, float, float]
    radii_mm: tuple[float, float]
    inner: float
    outer: float
    direction_degrees: float
    half_angle_degrees: float
    half_height_mm: float

    @property
    def volume_ml(self) -> float:
        """(outer^2 - inner^2) a b angle · 4/3 h, with the angle in radians to one side."""
        ring = (self.outer**2 - self.inner**2) * math.prod(self.radii_mm) * math.radians(self.half_angle_degrees)
        return ring * 4 / 3 * self.half_height_mm / 1000

    @property
    def bounds_mm(self) -> tuple[tuple[float, float], tuple[float, float], tuple[float, float]]:
        """A box around the whole ellipse."""
        x, y, z = self.centre_mm
        a, b = (self.outer * r for r in self.radii_mm)
        return (x - a, x + a), (y - b, y + b), (z - self.half_height_mm, z + self.half_height_mm)

    def contains(self, points: Points) -> Membership:
        """Return for each point (..., 3), x, y, z in mm, whether it lies inside."""
        x = (points[..., 0] - np.float32(self.centre_mm[0])) / np.float32(self.radii_mm[0])
        y = (points[..., 1] - np.float32(self.centre_mm[1])) / np.float32(self.radii_mm[1])
        t = (points[..., 2] - np.float32(self.centre_mm[2])) / np.float32(self.half_height_mm)
        share = x * x + y * y
        direction = math.radians(self.direction_degrees)
        angle = np.arctan2(
            y * np.float32(math.cos(direction)) - x * np.float32(math.sin(direction)),
            x * np.float32(math.cos(direction)) + y * np.float32(math.sin(direction)),
        )
        opening = np.float32(math.radians(self.half_angle_degrees)) * (1 - t * t)
        in_ring = (share >= np.float32(self.inner**2)) & (share <= np.float32(self.outer**2))
        return np.asarray(in_ring & (np.abs(angle) <= opening))

    def centroid_mm(self) -> tuple[float, float, float]:
        """Return the exact centre of mass in LPS mm, by the sector's closed form and quadrature along the height."""
        t = np.linspace(-1, 1, 4001)
        theta = math.radians(self.half_angle_degrees) * (1 - t * t)
        first_moment = 2 / 3 * (self.outer**3 - self.inner**3) * np.sin(theta)
        area = (self.outer**2 - self.inner**2) * theta
        reach = float(first_moment.sum() / area.sum())
        direction = math.radians(self.direction_degrees)
        x, y, z = self.centre_mm
        a, b = self.radii_mm
        return x + reach * a * math.cos(direction), y + reach * b * math.sin(direction), z
