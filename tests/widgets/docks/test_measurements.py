"""Measuring by hand on the canvas: figures against recounts on the voxels under the mouse."""

from __future__ import annotations

import csv
import io
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_cpam_stroke.core import editing
from napari_cpam_stroke.core.midline_shift import IdealMidline
from napari_cpam_stroke.widgets.viewer.measures import MEASURE, SETTLE_MS

LEFT, SHIFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.NoModifier
START, END = (-60, -40), (20, 50)


def settled(hands: Any) -> tuple[Any, ...]:
    QTest.qWait(SETTLE_MS * 3)
    hands.session.wait()
    QTest.qWait(SETTLE_MS)
    return hands.session.measures.found


def world_at(hands: Any, at: tuple[int, int]) -> tuple[float, ...]:
    hands.move(*at)
    return tuple(hands.viewer.cursor.position)


def native_at(hands: Any, at: tuple[int, int]) -> np.ndarray:
    layers = hands.session.layers
    return np.array(layers.turned_index(layers.original.world_to_data(world_at(hands, at))))


def screen_place(hands: Any, world: Any) -> tuple[int, int]:
    """The point of the canvas, from its middle, where a world position of the slice in front is seen."""
    middle, aside = (np.array(world_at(hands, at)) for at in ((0, 0), (100, 100)))
    y, x = (100 * (np.asarray(world) - middle) / np.where(aside == middle, 1, aside - middle))[1:]
    return round(x), round(y)


def test_a_ruler_is_as_long_as_in_the_patient(hands: Any) -> None:
    ends = np.array([native_at(hands, at) for at in (START, END)])
    hands.press(Qt.Key.Key_R, SHIFT)
    hands.drag(LEFT, START, END)
    (ruler,) = settled(hands)
    geometry = hands.session.layers.volume.geometry
    expected = float(np.linalg.norm(np.diff(geometry.index_to_patient(ends), axis=0)))
    assert ruler.kind == "ruler"
    assert ruler.length_mm == pytest.approx(expected, abs=0.5)
    assert ruler.place == f"slice {hands.session.layers.slice_index + 1}"
    shapes = hands.viewer.layers[MEASURE]
    assert shapes.text.values.tolist() == [f"{ruler.length_mm:.1f} mm"]
    dock = hands.dock("Measurements")
    assert dock.table.item(0, 2).text() == f"{ruler.length_mm:.1f} mm"
    assert not hands.session.review.dirty, "a measurement is no mask"
    hands.press(Qt.Key.Key_R, SHIFT)
    assert hands.viewer.layers.selection.active is hands.session.layers.reading


def test_a_ruler_across_slices_counts_their_true_steps(hands: Any) -> None:
    hands.press(Qt.Key.Key_F7)
    ends = np.array([native_at(hands, at) for at in ((0, -60), (0, 60))])
    hands.press(Qt.Key.Key_R, SHIFT)
    hands.drag(LEFT, (0, -60), (0, 60))
    (ruler,) = settled(hands)
    places = hands.session.layers.volume.geometry.index_to_patient(ends)
    assert abs(ends[0, 0] - ends[1, 0]) > 1
    assert ruler.length_mm == pytest.approx(float(np.linalg.norm(places[1] - places[0])), rel=0.03)
    assert ruler.place.startswith(("coronal", "slice"))


