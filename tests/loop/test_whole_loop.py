"""The whole loop once, by the ways a person goes: menu, drop, keys, mouse and command line."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from qtpy.QtGui import QDragEnterEvent, QDropEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.core import Annotation, CTVolume, LesionClass
from napari_cpam_stroke.samples import HeadPhantom, stroke_geometry
from napari_cpam_stroke.widgets.reading.session import session_of
from napari_cpam_stroke.widgets.viewer import compat

from ..hands import Hands  # noqa: TID252 - the tests are no installed package

MATRIX = 96
QUICK = ["--preset", "quick", "--set", "epochs=2", "--set", "data.workers=0", "--set", "preprocess.size=64"]
SHIFT = Qt.KeyboardModifier.ShiftModifier
LEFT = Qt.MouseButton.LeftButton


def sit_down(make_napari_viewer: Callable[..., Any]) -> Hands:
    """A new napari, and the reading room from its menu."""
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(*Hands.SCREEN)
    viewer.window.activate()
    ours = next(action.menu() for action in viewer.window.plugins_menu.actions() if "CPAM stroke" in action.text())
    ours.aboutToShow.emit()
    next(action for action in ours.actions() if action.text().startswith("Reading room")).trigger()
    QTest.qWait(200)
    session = session_of(viewer)
    session.wait()
    return Hands(viewer, session)


def drop(hands: Hands, folder: Path) -> None:
    """Drop a folder on the picture."""
    data, target = QMimeData(), compat.canvas_part(hands.viewer)
    data.setUrls([QUrl.fromLocalFile(str(folder))])
    copy, none = Qt.DropAction.CopyAction, Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(target, QDragEnterEvent(QPoint(5, 5), copy, data, LEFT, none))
    QApplication.sendEvent(target, QDropEvent(QPointF(5, 5), copy, data, LEFT, none, QEvent.Type.Drop))
    settle(hands)
    assert hands.session.review is not None


def settle(hands: Hands) -> None:
    """Let what runs in the background end, and its result come on the screen."""
    for _ in range(3):
        QTest.qWait(50)
        hands.session.wait()


def predict(hands: Hands) -> None:
    hands.press(Qt.Key.Key_R)
    settle(hands)
    assert hands.session.models.last_failure == ""


def correct(hands: Hands) -> None:
    """Take the AI's mask as a start, paint a bleed, overrule one class, type a comment, save: keys and mouse only."""
    hands.press(Qt.Key.Key_T, SHIFT)
    hands.press(Qt.Key.Key_H)
    hands.drag(LEFT, (-30, 20), (10, 25))
    tools = hands.dock("Correct and save")
    hands.click(tools.series_checks[LesionClass.ISCHEMIA], QPoint(8, 8))
    hands.click(tools.comment)
    hands.type("bleed painted by hand")
    hands.key(Qt.Key.Key_Return)
    hands.key(Qt.Key.Key_F8)
    settle(hands)


def leave(hands: Hands) -> None:
    """Close the window; what is unsaved would be asked about."""
    hands.session.ask = lambda question, _answers: pytest.fail(question)
    hands.session.close_case()
    settle(hands)


def choose_model(hands: Hands, name: str) -> None:
    """Look for new models and take one from the list with the arrow keys."""
    models = hands.dock("AI models")
    hands.click(models.refresh)
    models.model.setFocus()
    for _ in range(models.model.count()):
        if models.model.currentText().startswith(name):
            break
        hands.key(Qt.Key.Key_Down)
    assert models.model.currentText().startswith(name)
    hands.key(Qt.Key.Key_Escape)
    hands.press(Qt.Key.Key_W)
    hands.press(Qt.Key.Key_W)
    settle(hands)


def add_reference(store: AnnotationStore, split: str, seed: int) -> None:
    """Stand-in for imported data: the synthetic head with other noise and its exact masks."""
    phantom, geometry = HeadPhantom.stroke(), stroke_geometry(MATRIX)
    noise = np.random.default_rng(seed).normal(0, 2, (geometry.slices, MATRIX, MATRIX))
    hu = (phantom.render(geometry, (MATRIX, MATRIX)) + noise).astype(np.int16)
    case = store.add_case(CTVolume(hu, geometry, case_id=f"reference-{seed}"), source="synthetic", split=split)
    truth = phantom.truth_mask(geometry, (MATRIX, MATRIX))
    store.save(case.case_id, Annotation.from_mask(truth), author="reference", kind="reference")


def run(*arguments: object) -> None:
    """Run `cpam-train` as a process of its own, as everybody does."""
    command = [str(Path(sys.executable).with_name("cpam-train")), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.timeout(600)
def test_a_correction_comes_back_as_a_model(
    make_napari_viewer: Callable[..., Any], stroke_series_dir: Path, tmp_path: Path
) -> None:
    hands = sit_down(make_napari_viewer)
    where = hands.session.settings.values.store_location
    drop(hands, stroke_series_dir)
    predict(hands)
    assert hands.session.models.prediction.model.name == "default"
    before = hands.session.models.prediction.mask.copy()
    correct(hands)
    saved = hands.session.review.reading.copy()
    z = hands.session.layers.slice_index
    assert (saved[z] == LesionClass.HEMORRHAGE).sum() > 20
    np.testing.assert_array_equal(hands.session.models.prediction.mask, before)
    leave(hands)

    later = sit_down(make_napari_viewer)
    drop(later, stroke_series_dir)
    np.testing.assert_array_equal(later.session.review.reading, saved)
    revision = later.session.review.revision
    assert revision.algorithm_type == "SEMIAUTOMATIC"
    assert revision.comment == "bleed painted by hand"
    assert revision.model.name == "default"
    assert revision.changed_from_prediction == np.count_nonzero(saved != before)

    with AnnotationStore.open(where) as store:
        store.assign_splits(fractions=(1.0, 0.0, 0.0))
        assert store.case(revision.case_id).split == "train"
        for seed, split in enumerate(("train", "validation", "test")):
            add_reference(store, split, seed)
    run("fit", "segmenter", "--store", where, "--run", tmp_path / "run", *QUICK)
    run("evaluate", tmp_path / "run", "--store", where, "--out", tmp_path / "report")
    assert (tmp_path / "report" / "report.html").stat().st_size > 0
    run("promote", tmp_path / "run", "--name", "corrected", "--store", where, "--insist", "one test case")

    choose_model(later, "corrected")
    predict(later)
    assert later.session.models.prediction.model.name == "corrected"
    np.testing.assert_array_equal(later.session.review.reading, saved)
    leave(later)
