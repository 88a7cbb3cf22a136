"""An opening that fails leaves a room without a case, and says why: in a real window, by mouse and keys."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from napari.utils.notifications import NotificationSeverity, notification_manager
from qtpy.QtCore import Qt, QTimer
from qtpy.QtTest import QTest

from napari_cpam_stroke.core import CTVolume
from napari_cpam_stroke.errors import CpamError
from napari_cpam_stroke.widgets.docks.cases import NOTHING_OPENED
from napari_cpam_stroke.widgets.reading.session import CANCEL, SAVE
from napari_cpam_stroke.widgets.viewer import compat
from napari_cpam_stroke.widgets.viewer.canvas_texts import PREFIX

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def busy(hands: Any, predictor: Any) -> Any:
    """A case with everything a case can leave behind: strokes, a version, words, a failed run, a table."""
    hands.press(Qt.Key.Key_I)
    hands.drag(LEFT, (-40, 0), (-10, 20))
    hands.click(hands.dock("Correct and save").comment)
    hands.type("motion")
    hands.key(Qt.Key.Key_Return)
    predictor.fails = CpamError("The weights are damaged")
    hands.press(Qt.Key.Key_R)
    hands.session.wait()
    hands.press(Qt.Key.Key_F8)
    hands.session.wait()
    QTest.qWait(500)
    assert hands.dock("Findings").table.rowCount() == 1
    assert hands.dock("History and export").versions.topLevelItemCount() == 1
    assert "damaged" in hands.dock("AI models").state.text()
    return hands


def check_empty(hands: Any, why: str) -> None:
    """No case: nothing of the one before, and the reason as a line and among napari's notifications."""
    QTest.qWait(500)
    assert list(hands.viewer.layers) == []
    assert hands.session.review is hands.session.entry is None
    assert not any(text.visible for name, text in compat.overlays(hands.viewer).items() if name.startswith(PREFIX))
    correct, findings, history = (hands.dock(t) for t in ("Correct and save", "Findings", "History and export"))
    assert (correct.comment.text(), correct.facts.whole, correct.message.whole) == ("", "", "")
    assert correct.state.text() == "no case open"
    checks = [*correct.slice_checks.values(), *correct.series_checks.values()]
    assert not any(check.isChecked() for check in checks)
    assert (findings.table.rowCount(), findings.totals.text(), findings.strip._order.size) == (0, "", 0)
    assert history.versions.topLevelItemCount() == 0
    assert "damaged" not in hands.dock("AI models").state.text()
    assert not hands.dock("Cases").list.table.currentIndex().isValid()
    for line in (hands.dock("Cases").message, history.message):
        assert why in line.text()
    told = [(note.severity, note.message) for note in notification_manager.records]
    assert any(level == NotificationSeverity.ERROR and why in words for level, words in told)


def test_a_folder_without_ct_leaves_no_case(busy: Any, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    busy.session.open_path(tmp_path, wait=True)
    check_empty(busy, "No CT series found there")
    assert busy.dock("Cases").series.count() == 1, "the file and why it was left out"


def test_a_path_that_is_gone_leaves_neither_case_nor_series(busy: Any, stroke_series_dir: Path, tmp_path: Path) -> None:
    busy.session.open_path(stroke_series_dir, wait=True)
    busy.session.open_path(tmp_path / "gone", wait=True)
    check_empty(busy, "gone")
    assert busy.dock("Cases").series.count() == 0
    assert NOTHING_OPENED not in busy.dock("Cases").message.text()


def test_a_case_whose_pixels_are_gone_leaves_no_case_and_the_list_goes_on(
    busy: Any, small_case: Callable[[str], CTVolume], isolated_home: Path
) -> None:
    session, store = busy.session, busy.session.store.open()
    blobs = isolated_home / "annotations" / "blobs"
    store.add_case(small_case("v-whole"), source="reader")
    whole = set(blobs.rglob("*"))
    store.add_case(small_case("u-broken"), source="reader")
    for blob in set(blobs.rglob("*")) - whole:
        blob.write_bytes(b"") if blob.is_file() else None
    session.worklist.refresh(order="id")
    session.wait()
    busy.open_listed("u-broken")
    session.wait()
    check_empty(busy, "")
    busy.press(Qt.Key.Key_N)
    session.wait()
    assert session.review.volume.case_id == "v-whole"
    assert session.view.case_title == "Case v-whole"


@pytest.mark.parametrize("answer", [SAVE, CANCEL])
def test_unsaved_work_is_asked_about_before_the_room_is_emptied(busy: Any, tmp_path: Path, answer: str) -> None:
    asked: list[str] = []
    busy.session.ask = lambda question, _answers: asked.append(question) or answer
    busy.click(busy.dock("Correct and save").comment)
    busy.type(" more")
    busy.session.open_path(tmp_path / "gone", wait=True)
    assert len(asked) == 1
    if answer == SAVE:
        check_empty(busy, "gone")
    else:
        assert busy.dock("Correct and save").comment.text() == "motion more"
        assert [layer.name for layer in busy.viewer.layers] == ["Original", "AI", "Reading"]


def test_work_done_while_the_next_case_is_read_is_asked_about(busy: Any, stroke_series_dir: Path) -> None:
    asked: list[str] = []
    busy.session.ask = lambda question, _answers: asked.append(question) or SAVE
    case_id = busy.session.case_id
    busy.session.opener.scanned.connect(lambda _: QTimer.singleShot(0, lambda: busy.drag(LEFT, (0, 0), (20, 0))))
    busy.press(Qt.Key.Key_H)
    busy.session.open_path(stroke_series_dir, wait=True)
    busy.session.wait()
    assert len(asked) == 1
    store = busy.session.store.open()
    mask = store.read_annotation(store.case(case_id).head).mask
    assert (mask == 2).any()
