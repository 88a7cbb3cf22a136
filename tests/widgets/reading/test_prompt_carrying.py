"""A lesion carried to the slices beside it, by the keys of a reader."""

from __future__ import annotations

import numpy as np
from qtpy.QtCore import Qt

from napari_cpam_stroke.widgets.viewer.prompt_marks import PREVIEW

from .pointing import CTRL, DARK, IN_DARK, RIGHT, SHIFT, Pointing, Z, region

UP = Z - 1
"""Native slice above: the series is stored head first."""


def slices(pointing: Pointing) -> list[int]:
    return np.flatnonzero(pointing.mask.any(axis=(1, 2))).tolist()


def pointed(pointing: Pointing) -> None:
    pointing.key(Qt.Key.Key_P, SHIFT)
    pointing.click(IN_DARK)


def test_a_proposal_is_drawn_when_the_key_comes_again(pointing: Pointing) -> None:
    pointed(pointing)
    pointing.key(Qt.Key.Key_J, CTRL)
    assert pointing.session.layers.slice_index == UP
    assert pointing.session.layers.extra[PREVIEW].nshapes == 1
    assert slices(pointing) == [Z], "nothing is drawn before it is accepted"
    pointing.key(Qt.Key.Key_J, CTRL)
    assert slices(pointing) == [UP, Z]
    np.testing.assert_array_equal(pointing.mask[UP] == 1, region(DARK))
    assert pointing.session.layers.slice_index == UP - 1
    pointing.undo()
    assert slices(pointing) == [Z]


def test_escape_drops_a_proposal(pointing: Pointing) -> None:
    pointed(pointing)
    pointing.key(Qt.Key.Key_K, CTRL)
    assert pointing.session.layers.slice_index == Z + 1
    pointing.key(Qt.Key.Key_Escape)
    assert pointing.session.layers.extra[PREVIEW].nshapes == 0
    pointing.key(Qt.Key.Key_J, CTRL)
    assert pointing.message == "Nothing of the drawn class is on this slice to carry on."
    assert slices(pointing) == [Z]


def test_a_prompt_corrects_what_is_proposed(pointing: Pointing) -> None:
    pointed(pointing)
    pointing.key(Qt.Key.Key_J, CTRL)
    pointing.click((22, 17), RIGHT)
    drawn = pointing.mask[UP] == 1
    assert drawn[30, 25]
    assert not drawn[22, 17]
    pointing.undo()
    np.testing.assert_array_equal(pointing.mask[UP] == 1, region(DARK))
    pointing.undo()
    assert slices(pointing) == [Z]


def test_it_goes_everywhere_at_once_and_comes_back_as_one_step(pointing: Pointing) -> None:
    pointing.session.layers.volume.hu[0][DARK] = 34
    pointed(pointing)
    pointing.key(Qt.Key.Key_J, SHIFT)
    assert slices(pointing) == [1, 2, 3, 4, 5]
    assert "5 slices" not in pointing.message
    assert "4 slices" in pointing.message
    pointing.undo()
    assert slices(pointing) == [Z]


def test_what_is_drawn_there_already_is_left_as_it_is(pointing: Pointing) -> None:
    pointed(pointing)
    edge = np.zeros((100, 100), dtype=np.uint8)
    edge[20:22, 15:35] = 1
    pointing.session.layers.replace({UP: edge})
    pointing.session.go_to_slice(Z)
    pointing.key(Qt.Key.Key_J, CTRL)
    assert "already" in pointing.message
    pointing.session.go_to_slice(Z)
    pointing.key(Qt.Key.Key_J, SHIFT)
    np.testing.assert_array_equal(pointing.mask[UP], edge)
    assert slices(pointing) == [UP, Z, Z + 1, Z + 2]


def test_a_lesion_drawn_by_hand_can_be_carried(pointing: Pointing) -> None:
    drawn = np.where(region(DARK), np.uint8(1), np.uint8(0))
    pointing.session.layers.replace({Z: drawn})
    pointing.key(Qt.Key.Key_J, CTRL)
    assert pointing.prompts.kind is not None, "so that it can be corrected, or dropped with Esc"
    pointing.key(Qt.Key.Key_J, CTRL)
    np.testing.assert_array_equal(pointing.mask[UP], drawn)
