"""Letters, planes, windows, readout and the mouse."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from napari_cpam_stroke.core import VolumeGeometry
from napari_cpam_stroke.widgets.docks.window import WindowDock
from napari_cpam_stroke.widgets.viewer import compat
from napari_cpam_stroke.widgets.viewer.canvas_texts import PREFIX
from napari_cpam_stroke.widgets.viewer.comparisons import MIRROR
from napari_cpam_stroke.widgets.viewer.mouse import RIGHT_BUTTON
from napari_cpam_stroke.widgets.viewer.orientation import EdgeLetters, edge_letters

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
    case.wait()
    assert case.asides.shown(MIRROR)
    assert letters_shown(case)[:2] == "RR"
    case.asides.toggle_mirror()
    assert letters_shown(case)[:2] == "RL"


PICTURES = """
import sys
import napari
import numpy as np
from qtpy.QtTest import QTest
from napari_cpam_stroke.samples import phantom_volume
from napari_cpam_stroke.widgets.viewer import compat
from napari_cpam_stroke.widgets.reading.session import session_of
from napari_cpam_stroke.widgets.viewer.canvas_texts import EDGES, PREFIX

def brightness():
    QTest.qWait(100)
    return viewer.screenshot(canvas_only=True, flash=False)[..., :3].mean(axis=2)

viewer, pictures = napari.Viewer(), {}
viewer.theme = "light"
session = session_of(viewer)
session.show(phantom_volume())
session.wait()
for shape, size in {"high": (900, 1000), "wide": (1300, 600)}.items():
    viewer.window.resize(*size)
    pictures[shape] = brightness()
    for edge in EDGES:
        letter = compat.overlays(viewer)[PREFIX + edge]
        letter.visible = False
        pictures[shape + edge] = brightness()
        letter.visible = True
session.close_case(ask=False)
session.wait()
viewer.add_image(np.zeros((8, 8)))
pictures["after"] = brightness()
np.savez(sys.argv[1], **pictures)
viewer.close()
"""


def where_bright(added: NDArray[np.float64]) -> tuple[float, float]:
    """The middle of what is bright, from the left and from the top, as parts of the picture."""
    rows, columns = np.nonzero(added > 100)
    height, width = added.shape
    return (columns.min() + columns.max()) / 2 / width, (rows.min() + rows.max()) / 2 / height


@pytest.mark.window
def test_letters_are_bright_at_the_edges_whatever_the_theme_and_the_size(tmp_path: Path) -> None:
    window = {name: value for name, value in os.environ.items() if name != "QT_QPA_PLATFORM"}
    program = [sys.executable, "-c", PICTURES, str(tmp_path / "pictures.npz")]
    done = subprocess.run(program, env=window, capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, done.stderr[-2000:]
    pictures = np.load(tmp_path / "pictures.npz")
    for shape in ("high", "wide"):
        for edge, place in {"left": (0, 0.5), "right": (1, 0.5), "top": (0.5, 0), "bottom": (0.5, 1)}.items():
            assert where_bright(pictures[shape] - pictures[shape + edge]) == pytest.approx(place, abs=0.06)
    assert pictures["after"][:, :40].min() == 255, "no letter is left, and the canvas is the theme's again"


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
