"""The other side in this one's place: a key shows it, the letters follow, the masks stay."""

from __future__ import annotations

from typing import Any

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_cpam_stroke.core import editing
from napari_cpam_stroke.core.mirror import mirrored_about
from napari_cpam_stroke.widgets.viewer import compat
from napari_cpam_stroke.widgets.viewer.canvas_texts import HEADER, PREFIX
from napari_cpam_stroke.widgets.viewer.other_side import OTHER_SIDE

SHIFT = Qt.KeyboardModifier.ShiftModifier


def text(hands: Any, name: str) -> str:
    return str(compat.overlays(hands.viewer)[PREFIX + name].text)


def press(hands: Any) -> None:
    """Shift+H, twice waited: for the midline, and for the picture."""
    hands.press(Qt.Key.Key_H, SHIFT)
    for _ in range(2):
        hands.session.wait()
        QTest.qWait(50)


def test_the_head_turns_over_in_its_place_and_back(hands: Any) -> None:
    layers, place = hands.session.layers, compat.camera(hands.viewer).center
    assert (text(hands, "left"), text(hands, "right")) == ("R", "L")
    press(hands)
    shown = layers.extra[OTHER_SIDE]
    expected = layers.turned(mirrored_about(layers.volume.hu, editing.find_midline(layers.volume)))
    np.testing.assert_array_equal(np.asarray(shown.data), expected)
    assert tuple(shown.extent.world.ravel()) == tuple(layers.original.extent.world.ravel()), (
        "at full size, in its place"
    )
    assert compat.camera(hands.viewer).center == place
    assert (text(hands, "left"), text(hands, "right")) == ("L", "R")
    assert "MIRRORED" in text(hands, HEADER)
    names = [layer.name for layer in hands.viewer.layers]
    assert names.index("Original") < names.index(OTHER_SIDE) < names.index("Reading")
    hands.press(Qt.Key.Key_F3)
    assert tuple(shown.contrast_limits) == (20, 60), "it is windowed along"
    press(hands)
    assert OTHER_SIDE not in layers.extra
    assert (text(hands, "left"), text(hands, "right")) == ("R", "L")
    assert "MIRRORED" not in text(hands, HEADER)


def test_the_next_case_shows_its_own_side(hands: Any, small_case: Any) -> None:
    press(hands)
    hands.session.show(small_case("next"))
    hands.session.wait()
    assert OTHER_SIDE not in hands.viewer.layers
    assert "MIRRORED" not in text(hands, HEADER)
    assert text(hands, "left") == "R"