def test_a_region_holds_what_a_recount_finds_and_so_does_its_mirror_image(hands: Any) -> None:
    hands.press(Qt.Key.Key_D, SHIFT)
    hands.drag(LEFT, START, END)
    (region,) = settled(hands)
    layers, points = hands.session.layers, np.asarray(hands.viewer.layers[MEASURE].data[0])
    native = np.array([layers.turned_index(p) for p in points])
    z, low, high = layers.slice_index, native[:, 1:].min(axis=0), native[:, 1:].max(axis=0)
    y, x = np.indices(layers.volume.shape[1:]).astype(float)
    centre, half = (low + high) / 2, (high - low) / 2
    inside = ((y - centre[0]) / half[0]) ** 2 + ((x - centre[1]) / half[1]) ** 2 <= 1
    values = layers.volume.hu[z][inside].astype(float)
    assert region.region.pixels == pytest.approx(inside.sum(), abs=2)
    assert region.region.mean_hu == pytest.approx(values.mean(), abs=0.3)
    assert region.region.sd_hu == pytest.approx(values.std(ddof=1), abs=0.3)
    dy, dx = layers.volume.geometry.pixel_spacing_mm
    assert region.region.area_mm2 == pytest.approx(region.region.pixels * dy * dx)
    midline = editing.find_midline(layers.volume)
    there = midline.reflect(np.argwhere(inside).T.astype(float)).round().astype(int)
    assert region.mirrored.mean_hu == pytest.approx(layers.volume.hu[z][there[0], there[1]].mean(), abs=1.0)
    assert region.difference_hu == pytest.approx(region.region.mean_hu - region.mirrored.mean_hu)
    dock = hands.dock("Measurements")
    hands.click(dock.compare)
    assert hands.session.measures.found[0].mirrored is None


def test_the_dragged_point_tells_how_far_the_midline_is_shifted(hands: Any) -> None:
    hands.press(Qt.Key.Key_I, SHIFT)
    ideal, shift = settled(hands)
    assert (ideal.kind, shift.kind) == ("midline", "shift")
    assert shift.shift_mm == pytest.approx(0, abs=1e-6)
    layers, shapes = hands.session.layers, hands.viewer.layers[MEASURE]
    x, y = screen_place(hands, shapes.data_to_world(shapes.data[1][1]))
    hands.drag(LEFT, (x, y), (x + 60, y + 10))
    end = native_at(hands, (x + 60, y + 10))
    _, shift = settled(hands)
    line = IdealMidline(editing.find_midline(layers.volume), layers.volume.geometry.pixel_spacing_mm)
    assert shift.shift_mm == pytest.approx(abs(line.distance_mm(end[1:])), abs=1.0)
    assert shift.shift_mm > 5
    assert shift.side == "left", "what lies to the right on the screen is the patient's left"
    assert "to the patient's left" in hands.dock("Measurements").table.item(1, 2).text()


def test_measurements_go_with_their_case_and_are_copied_before(hands: Any, small_case: Any) -> None:
    hands.press(Qt.Key.Key_D, SHIFT)
    hands.drag(LEFT, START, END)
    hands.press(Qt.Key.Key_R, SHIFT)
    hands.drag(LEFT, (-10, 10), (30, 10))
    found = settled(hands)
    dock = hands.dock("Measurements")
    hands.click(dock.copy)
    region, ruler = csv.DictReader(io.StringIO(QApplication.clipboard().text()))
    assert float(region["mean_hu"]) == pytest.approx(found[0].region.mean_hu, rel=1e-5)
    assert float(ruler["length_mm"]) == pytest.approx(found[1].length_mm, rel=1e-5)
    assert (ruler["kind"], ruler["mean_hu"]) == ("ruler", "")
    hands.session.show(small_case("next"))
    hands.session.wait()
    assert MEASURE not in hands.viewer.layers
    assert (dock.table.rowCount(), hands.session.measures.found) == (0, ())
    assert not dock.copy.isEnabled()


def test_a_shape_taken_away_takes_its_row_along(hands: Any) -> None:
    hands.press(Qt.Key.Key_R, SHIFT)
    for down in (0, 40):
        hands.drag(LEFT, (-40, down), (10, down))
    first, second = settled(hands)
    shapes = hands.viewer.layers[MEASURE]
    shapes.selected_data = {0}
    hands.press(Qt.Key.Key_Delete)
    assert settled(hands) == (second,)
    assert first != second
    hands.click(hands.dock("Measurements").clear)
    assert settled(hands) == ()
    hands.press(Qt.Key.Key_H)
    assert hands.viewer.layers.selection.active is hands.session.layers.reading
    assert hands.session.layers.reading.mode == "paint"
