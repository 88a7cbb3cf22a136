"""Probabilities, strip, lesion table and rejections."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtWidgets import QAbstractButton, QLabel, QWidget

from napari_cpam_stroke.widgets.docks.findings import FindingsDock
from napari_cpam_stroke.widgets.room import DOCKS

MIDDLE = 12


@pytest.fixture
def dock(case: Any, predictor: Any, qtbot: Any) -> FindingsDock:
    made = FindingsDock(case)
    qtbot.addWidget(made)
    made.resize(300, 500)
    made.show()
    return made


def settle(qtbot: Any, dock: FindingsDock, rows: int) -> None:
    dock._session.flush()
    qtbot.waitUntil(lambda: dock.table.rowCount() == rows, timeout=5000)


def test_probabilities_are_words_of_suspicion(case: Any, dock: FindingsDock) -> None:
    case.models.run(wait=True)
    assert dock.words["ischemia"].text() == "90/100 suspected"
    assert dock.words["hemorrhage"].text() == "4/100 not suspected"
    assert "Probability 0.9, threshold 0.5" in dock.bars["ischemia"].toolTip()
    assert "refer between 0.40 and 0.60" in dock.bars["ischemia"].toolTip()
    assert dock.model.text().startswith("AI: default 1.0 (0123456), cpu")


def test_the_table_lists_the_ai_until_something_is_drawn(case: Any, dock: FindingsDock, qtbot: Any) -> None:
    case.models.run(wait=True)
    settle(qtbot, dock, 1)
    assert dock.which.text() == "list: AI"
    case.layers.reading.paint((MIDDLE, 30, 60), 1)
    case.layers.reading.paint((MIDDLE, 90, 60), 2)
    settle(qtbot, dock, 2)
    assert dock.which.text() == "list: reading"
    assert "ml" in dock.totals.text()
    dock.which.click()
    settle(qtbot, dock, 1)


def test_a_click_on_a_lesion_goes_there(case: Any, dock: FindingsDock, qtbot: Any) -> None:
    case.layers.reading.paint((3, 60, 60), 1)
    settle(qtbot, dock, 1)
    case.layers.go_to_slice(20)
    dock.table.selectRow(0)
    assert case.layers.slice_index == 3


def test_a_click_on_the_strip_goes_there(case: Any, dock: FindingsDock, qtbot: Any) -> None:
    strip = dock.strip
    x = int((5 + 0.5) / case.layers.volume.shape[0] * strip.width())
    qtbot.mouseClick(strip, Qt.MouseButton.LeftButton, pos=QPoint(x, 10))
    assert case.layers.slice_index == 5
    assert strip.slice_at(strip.width() + 50) == case.layers.volume.shape[0] - 1


def test_rejecting_a_finding_keeps_the_reason_and_can_be_undone(case: Any, dock: FindingsDock, qtbot: Any) -> None:
    case.layers.reading.paint((MIDDLE, 60, 60), 2)
    settle(qtbot, dock, 1)
    drawn = case.review.reading.copy()
    next(action for action in dock.reason_menu().actions() if action.text() == "calcification").trigger()
    assert not case.review.reading.any()
    assert [r.reason for r in case.review.rejections] == ["calcification"]
    qtbot.waitUntil(lambda: "hemorrhage (calcification)" in dock.totals.text())
    case.layers.reading.undo()
    np.testing.assert_array_equal(case.review.reading, drawn)
    next(action for action in dock.reason_menu().actions() if action.text().startswith("take back")).trigger()
    assert case.review.rejections == ()


def test_rejecting_nothing_says_so(case: Any, dock: FindingsDock, qtbot: Any) -> None:
    with qtbot.waitSignal(case.said) as said:
        dock.reject.click()
    assert "Select a finding" in said.args[0]


def test_a_case_in_the_band_is_referred_and_warnings_of_the_run_are_shown(
    case: Any, dock: FindingsDock, predictor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    case.models.run(wait=True)
    unsure = replace(
        case.models.prediction,
        series_probabilities={"ischemia": 0.5, "hemorrhage": 0.04},
        warnings=("Memory of cuda ran out; going on with 4 slices at a time.",),
    )
    monkeypatch.setattr(predictor, "predict", lambda *_, **__: unsure)
    case.models.run(wait=True)
    assert dock.words["ischemia"].text() == "50/100 unsure, refer"
    assert dock.words["hemorrhage"].text() == "4/100 not suspected"
    assert unsure.warnings[0] in dock.model.text()


def test_no_dock_speaks_of_a_diagnosis(case: Any, predictor: Any, qtbot: Any) -> None:
    docks = [kind(case) for kind, _, _ in DOCKS.values()]
    case.models.run(wait=True)
    case.wait()
    for made in docks:
        qtbot.addWidget(made)
        words = [part.toolTip() for part in made.findChildren(QWidget)]
        words += [part.text() for part in (*made.findChildren(QLabel), *made.findChildren(QAbstractButton))]
        assert any(words)
        assert not [text for text in words if "diagnos" in text.lower()]
