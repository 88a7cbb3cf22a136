"""What hands do, in a window with a canvas: mouse and keys as Qt sends them, through napari's own handling."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLineEdit, QWidget

from napari_cpam_stroke.config import Window
from napari_cpam_stroke.core.acquisition import Acquisition
from napari_cpam_stroke.widgets.reading.keys import RoomKeys
from napari_cpam_stroke.widgets.viewer import compat
from napari_cpam_stroke.widgets.viewer.canvas_texts import HEADER, PREFIX
from napari_cpam_stroke.widgets.viewer.slice_numbers import STYLE_NAME

LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def test_the_room_fits_a_small_screen(hands: Any) -> None:
    main = hands.viewer.window.dock_widgets["Cases"].window()
    assert (main.width(), main.height()) == hands.SCREEN, "a window is never smaller than what its docks need"
    assert hands.canvas.width() > 600
    assert hands.canvas.height() > 500


def test_strokes_and_undo(hands: Any) -> None:
    session = hands.session
    hands.press(Qt.Key.Key_H)
    hands.drag(LEFT, (-40, 0), (-10, 20))
    session.flush()
    z = session.layers.slice_index
    drawn = session.review.reading.copy()
    assert set(np.unique(drawn)) == {0, 2}
    assert set(np.nonzero(drawn)[0]) == {z}
    assert session.review.slice_labels[z].tolist() == [0, 1]
    hands.press(Qt.Key.Key_Z, CTRL)
    session.flush()
    assert not session.review.reading.any()
    hands.press(Qt.Key.Key_Z, CTRL | SHIFT)
    session.flush()
    np.testing.assert_array_equal(session.review.reading, drawn)


def test_the_right_button_windows_and_the_left_one_does_not(hands: Any) -> None:
    hands.viewer.layers["Reading"].mode = "pan_zoom"
    hands.drag(LEFT, (0, 0), (40, 20))
    assert (hands.session.view.window.centre, hands.session.view.window.width) == (40, 80)
    hands.drag(RIGHT, (0, 0), (40, 20))
    assert (hands.session.view.window.centre, hands.session.view.window.width) == (50, 100)


def readout(hands: Any) -> str:
    from napari_cpam_stroke.widgets.viewer import compat

    return str(compat.overlays(hands.viewer)[PREFIX + HEADER].text)


def test_the_readout_follows_mouse_and_slice(hands: Any) -> None:
    session = hands.session
    hands.move(-30, 10)
    voxel = session.cursor()
    x, y, _ = session.layers.volume.geometry.index_to_patient([voxel])[0]
    assert f"HU {session.layers.volume.hu[voxel]} " in readout(hands)
    assert f"LPS {x:.1f} {y:.1f} " in readout(hands)
    session.go_to_slice(3)
    moved = (3, *voxel[1:])
    z_mm = session.layers.volume.geometry.index_to_patient([moved])[0][2]
    assert f"HU {session.layers.volume.hu[moved]} " in readout(hands)
    assert f" {z_mm:.1f} mm" in readout(hands)
    hands.press(Qt.Key.Key_F7)
    assert "coronal " in readout(hands)
    assert "HU" not in readout(hands), "in another plane the mouse rests on another voxel"


def test_a_read_by_keys_alone(hands: Any) -> None:
    session = hands.session
    hands.press(Qt.Key.Key_F3)
    assert session.view.window.width == 40
    hands.press(Qt.Key.Key_R)
    session.wait()
    assert session.models.prediction is not None
    assert not session.review.reading.any()
    hands.press(Qt.Key.Key_T, SHIFT)
    np.testing.assert_array_equal(session.review.reading, session.models.prediction.mask)
    hands.press(Qt.Key.Key_W)
    assert not session.layers.reading.visible
    hands.press(Qt.Key.Key_F12)
    session.wait()
    assert session.review.revision.status == "accepted"
    assert session.review.revision.algorithm_type == "AUTOMATIC"


def test_f1_shows_the_keys(hands: Any) -> None:
    hands.press(Qt.Key.Key_F1)
    listed = hands.session.findChild(RoomKeys).window
    assert "next plane" in listed.text.toPlainText()
    listed.close()


def slider_texts(hands: Any, axis: int) -> list[str]:
    """What napari's slider of an axis shows: the slice, and how many."""
    slider = next(each for each in compat.sliders(hands.viewer) if each.axis == axis)
    return [field.text() for field in slider.findChildren(QWidget, STYLE_NAME) if field.isVisible()]


def test_napari_slider_counts_as_the_picture_does(hands: Any) -> None:
    count = hands.session.layers.volume.shape[0]
    for z in (0, 4, count - 1):
        hands.session.go_to_slice(z)
        assert slider_texts(hands, 0) == [str(z + 1), str(count)]
        assert f"slice {z + 1}/{count} from the feet" in readout(hands)
        assert f"Slice {z + 1}/{count}" in hands.dock("Findings").strip.describe(z)
    slider = compat.sliders(hands.viewer)[0]
    field = next(f for f in slider.findChildren(QLineEdit, STYLE_NAME) if f.isVisible())
    hands.click(field)
    field.selectAll()
    hands.type("3")
    hands.key(Qt.Key.Key_Return)
    assert hands.session.layers.slice_index == 2
    assert "slice 3/" in readout(hands)
    hands.press(Qt.Key.Key_F7)
    row = round(float(hands.session.layers.original.world_to_data(hands.viewer.dims.point)[1]))
    assert slider_texts(hands, 1) == [str(row + 1), str(hands.session.layers.volume.shape[1])]
    hands.session.close_case(ask=False)
    hands.viewer.add_image(np.zeros((5, 8, 8)))
    assert slider_texts(hands, 0)[-1] == "4", "without a case napari counts as ever"


def test_the_window_of_the_header_comes_with_a_case_of_the_store(room: Any, small_case: Any) -> None:
    asked = replace(small_case("alpha"), acquisition=Acquisition(window=Window(37, 95)))
    store = room.session.store.open()
    store.add_case(asked, source="reader")
    store.add_case(small_case("beta"), source="reader")
    room.session.open_case("alpha", wait=True)
    room.press(Qt.Key.Key_F6)
    assert (room.session.view.window.centre, room.session.view.window.width) == (37, 95)
    assert room.dock("Window and view").header.isEnabled()
    room.session.open_case("beta", wait=True)
    assert room.session.view.header_window is None
    assert not room.dock("Window and view").header.isEnabled(), "a window of the case before is not this one's"
