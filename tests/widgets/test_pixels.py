"""Table, classes, ml and "unsaved" follow the pixels, whatever hands and napari did to them; in a real window."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest

from napari_cpam_stroke.core import CTVolume, LesionClass, measure_lesions
from napari_cpam_stroke.core.annotation import PRESENT

LEFT = Qt.MouseButton.LeftButton
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
STEPS, LOOKING = 30, 0.4
"""Steps of a walk, and the share of them after which the room is looked at."""

PATIENCE_MS = 5000


@pytest.fixture
def drawer(room: Any, small_case: Callable[[str], CTVolume]) -> Any:
    """A room with a small case open and a brush of four pixels."""
    room.session.show(small_case("alpha"))
    room.session.wait()
    room.session.layers.reading.brush_size = 4
    QTest.qWait(50)
    return room


def drawn(hands: Any) -> Any:
    """The pixels on the screen, on native slices: counted from the layer, not from what the room believes."""
    layers = hands.session.layers
    return layers.turned(np.asarray(layers.reading.data))


def settle(hands: Any) -> None:
    """Let the room follow as far as it has noticed anything, however slow the machine is."""
    timers = (hands.session._settle, hands.dock("Findings")._measure)
    for _ in range(PATIENCE_MS // 20):
        QTest.qWait(20)
        if not any(timer.isActive() for timer in timers):
            break
    hands.session.wait()


def check(hands: Any, base: Any, after: str) -> None:
    settle(hands)
    session, findings, correct = hands.session, hands.dock("Findings"), hands.dock("Correct and save")
    mask = drawn(hands)
    table = measure_lesions(mask, session.layers.volume)
    assert findings.table.rowCount() == len(table.lesions), after
    listed = [findings.table.item(row, 2).text() for row in range(findings.table.rowCount())]
    assert listed == [f"{lesion.volume_ml:.2f}" for lesion in table.lesions], after
    here = [bool((mask[session.layers.slice_index] == c).any()) for c in LesionClass]
    assert [correct.slice_checks[c].isChecked() for c in LesionClass] == here, after
    anywhere = [bool((mask == c).any()) for c in LesionClass]
    assert [correct.series_checks[c].isChecked() for c in LesionClass] == anywhere, after
    on_slices = np.stack([(mask == c).any(axis=(1, 2)) for c in LesionClass], axis=1)
    np.testing.assert_array_equal(session.review.slice_labels == PRESENT, on_slices, err_msg=after)
    np.testing.assert_array_equal(findings.strip._drawn, on_slices, err_msg=after)
    assert session.review.dirty == (not np.array_equal(mask, base)), after
    assert ("unsaved" in correct.state.text()) == session.review.dirty, after


def test_an_undo_after_undo_and_stroke_is_noticed(drawer: Any) -> None:
    empty = np.zeros_like(drawn(drawer))
    drawer.press(Qt.Key.Key_I)
    drawer.drag(LEFT, (-30, 0), (-10, 10))
    settle(drawer)
    drawer.press(Qt.Key.Key_Z, CTRL)
    drawer.drag(LEFT, (10, 0), (30, 10))
    settle(drawer)
    drawer.press(Qt.Key.Key_Z, CTRL)
    assert not drawn(drawer).any()
    check(drawer, empty, "stroke, undo, stroke, undo")


def test_a_stroke_given_up_leaves_nothing_behind(drawer: Any) -> None:
    empty = drawn(drawer).copy()
    drawer.press(Qt.Key.Key_I)
    drawer.move(-20, 0)
    QTest.mousePress(drawer.canvas, LEFT, Qt.KeyboardModifier.NoModifier, drawer.at(-20, 0))
    drawer.move(0, 10, LEFT)
    assert drawn(drawer).any()
    settle(drawer)
    drawer.press(Qt.Key.Key_Escape)
    QTest.mouseRelease(drawer.canvas, LEFT, Qt.KeyboardModifier.NoModifier, drawer.at(0, 10))
    check(drawer, empty, "Esc in a stroke")


def test_another_array_in_the_layer_is_still_the_reading(drawer: Any) -> None:
    layer = drawer.session.layers.reading
    layer.data = np.asarray(layer.data).astype(np.int32)  # what napari's "Convert data type" does
    drawer.press(Qt.Key.Key_H)
    drawer.drag(LEFT, (-30, 0), (-10, 10))
    assert (drawer.session.review.reading == 2).any()
    check(drawer, np.zeros_like(drawn(drawer)), "convert and draw")


class Walk:
    """A reader who draws, erases, fills, undoes and goes on in any order."""

    def __init__(self, hands: Any, seed: int) -> None:
        self.hands, self.random = hands, Random(seed)
        self.base = drawn(hands).copy()

    def spot(self) -> tuple[int, int]:
        return self.random.randrange(-120, 120), self.random.randrange(-90, 90)

    def stroke(self) -> None:
        self.hands.press(self.random.choice([Qt.Key.Key_I, Qt.Key.Key_H]))
        x, y = self.spot()
        self.hands.drag(LEFT, (x, y), (x + 30, y + 20))

    def erase(self) -> None:
        self.hands.press(Qt.Key.Key_1)
        x, y = self.spot()
        self.hands.drag(LEFT, (x, y), (x + 60, y))

    def fill(self) -> None:
        self.hands.press(Qt.Key.Key_4)
        self.point()
        QTest.mouseClick(self.hands.canvas, LEFT, Qt.KeyboardModifier.NoModifier, self.place)

    def polygon(self) -> None:
        self.hands.press(Qt.Key.Key_3)
        x, y = self.spot()
        for dx, dy in ((0, 0), (40, 0), (40, 40)):
            self.hands.move(x + dx, y + dy)
            QTest.mouseClick(self.hands.canvas, LEFT, Qt.KeyboardModifier.NoModifier, self.hands.at(x + dx, y + dy))
        self.hands.press(self.random.choice([Qt.Key.Key_Enter, Qt.Key.Key_Escape]))

    def point(self) -> None:
        x, y = self.spot()
        self.place: QPoint = self.hands.at(x, y)
        self.hands.move(x, y)

    def tool(self) -> None:
        self.point()
        key, modifier = self.random.choice([
            (Qt.Key.Key_G, None), (Qt.Key.Key_T, None), (Qt.Key.Key_S, None), (Qt.Key.Key_U, None),
            (Qt.Key.Key_S, SHIFT), (Qt.Key.Key_X, SHIFT), (Qt.Key.Key_C, SHIFT), (Qt.Key.Key_G, SHIFT),
        ])  # fmt: skip
        self.hands.press(key, modifier or Qt.KeyboardModifier.NoModifier)

    def undo(self) -> None:
        for _ in range(self.random.randrange(1, 4)):
            self.hands.press(Qt.Key.Key_Z, CTRL)

    def redo(self) -> None:
        for _ in range(self.random.randrange(1, 3)):
            self.hands.press(Qt.Key.Key_Z, CTRL | SHIFT)

    def button(self) -> None:
        dock = self.hands.dock("Correct and save")
        self.hands.click(self.random.choice([dock.undo, dock.redo]))

    def scroll(self) -> None:
        self.hands.press(self.random.choice([Qt.Key.Key_Left, Qt.Key.Key_Right]))

    def save(self) -> None:
        self.base = drawn(self.hands).copy()
        self.hands.session.records.save(wait=True)

    def step(self) -> str:
        does = self.random.choice([
            self.stroke, self.stroke, self.stroke, self.erase, self.fill, self.polygon, self.tool, self.undo, self.undo,
            self.undo, self.redo, self.button, self.scroll, self.save,
        ])  # fmt: skip
        does()
        if self.random.random() < LOOKING:
            check(self.hands, self.base, does.__name__)
        return str(does.__name__)


@pytest.mark.parametrize("seed", [1, 2])
def test_everything_follows_the_pixels_in_any_order(drawer: Any, seed: int) -> None:
    walk = Walk(drawer, seed)
    done = [walk.step() for _ in range(STEPS)]
    check(drawer, walk.base, "the last step")
    assert {"stroke", "undo", "erase", "tool"} <= set(done)
