"""A series with lesions that can be foretold, and hands that point at places of its slices."""

from __future__ import annotations

from typing import Any

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_cpam_stroke.core import CTVolume, VolumeGeometry
from napari_cpam_stroke.widgets.reading.prompt_answers import EngineChoice
from napari_cpam_stroke.widgets.viewer.prompt_marks import PROMPTS

from ...fill_engine import FillEngine  # noqa: TID252 - the tests are no installed package

LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
Z = 3
DARK, OTHER, BONE = (slice(20, 40), slice(15, 35)), (slice(60, 80), slice(60, 80)), (slice(60, 80), slice(15, 35))
IN_DARK, IN_OTHER, ON_BONE, NOWHERE = (30, 25), (70, 70), (70, 25), (50, 50)


def squares(name: str = "squares") -> CTVolume:
    """Dark squares and bone in six grey slices, stored head first and seen from the other side."""
    hu = np.full((6, 100, 100), 35, dtype=np.int16)
    hu[:, DARK[0], DARK[1]], hu[:, OTHER[0], OTHER[1]], hu[:, BONE[0], BONE[1]] = 20, 20, 900
    positions = np.outer(np.arange(6) * -5.0, [0, 0, 1.0])
    geometry = VolumeGeometry(positions, np.r_[-1.0, 0, 0], np.r_[0, 1.0, 0], (0.5, 0.5), np.full(6, 5.0))
    return CTVolume(hu=hu, geometry=geometry, case_id=name, patient_id=name)


class Pointing:
    """Hands that point at places of the slice."""

    def __init__(self, hands: Any) -> None:
        self.hands, self.session = hands, hands.session
        self.engine = FillEngine()
        self.prompts = self.session.prompts
        self.prompts.offer(EngineChoice("fill", lambda: self.engine))

    @property
    def mask(self) -> np.ndarray:
        return self.session.review.reading

    @property
    def drawn(self) -> np.ndarray:
        return self.mask[Z] == 1

    @property
    def marks(self) -> list[str]:
        layer = self.session.layers.extra.get(PROMPTS)
        return [] if layer is None else [str(symbol) for symbol in layer.symbol]

    @property
    def message(self) -> str:
        return str(self.hands.dock("Correct and save").message.whole)

    def at(self, place: tuple[int, int]) -> tuple[int, int]:
        """Where a (row, column) lies on the canvas, from its middle."""
        camera = self.hands.viewer.scene.camera if hasattr(self.hands.viewer, "scene") else self.hands.viewer.camera
        world = np.array(self.session.layers.world_of((Z, *place))[1:])
        down, right = (world - np.array(camera.center[-2:])) * camera.zoom
        return round(right), round(down)

    def click(self, place: tuple[int, int], button: Any = LEFT, modifier: Any = Qt.KeyboardModifier.NoModifier) -> None:
        at = self.at(place)
        self.hands.move(*at)
        QTest.mouseClick(self.hands.canvas, button, modifier, self.hands.at(*at))
        self.wait()

    def drag(self, start: tuple[int, int], end: tuple[int, int], button: Any = LEFT) -> None:
        self.hands.drag(button, self.at(start), self.at(end))
        self.wait()

    def draw_through(self, *places: tuple[int, int]) -> None:
        """The left button held from place to place."""
        spots = [self.at(place) for place in places]
        self.hands.move(*spots[0])
        QTest.mousePress(self.hands.canvas, LEFT, Qt.KeyboardModifier.NoModifier, self.hands.at(*spots[0]))
        for spot in spots[1:]:
            self.hands.move(*spot, LEFT)
            QTest.qWait(40)
        QTest.mouseRelease(self.hands.canvas, LEFT, Qt.KeyboardModifier.NoModifier, self.hands.at(*spots[-1]))
        self.wait()

    def wait(self) -> None:
        self.session.wait()
        self.session.flush()
        QTest.qWait(10)

    def key(self, key: Any, modifier: Any = Qt.KeyboardModifier.NoModifier) -> None:
        self.hands.press(key, modifier)
        self.wait()

    def undo(self) -> None:
        self.key(Qt.Key.Key_Z, CTRL)

    def redo(self) -> None:
        self.key(Qt.Key.Key_Z, CTRL | SHIFT)


def region(*parts: tuple[slice, slice]) -> np.ndarray:
    found = np.zeros((100, 100), dtype=bool)
    for part in parts:
        found[part] = True
    return found
