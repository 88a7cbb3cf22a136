"""The worklist and the series of a folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_cpam_stroke.core import CTVolume, NoticeCode
from napari_cpam_stroke.core.notice import warning
from napari_cpam_stroke.dicom import write_nifti
from napari_cpam_stroke.widgets.docks.case_table import NAMES
from napari_cpam_stroke.widgets.docks.cases import CasesDock
from napari_cpam_stroke.widgets.reading.imported_masks import NO_CASE


@pytest.fixture
def dock(session: Any, qtbot: Any) -> CasesDock:
    made = CasesDock(session)
    qtbot.addWidget(made)
    return made


def variant(volume: CTVolume, name: str) -> CTVolume:
    """Another case: the same head a little brighter."""
    hu = volume.hu + np.int16(sum(name.encode()) % 50)
    return CTVolume(hu=hu, geometry=volume.geometry, case_id=name, patient_id=name)


@pytest.fixture
def three(session: Any, dock: CasesDock, phantom_volume: CTVolume) -> list[str]:
    names = ["alpha", "beta", "gamma"]
    store = session.store.open()
    for name in names:
        store.add_case(variant(phantom_volume, name), source="reader")
    model = SimpleNamespace(name="default", version="1.0", sha256="0" * 64)
    store.record_prediction("beta", {"ischemia": 0.95, "hemorrhage": 0.1}, model)
    store.record_prediction("gamma", {"ischemia": 0.5, "hemorrhage": 0.1}, model)
    session.worklist.refresh(order="id")
    session.wait()
    return names


def cell(dock: CasesDock, row: int, column: str) -> str:
    model = dock.list.table.model()
    return str(model.index(row, NAMES.index(column)).data())


def listed(dock: CasesDock) -> list[str]:
    return [cell(dock, row, "id") for row in range(dock.list.table.model().rowCount())]


def test_the_worklist_marks_what_is_urgent(dock: CasesDock, three: list[str]) -> None:
    assert listed(dock) == ["\u2022 alpha", "! beta", "! gamma"]
    assert cell(dock, 1, "suspicion") == "0.95 isc."


@pytest.mark.parametrize(
    ("order", "first"), [("suspicion", "! beta"), ("uncertainty", "! gamma"), ("teaches", "! gamma")]
)
def test_order(session: Any, dock: CasesDock, three: list[str], order: str, first: str) -> None:
    dock.list.table.sort(order)
    session.wait()
    assert listed(dock)[0] == first


def test_search_and_status(session: Any, dock: CasesDock, three: list[str], qtbot: Any) -> None:
    dock.list.search.setText("gamm")
    qtbot.waitUntil(lambda: listed(dock) == ["! gamma"], timeout=5000)
    dock.list.search.clear()
    dock.list.status.setCurrentText("new")
    qtbot.waitUntil(lambda: listed(dock) == ["\u2022 alpha"], timeout=5000)


def test_assigned_cases_are_mine(session: Any, dock: CasesDock, three: list[str], qtbot: Any) -> None:
    session.settings.change(author="Dr. Test")
    session.open_case("beta", wait=True)
    dock.list.take.click()
    session.wait()
    dock.list.mine.click()
    qtbot.waitUntil(lambda: [name.split()[-1] for name in listed(dock)] == ["beta"], timeout=5000)


def test_accepting_opens_the_next_unread_case(session: Any, dock: CasesDock, three: list[str]) -> None:
    session.open_case("alpha", wait=True)
    assert session.records.finish("accepted")
    session.wait()
    assert session.case_id == "beta"
    assert "\u2713 alpha" in listed(dock)
    session.worklist.open_next(-1)
    session.wait()
    assert session.case_id == "beta"
    assert "No further unread case" in dock.message.text()


def test_every_rejected_file_has_its_reason(
    session: Any, dock: CasesDock, stroke_series_dir: Path, tmp_path: Path
) -> None:
    for file in list(stroke_series_dir.iterdir())[:5]:
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "notes.txt").write_text("hello")
    session.open_path(tmp_path, wait=True)
    texts = [dock.series.item(i).text() for i in range(dock.series.count())]
    assert any(text.startswith("\u2715 notes.txt: ") for text in texts)


def test_a_refused_series_says_why(session: Any, dock: CasesDock) -> None:
    entry = SimpleNamespace(verdict="refused", reasons=("It is a scout.",))
    session.opener.open_entry(entry)
    assert dock.message.text() == "This series cannot be read: It is a scout."
    assert session.review is None


def test_the_model_stays_off_where_the_series_does_not_allow_it(
    case: Any, dock: CasesDock, predictor: Any, qtbot: Any
) -> None:
    case.entry = SimpleNamespace(verdict="view_only", reasons=("It shows bone only.",), ai_on_request=False)
    case.models.run(wait=True)
    assert case.models.last_failure == "The AI stays off for this series: It shows bone only."
    case.entry = SimpleNamespace(verdict="view_only", reasons=("Contrast agent.",), ai_on_request=True)
    case.ask = lambda _question, _answers: "run"
    case.models.run(wait=True)
    assert case.models.prediction is not None


def test_the_model_asks_first_where_values_may_be_no_hounsfield_units(
    session: Any, dock: CasesDock, predictor: Any, phantom_volume: CTVolume
) -> None:
    odd = warning(NoticeCode.VALUES_UNLIKE_A_HEAD, "Odd values.")
    session.show(replace(phantom_volume, notices=(odd,)))
    session.ask = lambda _question, _answers: "cancel"
    session.models.run(wait=True)
    assert session.models.last_failure == "The AI stays off for this series: Odd values."
    session.ask = lambda question, _answers: "run" if "Odd values." in question else "cancel"
    session.models.run(wait=True)
    assert session.models.prediction is not None


def test_a_store_that_cannot_be_opened_is_one_sentence(
    session: Any, dock: CasesDock, phantom_volume: CTVolume, tmp_path: Path
) -> None:
    (tmp_path / "store.db").write_text("no database at all, but long enough to be taken for one" * 40)
    session.store.close()
    session.settings.change(store=str(tmp_path))
    session.show(phantom_volume)
    session.wait()
    session.layers.reading.paint((12, 60, 60), 1)
    assert not session.records.save(wait=True)
    assert session.review.reading.any()
    assert len(session.records.state) > 10


def test_a_blinded_reader_does_not_see_the_suspicion(session: Any, dock: CasesDock, three: list[str]) -> None:
    session.settings.change(blinded=True)
    session.worklist.refresh()
    session.wait()
    assert listed(dock) == ["\u2022 alpha", "? beta", "? gamma"]
    assert cell(dock, 1, "suspicion") == cell(dock, 1, "teaches") == "hidden"
    tip = dock.list.table.model().index(1, NAMES.index("teaches")).data(Qt.ItemDataRole.ToolTipRole)
    assert "ischemia" not in tip
    session.open_case("beta", wait=True)
    session.records.finish("accepted", go_on=False)
    session.wait()
    assert cell(dock, 1, "suspicion") == "0.95 isc."


@pytest.mark.parametrize("order", ["suspicion", "uncertainty", "teaches"])
def test_the_order_tells_a_blinded_reader_nothing(session: Any, dock: CasesDock, three: list[str], order: str) -> None:
    dock.list.table.sort(order)
    session.wait()
    session.models.blind(on=True)
    session.wait()
    assert listed(dock) == ["? gamma", "? beta", "\u2022 alpha"]
    assert "first read is blinded" in dock.message.text()
    session.models.blind(on=False)
    session.wait()
    assert listed(dock)[2] == "\u2022 alpha"
    assert listed(dock)[0] == ("! beta" if order == "suspicion" else "! gamma")


def test_a_click_opens_a_case_and_a_key_the_folder(
    session: Any, dock: CasesDock, three: list[str], stroke_series_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = dock.list.table
    table.activated.emit(table.model().index(2, 0))
    session.wait()
    assert session.case_id == "gamma"
    monkeypatch.setattr(
        "napari_cpam_stroke.widgets.docks.cases.QFileDialog.getExistingDirectory", lambda *_: str(stroke_series_dir)
    )
    session.folder_wanted.emit()
    session.wait()
    assert session.entry is not None
    assert session.settings.values.last_folder == str(stroke_series_dir.parent)


def test_the_list_of_series_says_why_one_is_not_ready(
    session: Any, dock: CasesDock, stroke_series_dir: Path, tmp_path: Path
) -> None:
    file = next(stroke_series_dir.iterdir())
    (tmp_path / file.name).write_bytes(file.read_bytes())
    session.open_path(tmp_path, wait=True)
    item = dock.series.item(0)
    assert item.text().startswith("\u25cb ")
    assert "single slice" in item.text()
    assert item.toolTip().startswith("view only\n")


def test_opening_shows_how_far_it_is_and_cancel_ends_it(
    session: Any, dock: CasesDock, stroke_series_dir: Path, monkeypatch: pytest.MonkeyPatch, qtbot: Any
) -> None:
    release = Event()

    def scan(_: list[Path], *, progress: Any, cancelled: Any) -> Any:
        progress(3, 10)
        release.wait(20)

    monkeypatch.setattr("napari_cpam_stroke.dicom.scan_paths", scan)
    dock.show()
    session.open_path(stroke_series_dir)
    qtbot.waitUntil(lambda: (dock.progress.value(), dock.progress.maximum()) == (3, 10))
    qtbot.mouseClick(dock.cancel, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(dock.progress.isHidden, timeout=1000)
    release.set()
    session.wait()
    assert session.review is None


def test_cancel_is_offered_only_where_it_stops_something(session: Any, dock: CasesDock) -> None:
    release = Event()
    dock.show()
    session.start("Exporting", lambda *_: release.wait(20), lambda _: None)
    assert dock.progress.isVisible()
    assert dock.cancel.isHidden()
    release.set()
    session.wait()


def test_a_mask_chosen_as_a_file_is_offered_for_the_open_case(
    room: Any, phantom_volume: CTVolume, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mask = np.zeros(phantom_volume.shape, np.uint8)
    mask[5, 40:50, 40:50] = 2
    path = Path(write_nifti(tmp_path / "mask.nii.gz", mask, phantom_volume)[0])
    monkeypatch.setattr(
        "napari_cpam_stroke.widgets.docks.cases.QFileDialog.getOpenFileName", lambda *_: (str(path), "")
    )
    cases = room.dock("Cases")
    room.click(cases.open_file)
    assert cases.message.text() == NO_CASE
    room.session.show(phantom_volume)
    room.session.wait()
    room.click(cases.open_file)
    QTest.qWait(50)
    form = room.viewer.window.dock_widgets["History and export"]._mask_form
    assert form.native.isVisible()
    assert form.mask.value == path
    form.call_button.native.click()
    room.session.wait()
    np.testing.assert_array_equal(room.session.review.reading, mask)
