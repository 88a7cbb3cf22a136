"""Measuring: rulers, regions, the midline, the other side, three planes and the prior study."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_cpam_stroke.core import CTVolume, VolumeGeometry
from napari_cpam_stroke.samples import SeriesText, write_dicom_series
from napari_cpam_stroke.widgets.viewer.canvas_texts import room_texts
from napari_cpam_stroke.widgets.viewer.cross_hair import CROSS_HAIR
from napari_cpam_stroke.widgets.viewer.measures import MEASURE, SETTLE_MS
from napari_cpam_stroke.widgets.viewer.other_side import OTHER_SIDE

from .reader import IN_BOX, LEFT, SHIFT, Reader
from .sentences import step

START, END = (-60, -40), (20, 50)


@pytest.fixture
def case(reader: Reader, predictor: Any, phantom_volume: CTVolume) -> Reader:
    reader.session.show(phantom_volume)
    settle(reader)
    return reader


def settle(reader: Reader) -> None:
    """Let figures be worked out, the midline too, and come on the screen."""
    for _ in range(2):
        QTest.qWait(SETTLE_MS * 3)
        reader.settle()


def figures(reader: Reader) -> list[tuple[str, str, str]]:
    """The table of the measurements."""
    settle(reader)
    table = reader.dock("Measurements").table
    return [tuple(table.item(row, cell).text() for cell in range(3)) for row in range(table.rowCount())]


def beside(reader: Reader) -> list[str]:
    """What stands beside the shapes."""
    return [str(words) for words in reader.viewer.layers[MEASURE].text.values]


def active(reader: Reader) -> str:
    return str(reader.viewer.layers.selection.active.name)


def letters(reader: Reader) -> tuple[str, str]:
    texts = room_texts(reader.viewer)
    return texts["left"].text, texts["right"].text


def place_of(reader: Reader, point: Any) -> tuple[int, int]:
    """The point of the canvas, from its middle, where a point of the shapes is seen."""
    shapes = reader.viewer.layers[MEASURE]
    seen = []
    for at in ((0, 0), (100, 100)):
        reader.move(*at)
        seen.append(np.array(reader.viewer.cursor.position))
    middle, aside = seen
    y, x = (100 * (np.asarray(shapes.data_to_world(point)) - middle) / np.where(aside == middle, 1, aside - middle))[1:]
    return round(x), round(y)


def test_measuring(case: Reader, small_case: Any) -> None:
    """In one window, one after the other."""
    the_other_side_and_three_planes(case)
    figures_of_the_case(case, small_case)


def figures_of_the_case(reader: Reader, small_case: Any) -> None:
    dock, layers = reader.dock("Measurements"), reader.viewer.layers
    with step("*Measurements*, a tab behind *Findings*, measures on the open case."):
        findings = reader.dock("Findings").parent()
        assert "Measurements" in {each.objectName() for each in reader.window.tabifiedDockWidgets(findings)}
    with step("Ruler (Shift+R): drag a line; its length in mm stands beside it."):
        reader.press(Qt.Key.Key_R, SHIFT)
        reader.drag(LEFT, START, END)
        ((what, where, length),) = figures(reader)
        assert (what, where) == ("ruler", f"slice {reader.viewer.dims.current_step[0] + 1}")
        assert beside(reader) == [length]
        assert 20 < float(length.removesuffix(" mm")) < 230
    with step(
        "The same key again, H, or *to the masks* goes back to the masks; while you measure, the keys of napari's "
        "Shapes layers come first (4 moves corners, 5 moves shapes, Delete takes the chosen one away)."
    ):
        assert active(reader) == MEASURE
        reader.press(Qt.Key.Key_4)
        assert layers[MEASURE].mode == "direct"
        reader.press(Qt.Key.Key_5)
        assert layers[MEASURE].mode == "select"
        ends = [place_of(reader, point) for point in layers[MEASURE].data[0]]
        middle = ((ends[0][0] + ends[1][0]) // 2, (ends[0][1] + ends[1][1]) // 2)
        reader.drag(LEFT, middle, middle)
        reader.press(Qt.Key.Key_Delete)
        assert figures(reader) == []
        for leave in (lambda: reader.press(Qt.Key.Key_R, SHIFT), lambda: reader.press(Qt.Key.Key_H),
                      lambda: reader.click(dock.back)):  # fmt: skip
            reader.click(dock.forms["ruler"])
            assert layers[MEASURE].mode == "add_line"
            leave()
            assert active(reader) == "Reading"
    with step(
        "Region: *ellipse* (Shift+D), *rectangle* or *polygon*. Mean and standard deviation of the HU stand beside "
        "it; the table adds least and greatest HU, the area in mm² and the number of pixels. On axial slices the "
        "same region beyond the fitted midline is measured too, with the difference of the means; *other side* "
        "turns that off."
    ):
        reader.press(Qt.Key.Key_D, SHIFT)
        reader.drag(LEFT, START, END)
        ((_, _, words),) = figures(reader)
        mean = layers[MEASURE].text.values[0].split(" ")[0]
        assert f"mean {mean}, SD " in words
        assert all(part in words for part in ("min ", "max ", " mm²", "n ", "other side", "difference of means"))
        reader.click(dock.compare, IN_BOX)
        ((_, _, words),) = figures(reader)
        assert "other side" not in words
        reader.click(dock.compare, IN_BOX)
        reader.click(dock.forms["rectangle"])
        reader.drag(LEFT, (-40, -40), (-10, -10))
        reader.click(dock.forms["polygon"])
        for corner in ((20, -40), (50, -40), (50, -10)):
            reader.drag(LEFT, corner, corner)
        QTest.mouseDClick(reader.canvas, LEFT, Qt.KeyboardModifier.NoModifier, reader.at(20, -10))
        assert [what for what, _, _ in figures(reader)] == ["region"] * 3
    with step("A click in the table goes there."):
        reader.session.go_to_slice(2)
        reader.click(dock.table, dock.table.visualItemRect(dock.table.item(0, 0)).center())
        assert f"slice {reader.viewer.dims.current_step[0] + 1}" == dock.table.item(0, 1).text()
    with step(
        "Midline shift (Shift+I): the white line is the ideal midline, fitted to the symmetry of the whole head. "
        "Drag the end of the pink line to where the midline is; the distance at right angles to the ideal one, and "
        "the side, stand beside it."
    ):
        reader.click(dock.clear)
        reader.press(Qt.Key.Key_I, SHIFT)
        assert [what for what, _, _ in figures(reader)] == ["ideal midline", "midline shift"]
        white, pink = (np.asarray(colour[:3]) for colour in layers[MEASURE].edge_color)
        assert white.min() > 0.95
        assert pink[0] > 0.7 > pink[1]
        x, y = place_of(reader, layers[MEASURE].data[1][1])
        reader.drag(LEFT, (x, y), (x + 60, y + 10))
        shift = figures(reader)[1][2]
        assert shift.endswith("mm to the patient's left")
        assert beside(reader)[1] == shift
    with step("Measurements belong to the case on the screen and go with it; *Copy CSV* puts them on the clipboard."):
        reader.click(dock.copy)
        copied = list(csv.DictReader(io.StringIO(QApplication.clipboard().text())))
        assert [row["kind"] for row in copied] == ["ideal midline", "midline shift"]
        assert copied[1]["side"] == "left"
        assert reader.session.review.dirty is False
        reader.session.show(small_case("next"))
        assert figures(reader) == []


def the_other_side_and_three_planes(reader: Reader) -> None:
    with step(
        "The other side (Shift+H) puts the head, mirrored about its fitted midline, in the place of the CT at full "
        "size; the letters change sides and the header says so."
    ):
        assert letters(reader) == ("R", "L")
        reader.press(Qt.Key.Key_H, SHIFT)
        settle(reader)
        other, original = (reader.viewer.layers[name] for name in (OTHER_SIDE, "Original"))
        np.testing.assert_allclose(other.extent.world, original.extent.world)
        assert letters(reader) == ("L", "R")
        assert "MIRRORED" in room_texts(reader.viewer)["header"].text
    with step(
        "Masks, HU and mm stay those of this side, so that what is marked here is seen on the other side. Again: back."
    ):
        reader.move(-40, 20)
        place = reader.session.cursor()
        assert f"HU {reader.session.layers.volume.hu[place]}" in room_texts(reader.viewer)["header"].text
        reader.press(Qt.Key.Key_H, SHIFT)
        settle(reader)
        assert OTHER_SIDE not in reader.viewer.layers
        assert letters(reader) == ("R", "L")
    planes = reader.dock("Three planes")
    settle(reader)
    with step(
        "Three planes, another tab, shows coronal and sagittal in true proportions with one cross-hair in all three."
    ):
        geometry, shape = reader.session.layers.volume.geometry, reader.session.layers.volume.shape
        for name, across in (("coronal", shape[2]), ("sagittal", shape[1])):
            area = planes.canvases[name].area()
            wide, high = across * geometry.pixel_spacing_mm[0], shape[0] * float(np.median(geometry.steps_mm))
            assert area.width() / area.height() == pytest.approx(wide / high, rel=0.02)
            assert planes.canvases[name]._cross is not None
        assert CROSS_HAIR in reader.viewer.layers
    with step(
        "A click in a plane moves it, Shift+K puts it under the mouse in the picture, the wheel goes from plane to "
        "plane, and F7 shows the planes through it at full size."
    ):
        coronal, sagittal = planes.canvases["coronal"], planes.canvases["sagittal"]
        before, z = sagittal._title, reader.viewer.dims.current_step[0]
        reader.click(coronal, coronal.area().center().toPoint() / 2)
        settle(reader)
        assert sagittal._title != before
        assert reader.viewer.dims.current_step[0] != z
        before = coronal._title
        reader.move(-35, 25)
        reader.press(Qt.Key.Key_K, SHIFT)
        settle(reader)
        assert coronal._title != before
        at = int(coronal._title.split()[1])
        reader.wheel(coronal, 2)
        settle(reader)
        assert coronal._title == f"coronal {at + 2}"
        reader.press(Qt.Key.Key_F7)
        settle(reader)
        assert f"coronal {at + 2}/" in room_texts(reader.viewer)["header"].text
    for _ in range(2):
        reader.press(Qt.Key.Key_F7)
    reader.session.go_to_slice(z)


def earlier(volume: CTVolume, **changes: Any) -> CTVolume:
    """The synthetic head again, every second slice of it, elsewhere on the table and darker."""
    found = volume.geometry
    assert found is not None
    geometry = VolumeGeometry(
        found.positions_mm[::2] + np.array([3, 4, 70]), found.row_direction, found.column_direction,
        found.pixel_spacing_mm, found.thickness_mm[::2] * 2,
    )  # fmt: skip
    return replace(volume, hu=volume.hu[::2] - 7, geometry=geometry, case_id="earlier", **changes)


def test_the_prior_study(reader: Reader, predictor: Any, phantom_volume: CTVolume, tmp_path: Path) -> None:
    geometry = phantom_volume.geometry
    assert geometry is not None
    for name, patient in (("now", "P-1"), ("prior", "P-1"), ("else", "P-2")):
        volume = phantom_volume if name == "now" else earlier(phantom_volume)
        text = SeriesText(study=name, series=name, patient_id=patient, patient_name=f"{patient}^A")
        write_dicom_series(tmp_path / name, volume.hu, volume.geometry, text=text)
    reader.drop(tmp_path / "prior")
    reader.drop(tmp_path / "now")
    dock, session = reader.dock("Prior study"), reader.session
    settle(reader)
    known, layers = session.store.open().count_cases(), list(reader.viewer.layers)
    with step(
        "Prior study, the tab behind it, shows another study of the same patient beside the case, in the same "
        "window and with its own letters: one of the store, or with *Folder...* one from its files, of which the "
        "store keeps nothing."
    ):
        reader.choose(dock.studies, dock.studies.itemText(1))
        settle(reader)
        assert dock.canvas._title.startswith("PRIOR")
        assert dock.canvas._letters == ("R", "L", "A", "P")
        with reader.choosing(tmp_path / "prior"):
            reader.click(dock.folder)
        settle(reader)
        assert dock.canvas._title.startswith("PRIOR")
        assert session.store.open().count_cases() == known
        grey = dock.canvas._rgb.copy()
        reader.press(Qt.Key.Key_F3)
        settle(reader)
        assert not np.array_equal(dock.canvas._rgb, grey)
    with step(
        "Its slice is the one whose height above the lowest slice that shows head is nearest, in mm, to that of the "
        "slice in the picture; both heights come from the positions of the slices, so another thickness or uneven "
        "distances do no harm."
    ):
        for z, expected in ((4, 3), (10, 6), (20, 11)):
            session.go_to_slice(int(session.layers.turned_index((z, 0, 0))[0]))
            settle(reader)
            assert dock.canvas._title == f"PRIOR  {expected} / 12"
            assert dock.place.text() == "same height"
    with step(
        "Where one study begins lower in the neck than the other this is off by so much: turn the wheel over the "
        "dock to shift it by whole slices, *Reset* takes that back."
    ):
        reader.wheel(dock.canvas, -2)
        settle(reader)
        assert (dock.canvas._title, dock.shift.text()) == ("PRIOR  9 / 12", "-2 slices")
        reader.click(dock.reset)
        settle(reader)
        assert (dock.canvas._title, dock.shift.text()) == ("PRIOR  11 / 12", "")
    with step("A series whose header names another patient is not shown;"):
        with reader.choosing(tmp_path / "else"):
            reader.click(dock.folder)
        settle(reader)
        assert dock.canvas._rgb is None
        assert "patient" in dock.message.text()
    with step("Nothing of the prior study can be drawn on, measured or saved, and it goes with the case."):
        assert list(reader.viewer.layers) == layers, "nothing of it is a layer"
        reader.choose(dock.studies, dock.studies.itemText(1))
        settle(reader)
        assert dock.canvas._rgb is not None
        reader.drop(tmp_path / "else")
        settle(reader)
        assert dock.canvas._rgb is None
