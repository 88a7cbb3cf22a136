"""Drafts of a program that was killed are found at the next start, through the real window."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_cpam_stroke.annotations import AnnotationStore, Journal
from napari_cpam_stroke.annotations.recovery import recovery_folder
from napari_cpam_stroke.core import CTVolume
from napari_cpam_stroke.widgets.reading.drafts import DISCARD
from napari_cpam_stroke.widgets.reading.left_drafts import DAMAGED, ELSEWHERE, KEEP

CRASH = """
import os, signal, sys
import numpy as np
from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.review import Autosave, CaseReview

store = AnnotationStore.open(sys.argv[1])
for name in sys.argv[2:]:
    review = CaseReview(store.read_volume(name), author="Ada")
    review.store = store
    review.reading[2, 5:15, 5:15] = 1
    review.touch((2,))
    Autosave(review).run(force=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def crashed(isolated_home: Path, small_case: Callable[[str], CTVolume]) -> Callable[..., AnnotationStore]:
    """A program that is killed while it edits some cases; returns the store."""

    def crash(*names: str) -> AnnotationStore:
        store = AnnotationStore.open(isolated_home / "annotations")
        for name in names:
            store.add_case(small_case(name), source="reader")
        command = [sys.executable, "-c", CRASH, str(isolated_home / "annotations"), *names]
        ended = subprocess.run(command, env=os.environ.copy(), check=False, capture_output=True, text=True)
        assert ended.returncode == -signal.SIGKILL, ended.stderr
        return store

    return crash


def start(make_napari_viewer: Callable[..., Any]) -> tuple[Any, Any]:
    """A new start of the program: session and the Cases dock."""
    from napari_cpam_stroke.widgets.room import open_room

    viewer = make_napari_viewer(show=True)
    session = open_room(viewer)
    session.wait()
    QTest.qWait(50)
    return session, viewer.window.dock_widgets["Cases"]


def press(widget: Any) -> None:
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)


def listed(cases: Any) -> list[str]:
    tree = cases.drafts.drafts
    return [tree.topLevelItem(place).text(0) for place in range(tree.topLevelItemCount())]


def end(session: Any) -> None:
    session.ask = lambda _question, answers: answers[-1]
    session.close_case(ask=False)
    session.wait()


def test_a_start_lists_drafts_and_opens_one_without_a_question(
    make_napari_viewer: Callable[..., Any], crashed: Callable[..., AnnotationStore]
) -> None:
    crashed("alpha", "beta")
    session, cases = start(make_napari_viewer)
    assert cases.drafts.isVisible()
    assert cases.drafts.line.text().startswith("2 unsaved drafts from before: the newest of case beta, ")
    assert cases.drafts.drafts.isHidden(), "one calm line until it is asked for"
    press(cases.drafts.unfold)
    assert listed(cases) == ["beta", "alpha"]
    assert cases.drafts.drafts.topLevelItem(0).text(3) == "0.2", "100 voxels of 0.5 x 0.75 x 5 mm"
    asked: list[str] = []
    session.ask = lambda question, answers: asked.append(question) or answers[0]
    press(cases.drafts.open)
    session.wait()
    assert (session.case_id, asked) == ("beta", [])
    assert np.count_nonzero(session.review.reading) == 100
    assert session.records.state == "recovered, not saved yet"
    assert listed(cases) == ["alpha"]
    end(session)


def test_discarding_asks_and_keeping_keeps(
    make_napari_viewer: Callable[..., Any], crashed: Callable[..., AnnotationStore]
) -> None:
    crashed("alpha")
    session, cases = start(make_napari_viewer)
    press(cases.drafts.unfold)
    answers = [KEEP, DISCARD]
    session.ask = lambda _question, _answers: answers.pop(0)
    press(cases.drafts.discard)
    session.wait()
    assert listed(cases) == ["alpha"]
    press(cases.drafts.discard)
    session.wait()
    assert answers == []
    assert Journal.pending(recovery_folder()) == []
    assert cases.drafts.isHidden()
    end(session)


def test_what_is_wrong_with_one_draft_stops_no_other(
    make_napari_viewer: Callable[..., Any],
    crashed: Callable[..., AnnotationStore],
    small_case: Callable[[str], CTVolume],
    isolated_home: Path,
) -> None:
    crashed("alpha", "beta", "gamma")
    newest, _, oldest = Journal.pending(recovery_folder())
    whole = newest.path.read_bytes()
    newest.path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    (recovery_folder() / "none.journal").write_bytes(b"no draft at all")
    with AnnotationStore.open(isolated_home / "annotations")._database.writing() as rows:
        rows.connection().exec_driver_sql("UPDATE cases SET content_hash = 'other' WHERE case_id = 'alpha'")
    session, cases = start(make_napari_viewer)
    press(cases.drafts.unfold)
    assert listed(cases) == ["\u2715 gamma", "beta", "\u2715 alpha"]
    assert "1 damaged file(s)" in cases.drafts.line.text()
    for row, why in ((0, DAMAGED), (2, ELSEWHERE)):
        cases.drafts.drafts.setCurrentItem(cases.drafts.drafts.topLevelItem(row))
        press(cases.drafts.open)
        assert cases.message.text() == why
        assert session.review is None
    assert newest.path.exists()
    assert oldest.path.exists()
    cases.drafts.drafts.setCurrentItem(cases.drafts.drafts.topLevelItem(1))
    press(cases.drafts.open)
    session.wait()
    assert session.case_id == "beta"
    assert session.review.dirty
    end(session)
