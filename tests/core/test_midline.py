from __future__ import annotations

import numpy as np
import pytest

from napari_cpam_stroke.core.midline import find_midline, rotation, turned


def oval(degrees: float, shift: float, edge: int = 64) -> np.ndarray:
    """Return one slice of a symmetric oval whose midline is turned and shifted, with a bright frontal mark on it."""
    grid = np.stack(np.mgrid[:edge, :edge]) - (edge - 1) / 2
    along, across = np.tensordot(rotation(degrees).T, grid, axes=1)
    across = across - shift * edge
    image = (np.hypot(along / 24, across / 17) < 1).astype(np.float32) * 0.5
    image[(np.abs(across) < 2) & (along < -8) & (along > -20)] = 1.0
    return image[None]


@pytest.mark.parametrize("degrees", [-20.0, -7.5, 0.0, 4.0, 18.0])
@pytest.mark.parametrize("shift", [-0.08, 0.0, 0.1])
def test_turn_and_shift_are_found(degrees: float, shift: float) -> None:
    found, moved = find_midline(oval(degrees, shift))
    assert found == pytest.approx(degrees, abs=1.5)
    assert moved == pytest.approx(shift, abs=0.015)


def test_turning_by_what_was_found_makes_it_symmetric() -> None:
    image = oval(13.0, 0.0)
    degrees, _ = find_midline(image)
    upright = turned(image[0], degrees)
    assert np.abs(upright - upright[:, ::-1]).mean() < 0.3 * np.abs(image[0] - image[0][:, ::-1]).mean()


def test_an_empty_stack_is_not_turned_far() -> None:
    degrees, shift = find_midline(np.zeros((2, 32, 32), np.float32))
    assert abs(degrees) <= 25.5
    assert abs(shift) <= 0.25
