"""The whole loop once, through the doors a person uses: open, predict, correct, save, reopen, retrain, promote, run."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.core import Annotation, CTVolume, LesionClass
from napari_cpam_stroke.samples import HeadPhantom, stroke_geometry
from napari_cpam_stroke.widgets.room import open_room

MATRIX = 96
QUICK = ["--preset", "quick", "--set", "epochs=2", "--set", "data.workers=0", "--set", "preprocess.size=64"]


def dock(viewer: Any, title: str) -> Any:
    return viewer.window.dock_widgets[title]


def predict(viewer: Any, session: Any, qtbot: Any) -> None:
    qtbot.mouseClick(dock(viewer, "AI models").run, Qt.MouseButton.LeftButton)
    session.wait()
    assert session.models.last_failure == ""


def correct(viewer: Any, session: Any, qtbot: Any) -> None:
    """Take the AI's mask as a start, paint a bleed with napari's own brush, overrule one class, save."""
    qtbot.mouseClick(dock(viewer, "AI models").adopt, Qt.MouseButton.LeftButton)
    tools, layer = dock(viewer, "Correct and save"), viewer.layers["Reading"]
    qtbot.mouseClick(tools.classes[LesionClass.HEMORRHAGE], Qt.MouseButton.LeftButton)
    session.go_to_slice(6)
    layer.brush_size = 9
    for x in range(100, 121, 4):
        layer.paint((6, 120, x), layer.selected_label)
    tools.series_checks[LesionClass.ISCHEMIA].click()
    qtbot.mouseClick(tools.save, Qt.MouseButton.LeftButton)
    session.wait()


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
    make_napari_viewer: Callable[..., Any], stroke_series_dir: Path, tmp_path: Path, qtbot: Any
) -> None:
    viewer = make_napari_viewer()
    session = open_room(viewer)
    where = session.settings.values.store_location
    session.open_path(stroke_series_dir, wait=True)
    predict(viewer, session, qtbot)
    assert session.models.prediction.model.name == "default"
    before = session.models.prediction.mask.copy()
    correct(viewer, session, qtbot)
    saved = session.review.reading.copy()
    assert (saved[6] == LesionClass.HEMORRHAGE).sum() > 100
    np.testing.assert_array_equal(session.models.prediction.mask, before)
    session.close_case(ask=False)

    reopened = make_napari_viewer()
    again = open_room(reopened)
    again.open_path(stroke_series_dir, wait=True)
    np.testing.assert_array_equal(again.review.reading, saved)
    revision = again.review.revision
    assert revision.algorithm_type == "SEMIAUTOMATIC"
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
    run("promote", tmp_path / "run", "--name", "corrected", "--store", where)

    qtbot.mouseClick(dock(reopened, "AI models").refresh, Qt.MouseButton.LeftButton)
    choice = dock(reopened, "AI models").model
    names = [choice.itemText(i) for i in range(choice.count())]
    assert any(name.startswith("corrected") for name in names), names
    again.models.choose(ref="corrected")
    predict(reopened, again, qtbot)
    assert again.models.prediction.model.name == "corrected"
    np.testing.assert_array_equal(again.review.reading, saved)
