"""Geometries as scanners make them, and small volumes to edit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from napari_cpam_stroke.core import CTVolume, VolumeGeometry

settings.register_profile("core", deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))
settings.load_profile("core")


@st.composite
def geometries(draw: st.DrawFn, max_slices: int = 7) -> VolumeGeometry:
    """Any orientation, any tilt, steps of their own from slice to slice."""
    angles = [draw(st.floats(-np.pi, np.pi)) for _ in range(3)]
    row, column, normal = orientation(*angles).T
    steps = draw(st.lists(st.floats(0.4, 11.0), min_size=0, max_size=max_slices - 1))
    tilt = draw(st.floats(-0.7, 0.7)), draw(st.floats(-0.7, 0.7))
    move = normal + tilt[0] * row + tilt[1] * column
    origin = np.array([draw(st.floats(-500, 500)) for _ in range(3)])
    positions = origin + np.concatenate([[0.0], np.cumsum(steps)])[:, None] * move
    spacing = draw(st.floats(0.2, 2.0)), draw(st.floats(0.2, 2.0))
    return VolumeGeometry(positions, row, column, spacing, np.full(len(positions), draw(st.floats(0.5, 10.0))))


def orientation(a: float, b: float, c: float) -> np.ndarray:
    """Return a proper rotation as columns row direction, column direction, normal."""
    turn_z = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
    turn_y = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    turn_x = np.array([[1, 0, 0], [0, np.cos(c), -np.sin(c)], [0, np.sin(c), np.cos(c)]])
    return turn_z @ turn_y @ turn_x


def axial(
    slices: int = 5,
    *,
    step: float = 4.0,
    spacing: tuple[float, float] = (0.5, 0.5),
    tilt_degrees: float = 0.0,
    row=(1.0, 0.0, 0.0),
    column=(0.0, 1.0, 0.0),
) -> VolumeGeometry:
    """Supine, head first, feet at z = 0, unless said otherwise; a tilt shifts slices along the columns."""
    row, column = np.asarray(row), np.asarray(column)
    move = np.cross(row, column) * step + column * step * np.tan(np.radians(tilt_degrees))
    return VolumeGeometry(np.arange(slices)[:, None] * move, row, column, spacing, np.full(slices, step))


def volume_of(hu: np.ndarray, geometry: VolumeGeometry | None = None) -> CTVolume:
    return CTVolume(hu.astype(np.int16), geometry, case_id="test")


@pytest.fixture
def volume() -> CTVolume:
    """A flat volume of 30 HU with noise: 6 slices of 48 x 40, 4 mm apart, pixels 0.5 mm."""
    hu = np.random.default_rng(0).normal(30, 3, (6, 48, 40))
    return volume_of(hu, axial(6))


def ball(shape: tuple[int, int, int], centre: tuple[float, float, float], radius: float) -> np.ndarray:
    """Return a bool ball in voxels."""
    grid = np.ogrid[tuple(slice(n) for n in shape)]
    return sum((g - c) ** 2 for g, c in zip(grid, centre, strict=True)) <= radius**2
