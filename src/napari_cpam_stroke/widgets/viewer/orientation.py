"""Which way the patient lies on the screen: from the geometry, our flips, the slicing axis and the camera."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_cpam_stroke.core import VolumeGeometry

PLANES: dict[str, tuple[int, int, int]] = {"axial": (0, 1, 2), "coronal": (1, 0, 2), "sagittal": (2, 0, 1)}
"""Order of the array axes (z, y, x) for each plane; the last two are drawn down and across."""

LETTERS = (("L", "R"), ("P", "A"), ("H", "F"))
"""For +x, -x, +y, -y, +z, -z of LPS: left, right, posterior, anterior, head, feet."""


@dataclass(frozen=True)
class EdgeLetters:
    """The letter at each edge of the canvas; empty where the geometry is not known."""

    left: str = ""
    right: str = ""
    top: str = ""
    bottom: str = ""


def axis_directions(geometry: VolumeGeometry, flips: tuple[bool, bool, bool]) -> NDArray[np.float64]:
    """Return float64 (3, 3): the LPS unit direction in which each axis (z, y, x) of the turned array grows."""
    path = geometry.positions_mm[-1] - geometry.positions_mm[0] if geometry.slices > 1 else geometry.normal
    along = path / np.linalg.norm(path)
    directions = np.stack([along, geometry.column_direction, geometry.row_direction])
    return np.asarray(directions * np.where(np.asarray(flips)[:, None], -1.0, 1.0))


def letter_of(direction: NDArray[np.float64]) -> str:
    """Return the letter of the patient side that an LPS direction (3,) points to most."""
    axis = int(np.argmax(np.abs(direction)))
    return LETTERS[axis][0 if direction[axis] > 0 else 1]


def edge_letters(
    geometry: VolumeGeometry | None,
    flips: tuple[bool, bool, bool],
    displayed: tuple[int, int],
    *,
    down: bool = True,
    right: bool = True,
) -> EdgeLetters:
    """Return the letters for a 2D view.

    Parameters
    ----------
    displayed
        Array axes drawn along the vertical and the horizontal of the canvas.
    down, right
        Whether the vertical axis grows downwards and the horizontal one to the right, as the camera has it.
    """
    if geometry is None:
        return EdgeLetters()
    vertical, horizontal = (axis_directions(geometry, flips)[axis] for axis in displayed)
    vertical, horizontal = (vertical if down else -vertical), (horizontal if right else -horizontal)
    return EdgeLetters(
        left=letter_of(-horizontal), right=letter_of(horizontal), top=letter_of(-vertical), bottom=letter_of(vertical)
    )
