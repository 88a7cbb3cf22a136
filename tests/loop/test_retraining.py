"""Retraining without leaving the room: correct, train, stop, go on, compare, take the better model, roll back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.bundles import Registry
from napari_cpam_stroke.retraining import StartedProcess
from napari_cpam_stroke.review.case import READER

from ..hands import Hands  # noqa: TID252 - the tests are no installed package
from ..lesson_store import BEGINNER, SETTINGS, fill, head, install_beginner, volume  # noqa: TID252
from .test_whole_loop import choose_model, predict, settle, sit_down

CORRECTED = 6
LEFT = Qt.MouseButton.LeftButton
PATIENCE_S = 400
"""A training takes 30 s on a core of its own."""


def until(what: Callable[[], object], shown: Callable[[], str], seconds: float = PATIENCE_S) -> None:
    """Keep the window alive until something is so."""
    for _ in range(int(seconds * 5)):
        if what():
            return
        QTest.qWait(200)
    pytest.fail(f"it did not come to that; shown: {shown()}")


def prepare(where: str, folder: Path) -> None:
    """A store with references and cases nobody has read, and a model made after it that knows nothing."""
    with AnnotationStore.open(where) as store:
        fill(store, {"train": 12, "validation": 6, "test": 30})
        for number in range(CORRECTED):
            hu, _ = head(number, 2)
            store.add_case(volume(number, hu), source=READER)
    install_beginner(folder)


def correct_all(hands: Hands) -> None:
    """Paint a bleed into every unread case, the newest first, and accept it, which opens the next one."""
    hands.open_listed(f"head{CORRECTED - 1:03d}")
    settle(hands)
    for _ in range(CORRECTED):
        assert hands.session.review is not None
        hands.press(Qt.Key.Key_H)
        hands.drag(LEFT, (-30, 0), (20, 10))
        hands.press(Qt.Key.Key_F12)
        settle(hands)


def to_be_trained(hands: Hands) -> Any:
    """The Train dock in front, with a name and settings of a short training typed in."""
    dock = hands.dock("Train")
    beside = {each.objectName() for each in hands.window.tabifiedDockWidgets(dock.parent())}
    assert "Cases" in beside, "it is a tab behind it"
    for field, text in ((dock.name, "mine"), (dock.settings, SETTINGS)):
        hands.click(field)
        field.selectAll()
        hands.type(text)
        hands.key(Qt.Key.Key_Return)
    return dock


def close(hands: Hands, qapp: Any) -> None:
    hands.session.close_case(ask=False)
    settle(hands)
    hands.viewer.close()
    qapp.processEvents()


def train_and_stop(hands: Hands) -> Path:
    """Start a training, see its course, and stop it; return where it lies."""
    dock, runs = to_be_trained(hands), hands.session.retraining
    until(
        lambda: f"{CORRECTED} of 54 annotated cases are new to {BEGINNER} 1.0" in dock.lessons.text(),
        dock.lessons.text,
        60,
    )
    hands.click(dock.start)
    until(lambda: runs.now is not None and runs.now.standing.best_epoch > 0, dock.state.text)
    assert dock.progress.isVisibleTo(dock)
    assert dock.curve.epochs
    hands.click(dock.stop)
    until(lambda: runs.now.phase == "stopped", dock.state.text)
    assert "Resume goes on" in dock.state.text()
    return runs.folder.path


def find_and_resume(hands: Hands, folder: Path) -> StartedProcess:
    """Go on with the training that an earlier window left; return its process."""
    dock, runs = hands.dock("Train"), hands.session.retraining
    until(lambda: runs.folder is not None and dock.resume.isEnabled(), dock.state.text, 60)
    assert runs.folder.path == folder
    hands.click(dock.resume)
    until(lambda: runs.now.running, dock.state.text, 60)
    return runs.folder.work().process


def see_the_outcome(hands: Hands) -> None:
    """Wait for old against new, and open the worst case."""
    dock, runs = hands.dock("Train"), hands.session.retraining
    until(lambda: runs.now is not None and runs.now.phase == "compared", dock.state.text)
    assert [epoch.number for epoch in runs.now.standing.curve] == list(range(1, 15)), "none twice, none left out"
    assert dock.outcome.verdict.text().startswith(f"Shown to be better than {BEGINNER}@1.0 on 3")
    assert dock.outcome.table.rowCount() == 4
    QTest.qWait(200)
    hands.click(dock.outcome.worst, dock.outcome.worst.visualItemRect(dock.outcome.worst.item(0)).center())
    settle(hands)
    assert hands.session.review.case_id == runs.comparison.worst[0].case_id


def take_use_and_roll_back(hands: Hands) -> None:
    """Take the better model, predict with it, and go back to the one before."""
    dock, runs, settings = hands.dock("Train"), hands.session.retraining, hands.session.settings
    hands.click(dock.take)
    until(lambda: runs.in_use, dock.state.text)
    card = Registry().resolve("mine").card
    assert card.reference == settings.values.model == "mine@1.0"
    assert "not shown" not in card.metrics["against_predecessor"]
    settle(hands)
    assert hands.dock("AI models").model.currentText().startswith("mine")
    predict(hands)
    assert hands.session.models.prediction.model.name == "mine"
    hands.click(dock.back)
    until(lambda: not runs.in_use, dock.state.text, 60)
    assert settings.values.model == f"{BEGINNER}@1.0"
    assert hands.dock("AI models").model.currentText().startswith(BEGINNER)


@pytest.mark.timeout(1800)
def test_corrections_become_a_better_model_within_the_room(
    make_napari_viewer: Callable[..., Any], tmp_path: Path, qapp: Any
) -> None:
    hands = sit_down(make_napari_viewer)
    where = hands.session.settings.values.store_location
    prepare(where, tmp_path / BEGINNER)
    hands.session.worklist.refresh()
    choose_model(hands, BEGINNER)
    correct_all(hands)
    with AnnotationStore.open(where) as store:
        assert {case.status for case in store.cases(source=READER)} == {"accepted"}
    folder = train_and_stop(hands)
    close(hands, qapp)

    later = sit_down(make_napari_viewer)
    process = find_and_resume(later, folder)
    close(later, qapp)
    assert process.running, "it outlives the window"

    last = sit_down(make_napari_viewer)
    see_the_outcome(last)
    assert last.session.retraining.folder.path == folder
    take_use_and_roll_back(last)
    close(last, qapp)
