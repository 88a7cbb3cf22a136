"""The worklist: its columns, its order, and its keys."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from qtpy.QtCore import QPoint, Qt
from qtpy.QtGui import QContextMenuEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_cpam_stroke.core import CTVolume

from .reader import LEFT, NONE, SHIFT, Reader
from .sentences import step

NAMES = ("alpha", "beta", "gamma")
DAY_MINUTES = 24 * 60


def shown(table: Any) -> list[str]:
    """The heads of the columns that are to be seen."""
    heads = range(table.model().columnCount())
    return [table.model().headerData(at, Qt.Orientation.Horizontal) for at in heads if not table.isColumnHidden(at)]


def column(table: Any, head: str) -> int:
    heads = range(table.model().columnCount())
    return next(at for at in heads if table.model().headerData(at, Qt.Orientation.Horizontal) == head)


def cells(table: Any, head: str) -> list[str]:
    at = column(table, head)
    return [str(table.model().index(row, at).data()) for row in range(table.model().rowCount())]


def names(table: Any) -> list[str]:
    return [words.split(" ", 1)[1] for words in cells(table, "case")]


def click_head(reader: Reader, table: Any, head: str) -> None:
    bar = table.horizontalHeader()
    at = QPoint(bar.sectionViewportPosition(column(table, head)) + 8, bar.height() // 2)
    QTest.mouseClick(bar.viewport(), LEFT, NONE, at)
    reader.settle()


def key(reader: Reader, *keys: Any) -> None:
    for each in keys:
        reader.key(each)
    reader.settle()


def test_the_worklist(
    reader: Reader, predictor: Any, small_case: Callable[[str], CTVolume], plain_series: Path
) -> None:
    for name in NAMES:
        reader.session.store.open().add_case(small_case(name), source="reader")
    reader.session.worklist.refresh(order="id")
    reader.settle()
    table = reader.dock("Cases").list.table
    with step("*Cases* lists every case of the store."):
        assert sorted(names(table)) == list(NAMES)
    with step("A click on a column's head puts the list in that order, another one turns it round;"):
        click_head(reader, table, "date")
        click_head(reader, table, "case")
        there = names(table)
        click_head(reader, table, "case")
        assert names(table) == there[::-1]
        assert sorted(there) in (there, there[::-1])
    with step(
        "a right click on the heads chooses the columns, which are remembered; otherwise there are as many as fit."
    ):
        bar = table.horizontalHeader()
        fitting = shown(table)
        for entry, chosen in (("unsure", True), ("As many as fit", False)):
            at = QPoint(10, 5)
            event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, bar.viewport().mapToGlobal(at))
            QApplication.sendEvent(bar.viewport(), event)
            reader.pick(entry)
            assert bool(reader.session.settings.values.worklist_columns) is chosen
            assert (shown(table) == fitting) is not chosen
    with step("*date* is the day the series came into the store (today, the time), which keeps no date of the study;"):
        now = datetime.now(UTC).astimezone()
        times = [datetime.strptime(words, "%H:%M").time() for words in cells(table, "date")]  # noqa: DTZ007 - local
        ago = [(now.hour - time.hour) * 60 + now.minute - time.minute for time in times]
        assert all(minutes % DAY_MINUTES < 10 for minutes in ago)
    with step("The open case is in bold type."):
        reader.open_listed("beta")
        reader.settle()
        bold = [
            row
            for row in range(3)
            if (font := table.model().index(row, 0).data(Qt.ItemDataRole.FontRole)) and font.bold()
        ]
        assert [names(table)[row] for row in bold] == ["beta"]
    with step("*reader* and *version* name the newest version;"):
        reader.press(Qt.Key.Key_F8)
        reader.settle()
        at = names(table).index("beta")
        assert (cells(table, "reader")[at], cells(table, "version")[at]) == ("reader", "1")
    with step(
        "*suspicion* is the class that the last run of a model suspects most, on the scale of *Findings* (50 is the "
        "model's own threshold; *0.95* with a point is a probability whose threshold the store does not know: run "
        "the model again), and *unsure* how near that run is to undecided."
    ):
        model = SimpleNamespace(name="default", version="1.0", sha256="0" * 64)
        store = reader.session.store.open()
        store.record_prediction("beta", {"ischemia": 0.95, "hemorrhage": 0.1}, model)
        reader.session.worklist.refresh()
        reader.settle()
        assert cells(table, "suspicion")[at] == "0.95 isc."
        reader.press(Qt.Key.Key_R)
        reader.settle()
        assert cells(table, "suspicion")[at] == "90 isc."
        assert reader.dock("Findings").words["ischemia"].text().startswith("90/100")
        assert cells(table, "unsure")[at] == "0.20"
    with step("These and *teaches* are hidden for unread cases while the first read is blinded."):
        hidden = names(table).index("alpha")
        store.record_prediction("alpha", {"ischemia": 0.95, "hemorrhage": 0.1}, model)
        reader.tick(reader.dock("AI models").blinded)
        reader.settle()
        assert [cells(table, head)[hidden] for head in ("suspicion", "unsure", "teaches")] == ["hidden"] * 3
        reader.tick(reader.dock("AI models").blinded)
    with step(
        "By keys: Shift+L goes to the search line, which looks for words of name, source, series, reader and "
        "comments; down leads into the list. There the arrows, Page and Home, End go, left and right change the "
        "order, the space bar turns it round, Return opens the case, Esc leaves for the picture."
    ):
        reader.press(Qt.Key.Key_L, SHIFT)
        reader.type("a")
        QTest.qWait(150)
        reader.settle()
        assert len(names(table)) == 3
        reader.type("lph")
        QTest.qWait(150)
        reader.settle()
        assert names(table) == ["alpha"]
        for _ in range(4):
            reader.key(Qt.Key.Key_Backspace)
        QTest.qWait(150)
        key(reader, Qt.Key.Key_Down)
        assert reader.focused() is table
        key(reader, Qt.Key.Key_Home)
        assert table.currentIndex().row() == 0
        key(reader, Qt.Key.Key_Down)
        assert table.currentIndex().row() == 1
        key(reader, Qt.Key.Key_End)
        assert table.currentIndex().row() == 2
        before = names(table)
        key(reader, Qt.Key.Key_Space)
        assert names(table) == before[::-1]
        order = reader.session.worklist.order[0]
        key(reader, Qt.Key.Key_Right)
        assert reader.session.worklist.order[0] != order
        key(reader, Qt.Key.Key_Home, Qt.Key.Key_Return)
        assert reader.session.view.case_title == f"Case {names(table)[0]}"
        reader.click(table)
        key(reader, Qt.Key.Key_Escape)
        assert reader.focused() is reader.canvas
    with step("*series* is slice thickness and kernel;"):
        reader.drop(plain_series)
        assert any(" mm " in words for words in cells(table, "series"))
