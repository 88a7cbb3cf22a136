"""The 3D view shows brain and lesions and lets nobody draw; nor do hidden masks: in a real window."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_cpam_stroke.widgets.viewer import compat
from napari_cpam_stroke.widgets.viewer.canvas_texts import HEADER, PREFIX
from napari_cpam_stroke.widgets.viewer.drawing_guard import IN_3D
from napari_cpam_stroke.widgets.viewer.solid import BRAIN

LEFT = Qt.MouseButton.LeftButton
CTRL, SHIFT, NONE = (
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.NoModifier,
)


def told(hands: Any) -> str:
    return str(hands.dock("Correct and save").message.whole)


def test_no_tool_draws_in_the_3d_view_and_each_says_why(hands: Any) -> None:
    session = hands.session
    hands.press(Qt.Key.Key_H)
    hands.drag(LEFT, (-40, 0), (-10, 20))
    session.flush()
    drawn = session.review.reading.copy()
    hands.press(Qt.Key.Key_Y, CTRL)
    session.wait()
    QTest.qWait(50)
    assert told(hands) == IN_3D, "the brush was taken away"
    hands.move(-25, 10)
    for key, modifier in [
        (Qt.Key.Key_G, NONE), (Qt.Key.Key_I, NONE), (Qt.Key.Key_T, NONE), (Qt.Key.Key_S, SHIFT), (Qt.Key.Key_U, NONE),
        (Qt.Key.Key_X, SHIFT), (Qt.Key.Key_M, SHIFT), (Qt.Key.Key_C, SHIFT), (Qt.Key.Key_G, SHIFT),
        (Qt.Key.Key_2, NONE), (Qt.Key.Key_4, NONE), (Qt.Key.Key_1, NONE),
    ]:  # fmt: skip
        session.said.emit("")
        session.tools.said.emit("")
        hands.press(key, modifier)
        QTest.qWait(20)
        assert told(hands) == IN_3D, key
        assert session.layers.reading.mode == "pan_zoom"
    hands.drag(LEFT, (-20, 0), (20, 10))
    np.testing.assert_array_equal(session.review.reading, drawn)
    header = compat.overlays(hands.viewer)[PREFIX + HEADER].text
    assert "3D view" in header
    assert "HU" not in header, "no voxel is under the mouse there"
    hands.press(Qt.Key.Key_Y, CTRL)
    QTest.qWait(50)
    assert told(hands) == ""
    assert session.layers.reading.mode in {"paint", "erase"}
    hands.press(Qt.Key.Key_H)
    hands.drag(LEFT, (20, 0), (40, 10))
    assert not np.array_equal(session.review.reading, drawn)


PICTURE = """
import sys
import napari
import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from napari_cpam_stroke.samples import phantom_volume
from napari_cpam_stroke.widgets.room import open_room

viewer = napari.Viewer()
viewer.window.resize(1100, 700)
session = open_room(viewer)
session.show(phantom_volume())
session.wait()
session.view.set_style("contour")
layers = session.layers
layers.replace({z: (np.arange(128 * 128).reshape(128, 128) % 128 // 20 == 2).astype(np.uint8) * 2 for z in (11, 12)})
flat = [layers.reading.opacity, layers.reading.contour]
canvas = viewer.window._qt_viewer.canvas.native
QTest.keyClick(canvas, Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier)
QTest.qWait(20)
session.wait()
QTest.qWait(300)
shown = [layer.name for layer in viewer.layers if layer.visible]
picture = viewer.screenshot(canvas_only=True, flash=False)[..., :3]
QTest.keyClick(canvas, Qt.Key.Key_F7)
QTest.qWait(50)
again = [layer.name for layer in viewer.layers if layer.visible]
same = flat == [layers.reading.opacity, layers.reading.contour]
np.savez(sys.argv[1], picture=picture, shown=shown, again=again, same=same)
session.ask = lambda *_: "discard"
viewer.close()
"""


@pytest.mark.window
def test_the_3d_view_shows_brain_and_lesions_and_gives_the_slices_back(tmp_path: Path) -> None:
    window = {name: value for name, value in os.environ.items() if name != "QT_QPA_PLATFORM"}
    program = [sys.executable, "-c", PICTURE, str(tmp_path / "solid.npz")]
    done = subprocess.run(program, env=window, capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, done.stderr[-2000:]
    found = np.load(tmp_path / "solid.npz")
    assert set(found["shown"]) >= {BRAIN, "Reading"}
    assert "Original" not in found["shown"]
    picture = found["picture"].astype(int)
    grey = picture.max(axis=2) - picture.min(axis=2) < 10
    assert (grey & (picture.max(axis=2) > 230)).mean() < 0.03, "no white block: bone is not in the way"
    assert (grey & (picture.max(axis=2) > 40) & (picture.max(axis=2) < 200)).mean() > 0.05, "the brain is there"
    orange = (picture[..., 0] > picture[..., 2] + 60) & (picture[..., 1] > picture[..., 2] + 20)
    assert orange.mean() > 0.002, "the hemorrhage is there"
    assert set(found["again"]) >= {"Original", "Reading"}
    assert BRAIN not in found["again"]
    assert found["same"]


def test_hidden_masks_are_not_drawn_on(hands: Any) -> None:
    session = hands.session
    hands.press(Qt.Key.Key_I)
    hands.press(Qt.Key.Key_W)
    QTest.qWait(20)
    assert not hands.dock("Window and view").masks.isChecked()
    hands.drag(LEFT, (-20, 0), (20, 10))
    assert not session.review.reading.any()
    hands.press(Qt.Key.Key_W)
    QTest.qWait(20)
    hands.drag(LEFT, (-20, 0), (20, 10))
    assert session.review.reading.any()
    before = session.review.reading.copy()
    hands.press(Qt.Key.Key_W)
    QTest.qWait(20)
    hands.move(-60, -30)
    hands.press(Qt.Key.Key_G)
    assert session.layers.reading.visible, "a tool shows what it does"
    assert not np.array_equal(session.review.reading, before)
    assert hands.dock("Window and view").masks.isChecked()
