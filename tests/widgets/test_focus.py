"""Keys go back to the picture: from text fields, numbers, choices and lists, in a real window; and the store field."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QLineEdit, QSpinBox

from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.widgets.parts.key_return import FIELDS
from napari_cpam_stroke.widgets.reading.room_store import MAKE, STAY
from napari_cpam_stroke.widgets.room import DOCKS

TITLES = [title for _, title, _ in DOCKS.values()]


def fields(dock: Any, kind: type) -> list[Any]:
    """The fields of a dock that a hand reaches; the line inside a number box is the box's own."""
    found = [field for field in dock.findChildren(kind) if field.isVisible() and field.isEnabled()]
    return [field for field in found if not isinstance(field.parent(), QSpinBox)]


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Escape])
def test_return_and_escape_leave_every_field_for_the_picture(hands: Any, key: Any) -> None:
    seen = set()
    for title in TITLES:
        dock = hands.dock(title)
        QTest.qWait(30)
        for kind in FIELDS:
            for field in fields(dock, kind):
                field.setFocus()
                QTest.qWait(1)
                if QApplication.focusWidget() is not field:
                    continue
                hands.key(key)
                QTest.qWait(1)
                assert QApplication.focusWidget() is hands.canvas, (title, field, field.toolTip())
                seen.add(kind)
    assert {QLineEdit, *FIELDS[1:3]} <= seen


def test_letters_after_a_field_are_keys_of_the_room_again(hands: Any) -> None:
    comment = hands.dock("Correct and save").comment
    hands.click(comment)
    hands.type("dj")
    hands.key(Qt.Key.Key_Return)
    hands.type("h")
    assert hands.session.tools.label == 2
    assert comment.text() == "dj"
    size = hands.dock("Correct and save").brush.size_box
    hands.click(size)
    size.selectAll()
    hands.type("7")
    hands.key(Qt.Key.Key_Return)
    hands.type("i")
    assert hands.session.layers.reading.brush_size == 7
    assert hands.session.tools.label == 1


def test_a_letter_in_a_list_is_a_key_of_the_room(hands: Any) -> None:
    for at in ((-60, 0), (40, 10)):
        hands.press(Qt.Key.Key_I)
        hands.drag(Qt.MouseButton.LeftButton, at, (at[0] + 10, at[1]))
    QTest.qWait(400)
    table = hands.dock("Findings").table
    hands.click(table, table.visualItemRect(table.item(0, 0)).center())
    assert QApplication.focusWidget() is table
    hands.type("h")
    assert hands.session.tools.label == 2
    hands.click(hands.dock("Cases").list.table)
    hands.type("i")
    assert hands.session.tools.label == 1


def type_store(hands: Any, text: str, key: Any) -> None:
    store = hands.dock("History and export").store
    hands.click(store)
    store.selectAll()
    hands.type(text)
    hands.key(key)


def cases_shown(hands: Any) -> int:
    return int(hands.dock("Cases").list.table.model().rowCount())


def test_a_new_store_is_made_only_when_asked_for(hands: Any, tmp_path: Path) -> None:
    session, wanted = hands.session, tmp_path / "x"
    asked: list[str] = []

    def stay(question: str, answers: tuple[str, ...]) -> str:
        asked.append(question)
        assert answers == (MAKE, STAY)
        return STAY

    session.ask = stay
    type_store(hands, str(wanted), Qt.Key.Key_Return)
    hands.type("ij")
    session.wait()
    assert len(asked) == 1
    assert str(wanted) in asked[0]
    assert list(tmp_path.iterdir()) == []
    assert hands.dock("History and export").store.text() == session.settings.values.store == ""
    assert cases_shown(hands) == 1
    session.ask = lambda _question, answers: MAKE
    type_store(hands, str(wanted), Qt.Key.Key_Return)
    assert cases_shown(hands) == 0, "the cases of the store before are gone at once"
    session.wait()
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
    assert session.review is None, "a case of the store before does not wander into this one"
    assert AnnotationStore.open(wanted).cases() == []


@pytest.mark.parametrize("key", [Qt.Key.Key_Escape, Qt.Key.Key_F9])
def test_only_return_changes_the_store(hands: Any, tmp_path: Path, key: Any) -> None:
    asked: list[str] = []
    hands.session.ask = lambda question, answers: asked.append(question) or answers[0]
    type_store(hands, str(tmp_path / "y"), key)
    hands.click(hands.canvas)
    hands.canvas.setFocus()
    assert asked == []
    assert list(tmp_path.iterdir()) == []
    assert hands.dock("History and export").store.text() == ""


def test_the_worklist_is_empty_where_the_store_cannot_be_opened(hands: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no store")
    hands.session.ask = lambda _question, answers: answers[0]
    type_store(hands, str(tmp_path / "file"), Qt.Key.Key_Return)
    hands.session.wait()
    assert hands.session.settings.values.store == "", "what cannot be opened is not used"
    assert cases_shown(hands) == 1
    assert hands.session.review is not None


def test_an_open_series_goes_on_in_the_new_store(hands: Any, stroke_series_dir: Path, tmp_path: Path) -> None:
    session = hands.session
    session.open_path(stroke_series_dir, wait=True)
    session.review.comment = "of the store before"
    session.ask = lambda _question, answers: MAKE if MAKE in answers else answers[0]
    type_store(hands, str(tmp_path / "z"), Qt.Key.Key_Return)
    session.wait()
    assert hands.dock("Correct and save").comment.text() == ""
    assert [case.case_id for case in AnnotationStore.open(tmp_path / "z").cases()] == [session.case_id]
    assert cases_shown(hands) == 1
    np.testing.assert_array_equal(session.review.reading, 0)
