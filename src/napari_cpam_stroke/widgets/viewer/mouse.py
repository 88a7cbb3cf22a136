"""What napari tells its mouse callbacks, and windowing by a drag."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Protocol

import numpy as np

from napari_cpam_stroke.config import Window

LEFT_BUTTON, RIGHT_BUTTON = 1, 2

DRAG_HU_PER_PIXEL = 0.5
"""Windowing by mouse: HU per screen pixel, times the width in units of the brain window."""

BRAIN_WIDTH_HU, LEAST_GAIN = 80.0, 0.25


class MouseEvent(Protocol):
    """What is read of napari's mouse events.

    Attributes
    ----------
    type
        mouse_press, mouse_move or mouse_release.
    pos
        (x, y) on the canvas in pixels.
    position
        World position (..., z, y, x).
    modifiers
        Names of the keys held, such as Shift.
    handled
        True keeps napari's own camera still.
    """

    type: str
    button: int | None
    pos: Sequence[float]
    position: Sequence[float]
    modifiers: Sequence[str]
    handled: bool


Drag = Generator[None, None, None]
"""A callback that napari resumes at every move until the button is let go."""


def drag_window(event: MouseEvent, window: Window, show: Callable[[Window], None]) -> Drag:
    """Change a window while the mouse moves: sideways its width, up and down its centre."""
    start = np.asarray(event.pos, dtype=float)
    gain = DRAG_HU_PER_PIXEL * max(window.width / BRAIN_WIDTH_HU, LEAST_GAIN)
    event.handled = True
    yield
    while event.type == "mouse_move":
        dx, dy = (np.asarray(event.pos, dtype=float) - start) * gain
        show(Window(float(round(window.centre + dy)), float(max(round(window.width + dx), 1))))
        event.handled = True
        yield
