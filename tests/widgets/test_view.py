"""Letters, planes, windows, readout and the mouse."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from napari_cpam_stroke.core import VolumeGeometry
from napari_cpam_stroke.widgets import compat
from napari_cpam_stroke.widgets.asides import MIRROR
from napari_cpam_stroke.widgets.dock_window import WindowDock
from napari_cpam_stroke.widgets.orientation import EdgeLetters, edge_letters
from napari_cpam_stroke.widgets.view import PREFIX, RIGHT_BUTTON

AXIAL = VolumeGeometry(
    np.outer(np.arange(4) * 5.0, [0, 0, 1]), np.array([1.0, 0, 0]), np.array([0.0, 1, 0]), (1, 1), np.full(4, 5.0)
)


@pytest.mark.parametrize(
    ("axes", "down", "letters"),
    [
        ((1, 2), True, EdgeLetters("R", "L", "A", "P")),
        ((0, 2), False, EdgeLetters("R", "L", "H", "F")),
        ((0, 1), False, EdgeLetters("A", "P", "H", "F")),
        ((1, 2), False, EdgeLetters("R", "L", "P", "A")),
    ],
)
def test_letters_follow_plane_and_camera(axes: tuple[int, int], down: bool, letters: EdgeLetters) -> None:
    assert edge_letters(AXIAL, (False, False, False), axes, down=down) == letters


def test_letters_follow_flips_and_are_empty_without_geometry() -> None:
    assert edge_letters(AXIAL, (False, False, True), (1, 2)).left == "L"
    assert edge_letters(None, (False, False, False), (1, 2)) == EdgeLetters()


def letters_shown(case: Any) -> str:
    overlays = compat.overlays(case.viewer)
    return "".join(overlays[PREFIX + edge].text for edge in ("left", "right", "top", "bottom"))


@pytest.mark.parametrize(("plane", "letters"), [("axial", "RLAP"), ("coronal", "RLHF"), ("sagittal", "APHF")])
def test_planes_keep_the_head_up(case: Any, plane: str, letters: str) -> None:
    case.view.set_plane(plane)
    assert letters_shown(case) == letters


def test_letters_follow_a_camera_that_the_user_turned(case: Any) -> None:
    compat.camera(case.viewer).orientation2d = ("down", "left")
    case.view.update_letters()
    assert letters_shown(case)[:2] == "LR"


def test_beside_a_mirror_image_both_edges_are_the_same_side(case: Any) -> None:
    case.asides.toggle_mirror()
    assert case.asides.shown(MIRROR)
    assert letters_shown(case)[:2] == "RR"
    case.asides.toggle_mirror()
    assert letters_shown(case)[:2] == "RL"


def test_readout_tells_hu_place_and_class(case: Any) -> None:
    native = (12, 60, 60)
    case.layers.reading.paint(case.layers.turned_index(native), 2)
    text = case.view.describe(case.layers.world_of(native))
    x, y, z = case.layers.volume.geometry.index_to_patient([native])[0]
    assert f"HU {case.layers.volume.hu[native]}" in text
    assert f"LPS {x:.1f} {y:.1f} {z:.1f} mm" in text
    assert "reading: hemorrhage" in text
    assert case.view.describe((1e5, 0, 0)) == ""


def drag(case: Any, *, by: tuple[int, int], button: int = RIGHT_BUTTON) -> Any:
    """Press, move and release as napari tells its mouse callbacks."""
    event = SimpleNamespace(button=button, pos=(100, 100), type="mouse_press", handled=False)
    steps = case.view._on_drag(case.viewer, event)
    for kind, pos in (("mouse_move", (100 + by[0], 100 + by[1])), ("mouse_release", (100, 100))):
        next(steps, None)
        event.type, event.pos = kind, pos
    next(steps, None)
    return event


def test_a_right_drag_windows(case: Any) -> None:
    assert drag(case, by=(40, 20)).handled
    assert (case.view.window.centre, case.view.window.width) == (50, 100)
    assert tuple(case.layers.original.contrast_limits) == (0, 100)


def test_the_right_button_stays_naparis_while_painting(case: Any) -> None:
    case.tools.draw(1)
    assert not drag(case, by=(40, 20)).handled
    assert case.view.window.width == 80


def test_the_window_dock_follows_and_leads(case: Any, qtbot: Any) -> None:
    dock = WindowDock(case)
    qtbot.addWidget(dock)
    dock.presets["subdural"].click()
    assert tuple(case.layers.original.contrast_limits) == (-20, 180)
    dock.width_hu.setValue(100)
    assert not dock.presets["subdural"].isChecked()
    case.layers.original.contrast_limits = (0, 80)
    assert dock.presets["brain"].isChecked()
    dock.masks.click()
    assert not case.layers.reading.visible
    dock.contour.click()
    assert case.layers.reading.contour == 2
    assert not dock.header.isEnabled()


def test_jumping_from_finding_to_finding(case: Any) -> None:
    for z in (4, 9, 15):
        case.layers.reading.paint((z, 60, 60), 1)
    case.layers.go_to_slice(9)
    case.next_finding(1)
    assert case.layers.slice_index == 15
    case.next_finding(1)
    assert case.layers.slice_index == 15
    case.next_finding(-1)
    case.next_finding(-1)
    assert case.layers.slice_index == 4
