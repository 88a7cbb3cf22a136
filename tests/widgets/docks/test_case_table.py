"""The worklist of a room by mouse and keys, with more cases than are fetched at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from sqlalchemy import select

from napari_cpam_stroke.annotations.schema import CaseRow
from napari_cpam_stroke.core import CTVolume
from napari_cpam_stroke.widgets.docks.case_table import NAMES
from napari_cpam_stroke.widgets.reading.case_list import PAGE

MANY = 250


def fill(store: Any, first: CTVolume) -> None:
    """Make a store of many cases out of one; the higher the number, the more slices and the less suspicion."""
    store.add_case(first, source="reader")
    with store._database.writing() as session:
        row = session.execute(select(*CaseRow.__table__.columns)).mappings().one()
        for number in range(1, MANY):
            name = f"n{number:03d}"
            session.add(
                CaseRow(
                    **dict(row)
                    | {
                        "case_id": name,
                        "content_hash": name,
                        "search_text": name,
                        "slices": 6 + number,
                        "suspicion": 1 - number / MANY,
                        "status": "predicted" if number % 2 else "accepted",
                    }
                )
            )
    store.listing.bring_up_to_date()


@pytest.fixture
def reader(room: Any, small_case: Callable[[str], CTVolume]) -> Any:
    """Hands in a room whose worklist stands by name."""
    fill(room.session.store.open(), small_case("n000"))
    room.session.worklist.refresh(order="id")
    settle(room)
    return room


def settle(room: Any) -> None:
    QTest.qWait(80)
    room.session.wait()
    QTest.qWait(20)
    room.session.wait()


def table_of(room: Any) -> Any:
    return room.dock("Cases").list.table


def text(room: Any, row: int, column: str = "id") -> str:
    return str(table_of(room).model().index(row, NAMES.index(column)).data())


def name(room: Any, row: int) -> str:
    return text(room, row).split()[-1]


def current(room: Any) -> str:
    return name(room, table_of(room).currentIndex().row())


def click_head(room: Any, column: str) -> None:
    head = table_of(room).horizontalHeader()
    place = NAMES.index(column)
    at = QPoint(head.sectionViewportPosition(place) + head.sectionSize(place) // 3, head.height() // 2)
    QTest.mouseClick(head.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)
    settle(room)


def test_every_case_is_there_and_only_what_is_looked_at_is_fetched(reader: Any) -> None:
    table, worklist = table_of(reader), reader.session.worklist
    assert table.model().rowCount() == MANY
    assert reader.dock("Cases").list.count.text() == f"{MANY} cases"
    assert len(worklist.cases) == PAGE
    reader.click(table, QPoint(20, 5))
    reader.key(Qt.Key.Key_End)
    settle(reader)
    assert current(reader) == name(reader, MANY - 1) == f"n{MANY - 1:03d}"
    assert len(worklist.cases) <= 2 * PAGE, "the page between is nobody's wish"


def test_a_click_on_a_head_sorts_and_another_turns_it_round(reader: Any) -> None:
    reader.session.settings.change(worklist_columns=("id", "slices", "suspicion"))
    table_of(reader).fit()
    click_head(reader, "slices")
    assert (name(reader, 0), text(reader, 0, "slices")) == (f"n{MANY - 1:03d}", str(MANY + 5))
    click_head(reader, "slices")
    assert (name(reader, 0), text(reader, 0, "slices")) == ("n000", "6")
    click_head(reader, "suspicion")
    assert name(reader, 0) == "n001"
    assert table_of(reader).horizontalHeader().sortIndicatorSection() == NAMES.index("suspicion")


def test_keys_alone_sort_search_go_and_open(reader: Any) -> None:
    session, table = reader.session, table_of(reader)
    session.settings.change(worklist_columns=("id", "slices"))
    table.fit()
    reader.canvas.setFocus()
    reader.key(Qt.Key.Key_L, Qt.KeyboardModifier.ShiftModifier)
    assert reader.focused() is reader.dock("Cases").list.search
    reader.type("n0")
    settle(reader)
    assert table.model().rowCount() == 100
    reader.key(Qt.Key.Key_Down)
    assert reader.focused() is table
    reader.key(Qt.Key.Key_Down)
    assert current(reader) == "n001"
    reader.key(Qt.Key.Key_Right)
    settle(reader)
    assert (session.worklist.order, name(reader, 0)) == (("slices", True), "n099")
    assert current(reader) == "n001", "the case stays the current one in another order"
    reader.key(Qt.Key.Key_Space)
    settle(reader)
    assert (session.worklist.order, name(reader, 0)) == (("slices", False), "n000")
    reader.key(Qt.Key.Key_Left)
    settle(reader)
    reader.key(Qt.Key.Key_Home)
    reader.key(Qt.Key.Key_Return)
    settle(reader)
    assert session.case_id == "n000"
    assert reader.focused() is reader.canvas


def test_a_status_leaves_the_others_out_and_a_save_leaves_the_place_alone(reader: Any) -> None:
    table, session = table_of(reader), reader.session
    reader.click(table, table.visualRect(table.model().index(3, 0)).center())
    bar = table.verticalScrollBar()
    bar.setValue(bar.maximum() // 2)
    settle(reader)
    before = bar.value(), name(reader, table.rowAt(5))
    session.worklist.refresh()
    settle(reader)
    assert (bar.value(), name(reader, table.rowAt(5))) == before
    assert (session.worklist.marked, table.currentIndex().row()) == ("n003", 3)
    reader.dock("Cases").list.status.setCurrentText("accepted")
    settle(reader)
    assert table.model().rowCount() == (MANY - 1) // 2
    assert not table.currentIndex().isValid(), "n003 is not among them"


def test_the_case_opened_by_a_key_is_found_and_marked(reader: Any) -> None:
    session = reader.session
    session.worklist.refresh(order="slices")
    settle(reader)
    session.open_case("n000", wait=True)
    settle(reader)
    table = table_of(reader)
    assert current(reader) == "n000"
    assert table.currentIndex().row() == MANY - 1
    assert table.model().data(table.currentIndex(), Qt.ItemDataRole.FontRole).bold()
    assert table.visualRect(table.currentIndex()).isValid(), "it is on the screen"


def test_columns_give_way_and_a_choice_is_remembered(reader: Any) -> None:
    table = table_of(reader)
    narrow = table.shown_columns()
    assert narrow[0] == "id"
    assert "suspicion" in narrow
    assert len(narrow) < len(NAMES)
    assert sum(table.columnWidth(NAMES.index(each)) for each in narrow) <= table.viewport().width() + 1
    entries = {entry.text(): entry for entry in table.columns_menu().actions()}
    assert not entries["case"].isEnabled()
    entries["version"].trigger()
    assert "version" in table.shown_columns()
    assert "version" in type(reader.session.settings)(reader.session.settings.path).values.worklist_columns
    {entry.text(): entry for entry in table.columns_menu().actions()}["As many as fit"].trigger()
    assert table.shown_columns() == narrow
