"""Tools and keys: which tool for what, the keys that come first, and the 3D view."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_cpam_stroke.core import CTVolume

from .reader import CTRL, LEFT, SHIFT, Reader
from .sentences import step

MIDDLE = 12


def reading(reader: Reader) -> np.ndarray:
    reader.session.flush()
    return np.asarray(reader.session.review.reading).copy()


def begin_again(reader: Reader) -> None:
    """Undo until nothing is drawn, and go back to the middle slice."""
    while reading(reader).any():
        reader.press(Qt.Key.Key_Z, CTRL)
        reader.settle()
    reader.session.go_to_slice(MIDDLE)


def slices(mask: np.ndarray) -> list[int]:
    return [int(z) for z in np.flatnonzero(mask.any(axis=(1, 2)))]


@pytest.fixture
def case(reader: Reader, predictor: Any, phantom_volume: CTVolume) -> Reader:
    reader.session.show(phantom_volume)
    reader.settle()
    reader.session.go_to_slice(MIDDLE)
    reader.canvas.setFocus()
    return reader


def test_tools_and_keys(case: Reader, phantom_volume: CTVolume) -> None:
    """In one window, one after the other."""
    which_tool_for_what(case, phantom_volume.hu)
    begin_again(case)
    keys_and_the_3d_view(case)


def which_tool_for_what(reader: Reader, hu: np.ndarray) -> None:
    correct = reader.dock("Correct and save")
    with step(
        "Fresh blood with a ragged edge: tick *only HU*, set 50 to 90, and paint roughly over it; only voxels in "
        "the range change."
    ):
        reader.tick(correct.brush.limited)
        assert correct.brush.hu.value() == (50, 90)
        reader.press(Qt.Key.Key_H)
        reader.write(correct.brush.size_box, "40")
        reader.key(Qt.Key.Key_Return)
        reader.drag(LEFT, (-90, -20), (90, 60))
        drawn = reading(reader) == 2
        assert drawn.any()
        assert hu[drawn].min() >= 50
        assert hu[drawn].max() <= 90
        reader.tick(correct.brush.limited)
    begin_again(reader)
    reader.write(correct.brush.size_box, "10")
    reader.key(Qt.Key.Key_Return)
    with step(
        "A large infarct: click *grow* (G) on a typical voxel, correct with the brush; or draw every third slice "
        "and *fill between* (T)."
    ):
        reader.press(Qt.Key.Key_I)
        reader.move(-25, 10)
        reader.press(Qt.Key.Key_G)
        grown = np.count_nonzero(reading(reader))
        assert grown > 20
        reader.drag(LEFT, (-60, -40), (-20, -40))
        assert np.count_nonzero(reading(reader)) > grown
        begin_again(reader)
        for z in (MIDDLE - 3, MIDDLE):
            reader.session.go_to_slice(z)
            reader.drag(LEFT, (-40, 0), (-10, 20))
        reader.click(correct.tools["fill between"])
        assert slices(reading(reader)) == [MIDDLE - 3, MIDDLE - 2, MIDDLE - 1, MIDDLE]
    begin_again(reader)
    with step("A model that paints crumbs: *islands* (Shift+S) erases everything below 0.1 ml."):
        reader.drag(LEFT, (-40, 0), (-10, 20))
        whole = reading(reader)
        reader.write(correct.brush.size_box, "1")
        reader.key(Qt.Key.Key_Return)
        reader.drag(LEFT, (60, 60), (61, 60))
        assert np.count_nonzero(reading(reader)) > np.count_nonzero(whole)
        reader.click(correct.tools["islands"])
        np.testing.assert_array_equal(reading(reader), whole)
        reader.write(correct.brush.size_box, "10")
        reader.key(Qt.Key.Key_Return)
    with step("The wrong class: *swap class* (Shift+X) on the lesion."):
        reader.move(-25, 10)
        reader.press(Qt.Key.Key_X, SHIFT)
        np.testing.assert_array_equal(reading(reader), whole * 2)
    with step(
        "A calcification or an artefact taken for blood: select it in *Findings* and reject it (F9) with the "
        "reason. It is erased, and training shows such slices more often, by reason if so set "
        "(`data.reason_weights`);"
    ):
        QTest.qWait(400)
        findings = reader.dock("Findings")
        reader.click(findings.table, findings.table.visualItemRect(findings.table.item(0, 1)).center())
        reader.key(Qt.Key.Key_F9)
        reader.pick("calcification")
        assert not reading(reader).any()
        QTest.qWait(400)
        assert "rejected: hemorrhage (calcification)" in findings.totals.text()
    reader.press(Qt.Key.Key_I)
    with step("Grow and smooth over several slices: tick *all slices*; without it they keep to the slice you see."):
        reader.move(-25, 10)
        reader.press(Qt.Key.Key_G)
        assert slices(reading(reader)) == [MIDDLE]
        reader.press(Qt.Key.Key_Z, CTRL)
        reader.tick(correct.across)
        reader.canvas.setFocus()
        reader.move(-25, 10)
        reader.press(Qt.Key.Key_G)
        assert len(slices(reading(reader))) > 1
        reader.tick(correct.across)
    begin_again(reader)
    with step("With *3D* the brush is a ball."):
        reader.tick(correct.brush.ball)
        reader.drag(LEFT, (-40, 0), (-38, 0))
        across = reading(reader).any(axis=(1, 2)).sum(), np.count_nonzero(reading(reader)[MIDDLE])
        assert across[0] > 1
        assert across[1] > np.count_nonzero(reading(reader)[MIDDLE - 1])
        reader.tick(correct.brush.ball)
    begin_again(reader)
    with step("Tools never change the other class: swap or erase it first."):
        reader.press(Qt.Key.Key_H)
        reader.drag(LEFT, (-40, 0), (-10, 20))
        bleed = reading(reader)
        reader.press(Qt.Key.Key_I)
        reader.move(-45, 30)
        for key, modifier in ((Qt.Key.Key_G, None), (Qt.Key.Key_S, None), (Qt.Key.Key_S, SHIFT)):
            reader.press(key, *([] if modifier is None else [modifier]))
            assert (reading(reader)[bleed == 2] == 2).all()
        assert (reading(reader) == 1).any()


def keys_and_the_3d_view(reader: Reader) -> None:
    layer = reader.viewer.layers["Reading"]
    reader.canvas.setFocus()
    with step(
        "napari's own keys do what they always do (1 to 7, brackets for the brush size, space to pan), and in a "
        "Shapes or Points layer that you add, the keys of that layer come first."
    ):
        for key, mode in (("1", "erase"), ("2", "paint"), ("4", "fill"), ("5", "pick"), ("6", "pan_zoom")):
            reader.key(getattr(Qt.Key, f"Key_{key}"))
            assert layer.mode == mode
        reader.key(Qt.Key.Key_2)
        size = layer.brush_size
        reader.key(Qt.Key.Key_BracketRight)
        assert layer.brush_size == size + 1
        QTest.keyPress(reader.canvas, Qt.Key.Key_Space)
        assert layer.mode == "pan_zoom"
        QTest.keyRelease(reader.canvas, Qt.Key.Key_Space)
        assert layer.mode == "paint"
        shapes = reader.viewer.add_shapes(ndim=3)
        reader.canvas.setFocus()
        reader.key(Qt.Key.Key_R)
        assert shapes.mode == "add_rectangle"
        assert not reader.session.models.running
        reader.viewer.layers.remove(shapes)
    with step("Return or Esc in a field of a dock gives the keys back to the picture."):
        comment = reader.dock("Correct and save").comment
        for leave in (Qt.Key.Key_Return, Qt.Key.Key_Escape):
            reader.click(comment)
            reader.type("d")
            reader.key(leave)
            assert reader.focused() is reader.canvas
    with step(
        "In the 3D view (Ctrl+Y) brain and lesions are shown, and nothing can be drawn: what a tool does could not "
        "be seen there."
    ):
        reader.viewer.layers.selection.active = layer
        reader.press(Qt.Key.Key_I)
        reader.drag(LEFT, (-40, 0), (-10, 20))
        before = reading(reader)
        reader.key(Qt.Key.Key_Y, CTRL)
        reader.settle()
        assert reader.viewer.dims.ndisplay == 3
        shown = {each.name for each in reader.viewer.layers if each.visible}
        assert {"Brain", "Reading"} <= shown
        assert "Original" not in shown
        for key in (Qt.Key.Key_G, Qt.Key.Key_T, Qt.Key.Key_U, Qt.Key.Key_S):
            reader.press(key)
        reader.drag(LEFT, (20, 0), (40, 10))
        np.testing.assert_array_equal(reading(reader), before)
        assert "3D" in reader.dock("Correct and save").message.whole
        reader.key(Qt.Key.Key_Y, CTRL)
        reader.settle()
        assert reader.viewer.dims.ndisplay == 2
    with step("F1 shows this list in the window;"):
        reader.key(Qt.Key.Key_F1)
        QTest.qWait(100)
        (shown,) = [each for each in QApplication.topLevelWidgets() if each.windowTitle() == "Keys of the reading room"]
        assert shown.isVisible()
        assert "accept the case and go on" in shown.text.toPlainText()
        shown.close()
