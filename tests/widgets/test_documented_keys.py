"""Every key of the user guide does what the guide says: pressed in a real window, where the focus is."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from qtpy.QtCore import Qt, QTimer
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QFileDialog

from napari_cpam_stroke.config import Window
from napari_cpam_stroke.core import CTVolume
from napari_cpam_stroke.prompting import PromptKind
from napari_cpam_stroke.widgets.reading.keys import KEYS, RoomKeys
from napari_cpam_stroke.widgets.viewer.comparisons import DIFFERENCE, MIRROR
from napari_cpam_stroke.widgets.viewer.measures import MEASURE
from napari_cpam_stroke.widgets.viewer.other_side import OTHER_SIDE

GUIDE = Path(__file__).parents[2] / "docs" / "user-guide.md"
KEY = re.compile(r"(?:(?:Ctrl|Shift|Alt)\+)*(?:F\d+|[A-Z])(?![\w+])")
LEFT = Qt.MouseButton.LeftButton
MODIFIERS = {"Ctrl": Qt.KeyboardModifier.ControlModifier, "Shift": Qt.KeyboardModifier.ShiftModifier}
OF_NAPARI = {"Ctrl+Z", "Ctrl+Shift+Z"}
STROKE = (-40, 0), (-10, 20)
MIDDLE = 12


def documented() -> list[str]:
    """The keys of the guide's table, as they are written there."""
    table = GUIDE.read_text(encoding="utf-8").partition("| Key | Does | Key | Does |")[2].partition("\n\n")[0]
    rows = [row.strip("| ").split("|") for row in table.splitlines() if row.startswith("| ")]
    return [key for row in rows for cell in (row[0], row[2]) for key in KEY.findall(cell)]


@dataclass(frozen=True)
class Does:
    """What a key brings about: not so before, so after it; `before` sets the scene."""

    so: Callable[[Any], object]
    before: Callable[[Any], object] = lambda _: None


def clear(hands: Any) -> None:
    hands.session.layers.go_to_slice(MIDDLE)
    hands.session.layers.replace(dict(enumerate(np.zeros_like(hands.session.review.reading))))
    hands.session.flush()
    hands.move(-25, 10)


def draw(hands: Any) -> None:
    """A stroke of hemorrhage on the left of the middle slice, the mouse on it."""
    clear(hands)
    QTest.keyClick(hands.canvas, Qt.Key.Key_H)
    hands.drag(LEFT, *STROKE)
    hands.session.flush()
    hands.move(-25, 10)


def draw_apart(hands: Any) -> None:
    draw(hands)
    drawn = hands.session.review.reading[MIDDLE].copy()
    hands.session.layers.replace({MIDDLE - 2: drawn, MIDDLE: np.zeros_like(drawn), MIDDLE + 2: drawn})


def crumb(hands: Any) -> None:
    clear(hands)
    QTest.keyClick(hands.canvas, Qt.Key.Key_H)
    hands.session.layers.reading.brush_size = 1
    hands.drag(LEFT, (-25, 10), (-24, 10))
    hands.session.layers.reading.brush_size = 10


def answer_dialog(hands: Any) -> None:
    """Close the next file dialog, and note what it was called."""

    def close() -> None:
        for dialog in QApplication.topLevelWidgets():
            if isinstance(dialog, QFileDialog) and dialog.isVisible():
                hands.asked = dialog.windowTitle()
                dialog.reject()
                clock.stop()

    hands.asked = ""
    clock = QTimer(hands.canvas)
    clock.timeout.connect(close)
    clock.start(100)


def export_forms() -> list[Any]:
    return [widget for widget in QApplication.topLevelWidgets() if widget.windowTitle() == "Export the case"]


def reading(hands: Any) -> Any:
    return hands.session.review.reading


def at_finding(hands: Any) -> bool:
    layers = hands.session.layers
    return bool(layers.turned(layers.ai.data)[layers.slice_index].any())


def window_is(centre: int, width: int) -> Callable[[Any], bool]:
    return lambda h: (h.session.view.window.centre, h.session.view.window.width) == (centre, width)


