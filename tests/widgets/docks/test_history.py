"""Versions: listed, compared, brought back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_cpam_stroke.widgets.docks.export_form import CHOOSE_FOLDER
from napari_cpam_stroke.widgets.docks.history import HistoryDock
from napari_cpam_stroke.widgets.viewer.comparisons import DIFFERENCE


@pytest.fixture
def dock(case: Any, qtbot: Any) -> HistoryDock:
    made = HistoryDock(case)
    qtbot.addWidget(made)
    case.layers.reading.paint((12, 60, 60), 1)
    case.records.save(wait=True)
    case.layers.reading.paint((12, 90, 60), 2)
    case.records.save(wait=True)
    case.wait()
    return made


def test_every_version_is_listed_newest_first(case: Any, dock: HistoryDock) -> None:
    rows = [dock.versions.topLevelItem(i) for i in range(dock.versions.topLevelItemCount())]
    assert [row.text(0) for row in rows] == ["2", "1"]
    assert rows[0].text(2) == "reader"
    assert "MANUAL" in rows[0].toolTip(0)


def test_an_older_version_comes_back_as_an_undoable_edit(case: Any, dock: HistoryDock) -> None:
    before = case.review.reading.copy()
    dock.versions.setCurrentItem(dock.versions.topLevelItem(1))
    dock.restore.click()
    case.wait()
    assert dock.message.text().startswith("Version 1 is back")
    assert not (case.review.reading == 2).any()
    assert case.review.dirty
    case.layers.reading.undo()
    case.flush()
    np.testing.assert_array_equal(case.review.reading, before)
    assert not case.review.dirty


def test_the_difference_to_a_version_is_a_layer(case: Any, dock: HistoryDock) -> None:
    dock.versions.setCurrentItem(dock.versions.topLevelItem(1))
    dock.compare.click()
    case.wait()
    shown = case.layers.turned(case.layers.extra[DIFFERENCE].data)
    np.testing.assert_array_equal(shown == 1, case.review.reading == 2)
    assert case.viewer.layers.selection.active is case.layers.reading


def test_the_readers_name_goes_with_the_next_version(case: Any, dock: HistoryDock) -> None:
    dock.author.setText("Dr. Test")
    dock.author.editingFinished.emit()
    case.layers.reading.paint((10, 60, 60), 1)
    case.records.save(wait=True)
    assert case.review.revision.author == "Dr. Test"


def test_two_readers_at_once_keep_both(case: Any, dock: HistoryDock) -> None:
    other = case.store.open()
    annotation = other.read_annotation(case.review.revision.id)
    other.save(case.case_id, annotation, author="other", parent=case.review.revision.id)
    asked: list[str] = []

    def answer(question: str, answers: tuple[str, ...]) -> str:
        asked.append(question)
        return answers[0]

    case.ask = answer
    case.layers.reading.paint((10, 60, 60), 1)
    case.records.save(wait=True)
    case.wait()
    qt_turn(case)
    assert "other" in asked[0]
    assert case.review.revision.branch
    assert not case.review.dirty


def qt_turn(case: Any) -> None:
    """Let what was put off to the next turn of the event loop happen."""
    from qtpy.QtWidgets import QApplication

    QApplication.processEvents()
    case.wait()


def test_the_export_form_writes_what_is_asked_for(case: Any, dock: HistoryDock, tmp_path: Path) -> None:
    case.export_wanted.emit()
    form = dock._export_form
    assert form.native.isVisible()
    form.folder.value = tmp_path
    form.call_button.native.click()
    case.wait()
    assert not form.native.isVisible()
    assert (tmp_path / case.review.volume.case_id / "lesions.csv").is_file()
    assert case.settings.values.last_folder == str(tmp_path)


def test_the_export_form_asks_for_a_folder(case: Any, dock: HistoryDock) -> None:
    dock.export.click()
    dock._export_form.call_button.native.click()
    assert dock.message.text() == CHOOSE_FOLDER
    assert dock._export_form.native.isVisible()
    dock._export_form.native.close()


@pytest.mark.parametrize("wish", ["resampled", "keep_patient"])
def test_wishes_of_the_form_reach_the_export(
    case: Any, dock: HistoryDock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wish: str
) -> None:
    wished: dict[str, object] = {}
    monkeypatch.setattr(case.records, "export", lambda _folder, **how: wished.update(how))
    dock._export_form.folder.value = tmp_path
    dock._export_form[wish].native.click()
    dock._export_form.call_button.native.click()
    assert wished == {"resampled": False, "keep_patient": False} | {wish: True}
