"""What to read next, by mouse and by keys in a window, with the reason in words; the suspicion on the model's scale."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_cpam_stroke.core import CTVolume
from napari_cpam_stroke.core.suspicion_scale import suspicion
from napari_cpam_stroke.widgets.docks.case_search import CaseSearch
from napari_cpam_stroke.widgets.docks.case_table import NAMES, TEACHES_MOST, CaseTable

MODEL = SimpleNamespace(name="default", version="1.0", sha256="0" * 64)
THRESHOLDS = {"ischemia": 0.03, "hemorrhage": 0.5}
FOUND = {"sure": 0.9, "doubt": 0.028, "none": 0.0001, "done": 0.03}
"""Probability of ischemia by case; `later` is without a run."""


def settle(room: Any) -> None:
    QTest.qWait(80)
    room.session.wait()
    QTest.qWait(20)
    room.session.wait()


@pytest.fixture
def reader(room: Any, small_case: Callable[[str], CTVolume]) -> Any:
    """Hands in a room whose worklist stands by name."""
    store = room.session.store.open()
    for name in (*FOUND, "later"):
        store.add_case(small_case(name), source="reader")
    for name, probability in FOUND.items():
        found = {"ischemia": probability, "hemorrhage": 0.001}
        store.record_prediction(name, found, MODEL, thresholds=THRESHOLDS)
    store.set_status("done", "accepted")
    room.session.worklist.refresh(order="id")
    settle(room)
    return room


def search_of(room: Any) -> CaseSearch:
    return room.dock("Cases").list


def table_of(room: Any) -> CaseTable:
    return search_of(room).table


def text(room: Any, row: int, column: str = "id", role: int = Qt.ItemDataRole.DisplayRole) -> str:
    return str(table_of(room).model().index(row, NAMES.index(column)).data(role))


def names(room: Any) -> list[str]:
    return [text(room, row).split()[-1] for row in range(table_of(room).model().rowCount())]


def click_head(room: Any, column: str) -> None:
    head = table_of(room).horizontalHeader()
    place = NAMES.index(column)
    at = QPoint(head.sectionViewportPosition(place) + head.sectionSize(place) // 3, head.height() // 2)
    QTest.mouseClick(head.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)
    settle(room)


def choose_what_teaches_most(room: Any) -> None:
    """Choose it in the menu of the heads, by mouse."""
    head = table_of(room).horizontalHeader()
    head.customContextMenuRequested.emit(QPoint(20, 5))
    menu = QApplication.activePopupWidget()
    (entry,) = [each for each in menu.actions() if each.text() == TEACHES_MOST]
    QTest.mouseClick(menu, Qt.MouseButton.LeftButton, pos=menu.actionGeometry(entry).center())
    settle(room)


def test_the_suspicion_is_on_the_scale_of_findings(reader: Any) -> None:
    row = names(reader).index("sure")
    assert text(reader, row, "suspicion") == f"{suspicion(0.9, 0.03):.0f} isc."
    assert text(reader, row).startswith("! ")
    doubt = names(reader).index("doubt")
    assert text(reader, doubt, "suspicion") == "48 isc."
    assert text(reader, doubt).startswith("? "), "below the model's threshold nothing is urgent"
    assert text(reader, names(reader).index("later"), "suspicion") == "-"


def test_a_probability_whose_threshold_nobody_kept_says_so(reader: Any) -> None:
    reader.session.store.open().record_prediction("later", {"ischemia": 0.95, "hemorrhage": 0.1}, MODEL)
    reader.session.worklist.refresh()
    settle(reader)
    row = names(reader).index("later")
    assert text(reader, row, "suspicion") == "0.95 isc."
    assert "does not know this model's threshold" in text(reader, row, "suspicion", Qt.ItemDataRole.ToolTipRole)
    assert text(reader, row).startswith("! ")


def test_a_click_puts_first_what_teaches_most_and_the_reason_is_said(reader: Any) -> None:
    search, table = search_of(reader), table_of(reader)
    assert not search.why.isVisible()
    choose_what_teaches_most(reader)
    assert "teaches" in table.shown_columns(), "there is room for the column once the list stands by it"
    assert names(reader)[0] == "doubt"
    assert names(reader)[-2:] == ["later", "done"]
    assert text(reader, 0, "teaches") == "0.96 in doubt: ischemia 48 of 100, its threshold at 50"
    assert text(reader, 3, "teaches") == "- no model was run on it"
    assert text(reader, 4, "teaches") == "- accepted already"
    assert search.why.isVisible()
    assert search.why.text() == "doubt: in doubt: ischemia 48 of 100, its threshold at 50"
    reader.click(table, table.visualRect(table.model().index(4, 0)).center())
    assert search.why.text() == "done: accepted already"
    click_head(reader, "teaches")
    assert names(reader)[0] == "done"
    click_head(reader, "id")
    assert not search.why.isVisible()
    assert "suspicion" in table.shown_columns()


def test_keys_alone_reach_what_teaches_most(reader: Any) -> None:
    table, worklist = table_of(reader), reader.session.worklist
    reader.canvas.setFocus()
    reader.key(Qt.Key.Key_L, Qt.KeyboardModifier.ShiftModifier)
    reader.key(Qt.Key.Key_Down)
    assert reader.focused() is table
    for _ in range(len(NAMES)):
        if worklist.order[0] == "teaches":
            break
        reader.key(Qt.Key.Key_Right)
        settle(reader)
    assert worklist.order == ("teaches", True)
    reader.key(Qt.Key.Key_Home)
    reader.key(Qt.Key.Key_Return)
    settle(reader)
    assert reader.session.case_id == "doubt"
    reader.key(Qt.Key.Key_L, Qt.KeyboardModifier.ShiftModifier)
    reader.key(Qt.Key.Key_Down)
    reader.key(Qt.Key.Key_Space)
    settle(reader)
    assert (worklist.order, names(reader)[0]) == (("teaches", False), "done")


def test_in_that_order_the_reasons_take_the_room_that_is_left(reader: Any) -> None:
    table = table_of(reader)
    reader.session.settings.change(worklist_columns=("id", "teaches"))
    table.fit()
    before = table.columnWidth(NAMES.index("teaches"))
    click_head(reader, "teaches")
    assert table.columnWidth(NAMES.index("teaches")) > before
    assert sum(table.columnWidth(NAMES.index(name)) for name in table.shown_columns()) <= table.viewport().width() + 1
    click_head(reader, "id")
    assert table.columnWidth(NAMES.index("teaches")) == before


def test_what_is_read_meanwhile_is_weighed_when_the_list_is_asked_again(
    reader: Any, small_case: Callable[[str], CTVolume]
) -> None:
    store = reader.session.store.open()
    choose_what_teaches_most(reader)
    for number in range(5):
        store.add_case(small_case(f"read{number:03d}"[::-1]), source="elsewhere", split="train")
        store.set_status(f"read{number:03d}"[::-1], "accepted")
    reader.session.worklist.refresh()
    settle(reader)
    reader.session.wait()
    assert text(reader, 0, "teaches", Qt.ItemDataRole.ToolTipRole).splitlines()[1:3] == [
        "in doubt: ischemia 48 of 100, its threshold at 50",
        "fewer than 5 from source reader so far",
    ]


def test_a_case_in_the_window_is_told_apart_once_it_is_accepted(reader: Any) -> None:
    session = reader.session
    choose_what_teaches_most(reader)
    session.open_case("doubt", wait=True)
    settle(reader)
    session.records.finish("accepted", go_on=False)
    settle(reader)
    assert names(reader)[0] != "doubt"
    row = names(reader).index("doubt")
    assert text(reader, row, "teaches") == "- accepted already"
