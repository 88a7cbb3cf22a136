"""Three planes: pictures against the volume, proportions against mm, a click and a key move one cross-hair in all."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_cpam_stroke.core import apply_window
from napari_cpam_stroke.widgets.viewer.cross_hair import CROSS_HAIR
from napari_cpam_stroke.widgets.viewer.plane_picture import PlaneCut

LEFT, SHIFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.NoModifier


@pytest.fixture
def planes(hands: Any) -> Any:
    dock = hands.dock("Three planes")
    QTest.qWait(100)
    return dock


def test_planes_are_cut_from_the_turned_series_head_up(case: Any) -> None:
    layers = case.layers
    turned = layers.turned(layers.volume.hu)
    for plane, at, expected in (
        ("coronal", 70, turned[::-1, 70]),
        ("sagittal", 55, turned[::-1, :, 55]),
        ("axial", 9, turned[9]),
    ):
        cut = PlaneCut(layers, plane)
        made = cut.picture(at, case.view.window)
        np.testing.assert_array_equal(made.rgb[..., 0], np.rint(apply_window(expected, case.view.window) * 255))
        assert (made.letters.top, made.letters.bottom) == (("A", "P") if plane == "axial" else ("H", "F"))
        index = (9.0, 70.0, 55.0)
        assert cut.index(*cut.spot(index), at) == index, "there and back"


def test_what_is_drawn_is_seen_in_every_plane(case: Any) -> None:
    mask = np.zeros(case.layers.volume.shape, np.uint8)
    mask[8:14, 60:80, 50:70] = 2
    with_mask, without = (
        PlaneCut(case.layers, "coronal").picture(70, case.view.window, each).rgb for each in (mask, np.zeros_like(mask))
    )
    rows, columns = np.nonzero((with_mask != without).any(axis=2))
    place = case.layers.volume.shape[0] - 1 - rows
    z = {case.layers.turned_index((z, 0, 0))[0] for z in (8, 13)}
    assert (place.min(), place.max()) == (min(z), max(z))
    assert np.ptp(columns) == 19


def test_pictures_have_the_proportions_of_the_patient(hands: Any, planes: Any) -> None:
    geometry = hands.session.layers.volume.geometry
    z, _, x = hands.session.layers.volume.shape
    area = planes.canvases["coronal"].area()
    wide, high = x * geometry.pixel_spacing_mm[1], z * float(np.median(geometry.steps_mm))
    assert area.width() / area.height() == pytest.approx(wide / high, rel=1e-3)


def test_a_click_in_one_plane_moves_the_others_and_the_picture(hands: Any, planes: Any) -> None:
    session, coronal = hands.session, planes.canvases["coronal"]
    before = session.cross_hair.index
    wanted = (6.0, before[1], 40.0)
    row, column = PlaneCut(session.layers, "coronal").spot(wanted)
    hands.click(coronal, coronal.spot(row, column).toPoint())
    found = session.cross_hair.index
    assert found[0] == pytest.approx(wanted[0], abs=1)
    assert found[1] == before[1]
    assert found[2] == pytest.approx(wanted[2], abs=2)
    assert session.layers.slice_index == int(session.layers.turned_index(found)[0])
    QTest.qWait(200)
    sagittal = planes.canvases["sagittal"]
    assert sagittal._title == f"sagittal {int(found[2]) + 1}"
    lines = hands.viewer.layers[CROSS_HAIR].data
    np.testing.assert_array_equal(lines[0, 0, 1:], found[1:])
    np.testing.assert_array_equal(lines[2, 0, :2], found[:2])


def test_the_key_puts_it_under_the_mouse(hands: Any, planes: Any) -> None:
    hands.move(-35, 25)
    under = hands.session.layers.turned_index(hands.session.cursor())
    hands.press(Qt.Key.Key_K, SHIFT)
    assert hands.session.cross_hair.index == tuple(float(i) for i in under)
    hands.press(Qt.Key.Key_F7)
    assert hands.session.cross_hair.index == tuple(float(i) for i in under), "the next plane goes through it"


def test_it_goes_with_its_dock_and_its_case(hands: Any, planes: Any, small_case: Any) -> None:
    assert CROSS_HAIR in hands.viewer.layers
    hands.session.show(small_case("next"))
    hands.session.wait()
    QTest.qWait(60)
    np.testing.assert_array_equal(
        hands.viewer.layers[CROSS_HAIR].data[:, 1].max(axis=0), np.array(hands.session.layers.volume.shape) - 1
    )
    hands.dock("Findings")
    QTest.qWait(60)
    assert CROSS_HAIR not in hands.viewer.layers
    hands.session.close_case(ask=False)
    hands.dock("Three planes")
    QTest.qWait(60)
    assert planes.canvases["coronal"]._rgb is None
