"""The tools on a real Labels layer, the classes, the verdict and saving."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_cpam_stroke.annotations.records import TRUTH_SOURCES
from napari_cpam_stroke.core import CTVolume, LesionClass, NoticeCode
from napari_cpam_stroke.core.notice import info, warning
from napari_cpam_stroke.widgets.docks.correct import CorrectDock
from napari_cpam_stroke.widgets.room import DOCKS

MIDDLE = 12


@pytest.fixture
def dock(case: Any, qtbot: Any) -> CorrectDock:
    made = CorrectDock(case)
    qtbot.addWidget(made)
    return made


def point_at(case: Any, native: tuple[int, int, int]) -> None:
    case.tools.cursor = lambda: native


def test_a_class_button_takes_the_brush(case: Any, dock: CorrectDock) -> None:
    dock.classes[LesionClass.HEMORRHAGE].click()
    assert case.layers.reading.mode == "paint"
    assert case.layers.reading.selected_label == 2
    assert dock.classes[LesionClass.HEMORRHAGE].isChecked()
    assert not dock.classes[LesionClass.ISCHEMIA].isChecked()


def test_no_third_label_can_be_drawn(case: Any, dock: CorrectDock) -> None:
    case.layers.reading.selected_label = 3
    assert case.layers.reading.selected_label in (1, 2)


def test_the_limited_brush_keeps_to_its_hu(case: Any, dock: CorrectDock) -> None:
    hu = case.layers.volume.hu
    seed = tuple(int(i) for i in np.argwhere((hu > 50) & (hu < 90))[0])
    dock.brush.limited.click()
    dock.brush.hu.setValue((50, 90))
    case.layers.reading.brush_size = 30
    case.layers.reading.paint(case.layers.turned_index(seed), 2)
    drawn = hu[case.review.reading == 2]
    assert drawn.size
    assert drawn.min() >= 50
    assert drawn.max() <= 90
    case.layers.reading.undo()
    assert not case.review.reading.any()


def test_a_limited_3d_brush_reaches_other_slices(case: Any, dock: CorrectDock) -> None:
    dock.brush.limited.click()
    dock.brush.hu.setValue((-20, 120))
    dock.brush.ball.click()
    case.layers.reading.brush_size = 20
    case.layers.reading.paint((MIDDLE, 64, 64), 1)
    assert len(set(np.nonzero(case.review.reading)[0])) > 1


@pytest.mark.parametrize(
    "tool",
    ["grow", "fill between", "islands", "smooth", "erase part", "keep HU", "swap class", "copy next", "mirror part"],
)
def test_each_tool_is_one_undo_step(case: Any, dock: CorrectDock, tool: str) -> None:
    layer = case.layers.reading
    layer.brush_size = 12
    layer.paint((MIDDLE - 2, 60, 40), 1)
    layer.paint((MIDDLE + 2, 60, 40), 1)
    layer.brush_size = 1
    layer.paint((MIDDLE + 2, 20, 64), 1)
    layer.paint((MIDDLE + 2, 60, 40), 0)
    case.layers.go_to_slice(MIDDLE + 2)
    case.flush()
    before = case.review.reading.copy()
    point_at(case, (MIDDLE + 2, 62, 40))
    dock.tools[tool].click()
    case.wait()
    assert not np.array_equal(case.review.reading, before)
    layer.undo()
    np.testing.assert_array_equal(case.review.reading, before)


def test_a_tool_leaves_the_brush_in_the_hand(case: Any, dock: CorrectDock) -> None:
    dock.classes[LesionClass.ISCHEMIA].click()
    for made in dock.tools.values():
        made.click()
        assert case.layers.reading.mode == "paint", made.text()


def test_growing_starts_at_the_cursor(case: Any, dock: CorrectDock) -> None:
    hu = case.layers.volume.hu
    seed = tuple(int(i) for i in np.argwhere((hu > 55) & (hu < 85))[40])
    point_at(case, seed)
    dock.classes[LesionClass.HEMORRHAGE].click()
    dock.tools["grow"].click()
    assert case.review.reading[seed] == 2


def test_a_tool_without_a_target_says_so(case: Any, dock: CorrectDock) -> None:
    point_at(case, (0, 0, 0))
    dock.tools["erase part"].click()
    assert "no mask under the cursor" in dock.message.whole


def test_classes_follow_the_mask_until_overruled(case: Any, dock: CorrectDock) -> None:
    case.layers.go_to_slice(MIDDLE)
    case.layers.reading.paint((MIDDLE, 60, 60), 1)
    case.flush()
    check = dock.slice_checks[LesionClass.ISCHEMIA]
    assert check.isChecked()
    assert dock.series_checks[LesionClass.ISCHEMIA].isChecked()
    dock.series_checks[LesionClass.HEMORRHAGE].click()
    assert case.review.series_labels.tolist() == [1, 1]
    dock.follow.click()
    assert case.review.series_labels.tolist() == [1, 0]


def test_accepting_saves_with_the_words(case: Any, dock: CorrectDock) -> None:
    dock.difficulty.setCurrentText("hard")
    dock.difficulty.activated.emit(dock.difficulty.currentIndex())
    dock.comment.setText("motion")
    dock.comment.editingFinished.emit()
    dock.accept.click()
    saved = case.review.revision
    assert (saved.status, saved.difficulty, saved.comment) == ("accepted", "hard", "motion")
    assert dock.state.whole.startswith("saved ")
    assert dock.state.whole.endswith("version 1")


@pytest.mark.parametrize(("button", "status"), [("second", "second_read"), ("refuse", "rejected")])
def test_the_other_verdicts_are_saved_too(case: Any, dock: CorrectDock, qtbot: Any, button: str, status: str) -> None:
    qtbot.mouseClick(getattr(dock, button), Qt.MouseButton.LeftButton)
    case.wait()
    assert case.review.revision.status == status
    assert [listed.status for listed in case.worklist.cases] == [status]


def test_what_is_odd_about_the_series_stands_under_the_picture(
    case: Any, dock: CorrectDock, phantom_volume: CTVolume
) -> None:
    told = (
        warning(NoticeCode.SLICES_MISSING, "A slice is missing."),
        info(NoticeCode.GANTRY_TILT, "Gantry tilt 18.5 degrees."),
    )
    case.show(replace(phantom_volume, geometry=None, notices=told))
    case.wait()
    for words in ("A slice is missing.", "Gantry tilt 18.5 degrees.", "measured without ml"):
        assert words in dock.facts.whole
    assert DOCKS["correct"][2] == "bottom"


def test_the_midline_is_looked_for_once_per_case(case: Any, dock: CorrectDock, monkeypatch: pytest.MonkeyPatch) -> None:
    from napari_cpam_stroke.core import editing

    asked: list[Any] = []
    find = editing.find_midline
    monkeypatch.setattr(editing, "find_midline", lambda volume: asked.append(volume) or find(volume))
    case.layers.reading.paint((MIDDLE, 60, 40), 1)
    point_at(case, (MIDDLE, 60, 40))
    for expected in (1, 1):
        dock.tools["mirror part"].click()
        case.wait()
        assert len(asked) == expected
    assert (case.review.reading[MIDDLE, :, 64:] == 1).any()


def test_words_and_truth_can_be_stated_and_taken_back(case: Any, dock: CorrectDock) -> None:
    for place in (2, 0):
        dock.truth.setCurrentIndex(place)
        dock.truth.activated.emit(place)
        assert case.review.truth_source == (TRUTH_SOURCES[place - 1] if place else None)
    case.layers.go_to_slice(3)
    dock.slice_checks[LesionClass.HEMORRHAGE].click()
    assert case.review.slice_labels[3].tolist() == [0, 1]
    assert "Slice 4 is labelled hemorrhage, but none is drawn" in dock.message.whole
    dock.slice_checks[LesionClass.HEMORRHAGE].click()
    assert case.review.slice_labels[3].tolist() == [0, 0]