def statuses(hands: Any) -> list[str]:
    return [case.status for case in hands.session.store.open().cases()]


def measuring(hands: Any) -> str:
    layer = hands.viewer.layers.selection.active
    return str(layer.mode) if layer.name == MEASURE else ""


def displayed(hands: Any) -> tuple[float, ...]:
    return tuple(float(i) for i in hands.session.layers.turned_index(hands.session.cursor()))


def held(hands: Any) -> None:
    draw(hands)
    hands.before = reading(hands).copy()


def pointing_with(kind: PromptKind) -> Callable[[Any], bool]:
    return lambda h: h.session.prompts.kind is kind


def draw_again(hands: Any) -> None:
    """A stroke by hand, after prompts."""
    hands.session.prompts.stop()
    draw(hands)


def bleed(hands: Any) -> None:
    """The hemorrhage of the synthetic head, marked on its middle slice alone."""
    hands.session.prompts.stop()
    clear(hands)
    hands.session.tools.draw(2)
    mask = np.zeros_like(reading(hands)[MIDDLE])
    mask[61:72, 42:53] = 2
    hands.session.layers.replace({MIDDLE: mask})


def ragged(hands: Any) -> None:
    clear(hands)
    mask = np.zeros_like(reading(hands)[MIDDLE])
    mask[50:70, 40:60] = hands.session.tools.label
    mask[60, 60:75] = hands.session.tools.label
    hands.session.layers.replace({MIDDLE: mask})
    hands.before = reading(hands).copy()


