"""Correct with a click: pointing with every tool, on one slice and on the next ones."""

from __future__ import annotations

from typing import Any

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_cpam_stroke.prompting import PromptKind
from napari_cpam_stroke.widgets.reading.prompt_engines import ENGINES

from ..reading.pointing import (  # noqa: TID252 - the tests are no installed package
    BONE,
    DARK,
    IN_DARK,
    IN_OTHER,
    ON_BONE,
    OTHER,
    Pointing,
    Z,
    region,
    squares,
)
from .reader import CTRL, RIGHT, SHIFT, Reader
from .sentences import step

CORNERS = (18, 13), (42, 37)
"""Of a box around the dark square."""


def outlined(pointing: Pointing) -> bool:
    return pointing.session.carrying.proposal is not None


def slices_drawn(pointing: Pointing) -> list[int]:
    return [int(z) for z in np.flatnonzero((pointing.mask == 1).any(axis=(1, 2)))]


def test_correct_with_a_click(reader: Reader, predictor: Any) -> None:
    reader.session.show(squares())
    reader.settle()
    reader.session.go_to_slice(Z)
    QTest.qWait(100)
    correct, prompts = reader.dock("Correct and save"), reader.session.prompts
    tools, engine = correct.prompts.tools, correct.prompts.engine
    reader.canvas.setFocus()
    with step(
        "Choose *ischemia* or *hemorrhage* (I, H), then a tool in *Correct and save*: *point* (Shift+P), *box* "
        "(Shift+B), *scribble* (Shift+F) or *lasso* (Shift+U)."
    ):
        reader.press(Qt.Key.Key_I)
        for kind, key in ((PromptKind.BOX, Qt.Key.Key_B), (PromptKind.SCRIBBLE, Qt.Key.Key_F),
                          (PromptKind.LASSO, Qt.Key.Key_U), (PromptKind.POINT, Qt.Key.Key_P)):  # fmt: skip
            reader.click(tools[kind])
            assert prompts.kind is kind
            reader.click(tools[kind])
            assert prompts.kind is None
            reader.press(key, SHIFT)
            assert tools[kind].isChecked()
    with step("What answers is chosen beside the tools while one is on."):
        assert engine.isVisible()
        assert engine.findText("random walker") >= 0
        reader.press(Qt.Key.Key_P, SHIFT)
        assert not engine.isVisible()
        reader.press(Qt.Key.Key_P, SHIFT)
    pointing = Pointing(reader)
    with step("A missed infarct: click into it. A plus or a minus marks where each prompt of a slice was given."):
        pointing.click(IN_DARK)
        np.testing.assert_array_equal(pointing.drawn, region(DARK))
        assert pointing.marks == ["cross"]
    with step(
        "The left button adds, the right one takes away; so does the left one with Shift, for a pad without a right "
        "button. Too large: right click where it is too much. Too small: click where it goes on."
    ):
        for button, modifier in ((RIGHT, Qt.KeyboardModifier.NoModifier), (Qt.MouseButton.LeftButton, SHIFT)):
            before = np.count_nonzero(pointing.drawn)
            pointing.click((34, 30), button, modifier)
            assert np.count_nonzero(pointing.drawn) < before
            pointing.click((34, 30))
            assert pointing.drawn[34, 30]
    with step(
        "Undo (Ctrl+Z) takes back the last prompt, its mark and what it drew, one step for each prompt; "
        "Ctrl+Shift+Z brings them back."
    ):
        marks, drawn = list(pointing.marks), pointing.drawn.copy()
        for _ in range(len(marks)):
            pointing.undo()
        assert pointing.marks == []
        assert not pointing.drawn.any()
        for _ in range(len(marks)):
            pointing.redo()
        assert pointing.marks == marks
        np.testing.assert_array_equal(pointing.drawn, drawn)
    with step("What stays as it is: the other class; lesions that no prompt points at;"):
        pointing.key(Qt.Key.Key_H)
        pointing.click(IN_OTHER)
        np.testing.assert_array_equal(pointing.drawn, drawn)
        assert (pointing.mask[Z][OTHER] == 2).all()
        pointing.key(Qt.Key.Key_I)
    with step("and a lesion you *keep* (Shift+Y with the mouse on it; again lets it go)."):
        reader.move(*pointing.at(IN_DARK))
        pointing.key(Qt.Key.Key_Y, SHIFT)
        pointing.click(IN_DARK, RIGHT)
        np.testing.assert_array_equal(pointing.drawn, drawn)
        reader.move(*pointing.at(IN_DARK))
        pointing.key(Qt.Key.Key_Y, SHIFT)
    with step("a prompt on bone or outside the head is refused in one sentence."):
        pointing.click(ON_BONE)
        assert not pointing.mask[Z][BONE].any()
        assert "bone" in pointing.message
        assert pointing.message.count(".") <= 2
    with step("With *point* a left drag still moves the picture; the window has its keys, F2 to F6."):
        marks, at = list(pointing.marks), pointing.at(IN_DARK)
        pointing.drag((50, 50), (60, 60))
        assert pointing.marks == marks
        assert pointing.at(IN_DARK) != at
        pointing.key(Qt.Key.Key_F3)
        assert reader.session.view.window.width == 40
        pointing.key(Qt.Key.Key_F2)
    with step("The same key again, Esc, or any other tool ends it."):
        for ends in ((Qt.Key.Key_P, SHIFT), (Qt.Key.Key_Escape,), (Qt.Key.Key_2,)):
            if prompts.kind is None:
                pointing.key(Qt.Key.Key_P, SHIFT)
            pointing.key(*ends)
            assert prompts.kind is None, ends
    pointing.key(Qt.Key.Key_P, SHIFT)
    reader.move(*pointing.at(IN_DARK))
    with step(
        "Other slices. When the lesion is right on one slice, *carry up* (Ctrl+J) or *carry down* (Ctrl+K) goes to "
        "the next one and outlines a proposal. The same key accepts it and goes on, a prompt corrects it, Esc drops "
        "it."
    ):
        start = int(reader.viewer.dims.current_step[0])
        pointing.click(IN_DARK)
        pointing.key(Qt.Key.Key_J, CTRL)
        assert int(reader.viewer.dims.current_step[0]) == start + 1
        assert outlined(pointing)
        slices = pointing.mask.any(axis=(1, 2)).sum()
        pointing.key(Qt.Key.Key_J, CTRL)
        assert pointing.mask.any(axis=(1, 2)).sum() == slices + 1
        pointing.key(Qt.Key.Key_Escape)
        assert not outlined(pointing)
        assert pointing.mask.any(axis=(1, 2)).sum() == slices + 1
    with step("*carry all* (Shift+J) draws it at once on every slice up and down, as one step."):
        pointing.undo()
        reader.session.go_to_slice(Z)
        pointing.key(Qt.Key.Key_P, SHIFT)
        pointing.click(IN_DARK)
        before = pointing.mask.copy()
        assert slices_drawn(pointing) == [Z]
        reader.click(correct.prompts.all)
        pointing.wait()
        assert slices_drawn(pointing) == list(range(len(pointing.mask)))
        pointing.undo()
        np.testing.assert_array_equal(pointing.mask, before)
    with step("The *random walker* answers from HU and needs no model;"):
        prompts.offer(*ENGINES)
        reader.choose(engine, "random walker")
        pointing.click(IN_DARK, RIGHT)
        pointing.click(IN_DARK)
        assert pointing.drawn[IN_DARK]
    with step("A reading that prompts made part of is saved as SEMIAUTOMATIC;"):
        pointing.key(Qt.Key.Key_F8)
        reader.settle()
        newest = reader.dock("History and export").versions.topLevelItem(0)
        assert "SEMIAUTOMATIC" in newest.toolTip(0)
    with step(
        "Prompts are given on axial slices of the picture, not in the coronal and sagittal planes (F7 goes back from "
        "there) and not in 3D;"
    ):
        before = pointing.mask.copy()
        for plane, key in (("coronal", (Qt.Key.Key_F7,)), ("sagittal", (Qt.Key.Key_F7,)), ("3D", (Qt.Key.Key_Y, CTRL))):
            if plane == "3D":
                pointing.key(Qt.Key.Key_F7)
                assert reader.session.view.plane == "axial"
            pointing.key(*key)
            pointing.click(IN_DARK)
            np.testing.assert_array_equal(pointing.mask, before, plane)
        pointing.key(Qt.Key.Key_Y, CTRL)