DOES = {
    "F3": Does(window_is(40, 40)), "F2": Does(window_is(40, 80)), "F4": Does(window_is(80, 200)),
    "F5": Does(window_is(600, 2800)),
    "F6": Does(window_is(35, 90), lambda h: setattr(h.session.view, "header_window", Window(35, 90))),
    "F1": Does(lambda h: (w := h.session.findChild(RoomKeys).window) is not None and w.isVisible()),
    "R": Does(lambda h: any(case.probabilities for case in h.session.worklist.cases)),
    "A": Does(lambda h: h.session.models.prediction is not None),
    "J": Does(at_finding, lambda h: h.session.go_to_slice(0)),
    "K": Does(at_finding, lambda h: h.session.go_to_slice(23)),
    "D": Does(lambda h: h.session.asides.shown(DIFFERENCE)),
    "Q": Does(lambda h: h.session.asides.shown(MIRROR)),
    "Shift+K": Does(lambda h: h.session.cross_hair.index == displayed(h), lambda h: h.move(-30, 20)),
    "Shift+H": Does(lambda h: (QTest.qWait(100), OTHER_SIDE in h.session.layers.extra)[1]),
    "Shift+Q": Does(lambda h: h.session.attention.on),
    "Shift+T": Does(lambda h: reading(h).any(), lambda h: (h.session.attention.switch(on=False), clear(h))),
    "Ctrl+Z": Does(lambda h: not reading(h).any()),
    "Ctrl+Shift+Z": Does(lambda h: reading(h).any()),
    "W": Does(lambda h: not h.session.layers.reading.visible),
    "Shift+W": Does(lambda h: h.session.layers.reading.contour == 2, lambda h: h.session.view.toggle_masks()),
    "H": Does(lambda h: h.session.tools.label == 2 and h.session.layers.reading.mode == "paint",
              lambda h: h.session.asides.toggle_mirror()),
    "I": Does(lambda h: h.session.tools.label == 1),
    "U": Does(lambda h: not reading(h).any(), draw),
    "Shift+X": Does(lambda h: set(np.unique(reading(h))) == {0, 1}, draw),
    "Shift+M": Does(lambda h: np.count_nonzero(reading(h)) > np.count_nonzero(h.before), held),
    "Shift+G": Does(lambda h: not reading(h).any(), lambda h: (draw(h), h.session.tools.limit(hu_range=(110, 120)))),
    "Shift+C": Does(lambda h: reading(h)[h.session.layers.slice_index].any()
                    and h.session.layers.slice_index != MIDDLE, draw),
    "S": Does(lambda h: not np.array_equal(reading(h), h.before), ragged),
    "T": Does(lambda h: reading(h)[MIDDLE].any(), draw_apart),
    "Shift+S": Does(lambda h: not reading(h).any(), crumb),
    "G": Does(lambda h: reading(h).any(), clear),
    "Shift+P": Does(pointing_with(PromptKind.POINT)),
    "Shift+B": Does(pointing_with(PromptKind.BOX)),
    "Shift+F": Does(pointing_with(PromptKind.SCRIBBLE)),
    "Shift+U": Does(pointing_with(PromptKind.LASSO)),
    "Ctrl+J": Does(lambda h: h.session.carrying.proposal is not None, bleed),
    "Ctrl+K": Does(lambda h: h.session.carrying.proposal is not None, bleed),
    "Shift+J": Does(lambda h: np.count_nonzero(reading(h).any(axis=(1, 2))) > 1, bleed),
    "Shift+Y": Does(lambda h: h.session.prompts.reading.sitting.kept.on_slice(MIDDLE).any(), draw_again),
    "Shift+R": Does(lambda h: measuring(h) == "add_line"),
    "Shift+D": Does(lambda h: measuring(h) == "add_ellipse"),
    "Shift+I": Does(lambda h: [m.kind for m in h.session.measures.found] == ["midline", "shift"]),
    "F8": Does(lambda h: not h.session.review.dirty and h.session.review.revision is not None, draw),
    "F9": Does(lambda _: QApplication.activePopupWidget() is not None, lambda h: (draw(h), QTest.qWait(500))),
    "Shift+E": Does(lambda _: any(form.isVisible() for form in export_forms())),
    "Shift+O": Does(lambda h: h.asked == "Open folder as head CT",
                    lambda h: ([form.close() for form in export_forms()], answer_dialog(h))),
    "Shift+L": Does(lambda h: h.focused() is h.dock("Cases").list.search),
    "F7": Does(lambda h: h.session.view.plane == "coronal"),
    "F10": Does(lambda h: statuses(h).count("second_read") == 1),
    "Shift+N": Does(lambda h: h.session.case_id == "alpha", lambda h: h.session.open_case("beta", wait=True)),
    "N": Does(lambda h: h.session.case_id == "beta"),
    "F12": Does(lambda h: statuses(h).count("accepted") == 1),
    "Shift+F12": Does(lambda h: statuses(h).count("rejected") == 1),
}  # fmt: skip
"""In the order they are pressed: each begins where the one before ended."""


def test_the_guide_names_every_key_and_none_twice() -> None:
    ours = [key.keys.replace("-", "+").replace("Control", "Ctrl") for key in KEYS]
    assert sorted(documented()) == sorted([*ours, *OF_NAPARI])
    assert set(DOES) == set(documented())


def test_every_key_of_the_guide_does_what_it_says(
    room: Any, phantom_volume: CTVolume, small_case: Callable[[str], CTVolume]
) -> None:
    session = room.session
    for name in ("alpha", "beta"):
        session.store.open().add_case(small_case(name), source="reader")
    session.models.blind(on=True)
    session.show(phantom_volume)
    session.worklist.refresh(order="id")
    session.wait()
    session.ask = lambda _question, answers: "discard" if "discard" in answers else answers[0]
    room.canvas.setFocus()
    for key, does in DOES.items():
        does.before(room)
        assert not does.so(room), f"{key} would show nothing"
        name, modifier = key.rpartition("+")[2], Qt.KeyboardModifier.NoModifier
        for word in key.split("+")[:-1]:
            modifier |= MODIFIERS[word]
        room.key(getattr(Qt.Key, f"Key_{name}"), modifier)
        session.wait()
        QTest.qWait(20)
        assert does.so(room), key
        popup = QApplication.activePopupWidget()
        if popup is not None:
            popup.close()
        if key == "F1":
            session.findChild(RoomKeys).window.close()
        room.window.activateWindow()
        room.canvas.setFocus()
