"""Masks of files on an open case: the program's own and foreign ones, in each of their uses, and what does not fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

from napari_cpam_stroke.dicom import is_mask, read_series, scan_folder, write_nifti, write_segmentation
from napari_cpam_stroke.widgets.docks.history import HistoryDock
from napari_cpam_stroke.widgets.docks.mask_form import CHOOSE_FILE
from napari_cpam_stroke.widgets.reading.imported_masks import NO_CASE
from napari_cpam_stroke.widgets.viewer.comparisons import DIFFERENCE

BY_HAND = {"algorithm_type": "MANUAL", "algorithm_name": "reader", "algorithm_version": "1"}


@pytest.fixture
def opened(session: Any, stroke_series_dir: Path) -> Any:
    session.open_path(stroke_series_dir, wait=True)
    return session


def drawn(shape: tuple[int, ...]) -> np.ndarray:
    mask = np.zeros(shape, np.uint8)
    mask[3, 40:60, 40:50], mask[7, 90:99, 100:120] = 1, 2
    return mask


def written(session: Any, folder: Path, kind: str) -> Path:
    volume = session.review.volume
    mask = drawn(volume.shape)
    if kind == "nifti":
        return Path(write_nifti(folder / "mask.nii.gz", mask, volume, algorithm_type="MANUAL")[0])
    return Path(write_segmentation(folder / "mask.dcm", mask, volume, **BY_HAND))


@pytest.mark.parametrize("kind", ["nifti", "seg"])
def test_a_mask_becomes_the_reading_as_one_undo_step(opened: Any, tmp_path: Path, kind: str) -> None:
    path = written(opened, tmp_path, kind)
    opened.layers.reading.paint((12, 60, 60), 1)
    before = opened.layers.reading_mask.copy()
    said: list[str] = []
    opened.said.connect(said.append)
    opened.imported.take(path, "reading")
    opened.wait()
    np.testing.assert_array_equal(opened.review.reading, drawn(before.shape))
    assert "mask" in said[-1]
    assert "is the reading now" in said[-1]
    opened.layers.reading.undo()
    opened.flush()
    np.testing.assert_array_equal(opened.review.reading, before)


@pytest.mark.parametrize("kind", ["nifti", "seg"])
def test_a_mask_is_shown_in_the_ai_layer_until_a_model_runs(
    opened: Any, tmp_path: Path, kind: str, predictor: Any
) -> None:
    opened.imported.take(written(opened, tmp_path, kind), "AI layer")
    opened.wait()
    mask = drawn(opened.review.volume.shape)
    np.testing.assert_array_equal(opened.layers.turned(opened.layers.ai.data), mask)
    assert opened.layers.ai.visible
    assert not opened.review.reading.any()
    opened.asides.toggle_difference()
    shown = opened.layers.turned(opened.layers.extra[DIFFERENCE].data)
    np.testing.assert_array_equal(shown == 2, mask != 0)
    opened.models.run(wait=True)
    assert opened.imported.mask is None
    np.testing.assert_array_equal(opened.layers.turned(opened.layers.ai.data), opened.models.prediction.mask)


def test_a_mask_is_compared_and_changes_nothing(opened: Any, tmp_path: Path) -> None:
    opened.imported.take(written(opened, tmp_path, "nifti"), "comparison")
    opened.wait()
    shown = opened.layers.turned(opened.layers.extra[DIFFERENCE].data)
    np.testing.assert_array_equal(shown == 2, drawn(shown.shape) != 0)
    assert not opened.review.reading.any()
    assert not opened.layers.ai.data.any()


def test_what_does_not_fit_is_one_sentence(opened: Any, tmp_path: Path, plain_series: Path) -> None:
    other = read_series(scan_folder(plain_series).series[0])
    strange = tmp_path / "strange.nii.gz"
    nibabel.save(nibabel.Nifti1Image(np.full((4, 4, 4), 9, np.uint8), np.eye(4)), strange)
    said: list[str] = []
    opened.said.connect(said.append)
    for path in (write_nifti(tmp_path / "other.nii.gz", drawn(other.shape), other)[0], strange, tmp_path / "none.nii"):
        opened.imported.take(Path(path), "reading")
        opened.wait()
        assert said[-1].endswith(".")
        assert "Unexpected" not in said[-1]
    opened.imported.take(strange, "reading", labels="nothing")
    assert "needs a label" in said[-1]
    assert not opened.review.reading.any()


def test_the_users_word_on_labels_counts(opened: Any, tmp_path: Path) -> None:
    path = written(opened, tmp_path, "nifti")
    image = nibabel.load(path)
    odd = tmp_path / "odd.nii.gz"
    nibabel.save(nibabel.Nifti1Image(np.asarray(image.dataobj).astype(np.uint8) * 5, image.affine), odd)
    opened.imported.take(odd, "reading", labels="5=hemorrhage, 10=ischemia")
    opened.wait()
    mask = drawn(opened.review.volume.shape)
    np.testing.assert_array_equal(opened.review.reading == 2, mask == 1)
    np.testing.assert_array_equal(opened.review.reading == 1, mask == 2)


def test_without_a_case_a_mask_has_no_place(session: Any, tmp_path: Path) -> None:
    said: list[str] = []
    session.said.connect(said.append)
    session.imported.take(tmp_path / "mask.nii.gz", "reading")
    assert said == [NO_CASE]


def test_masks_are_told_by_name_and_header(opened: Any, tmp_path: Path, stroke_series_dir: Path) -> None:
    assert is_mask(written(opened, tmp_path, "nifti"))
    assert is_mask(written(opened, tmp_path, "seg"))
    assert not is_mask(next(stroke_series_dir.rglob("*.dcm")))
    assert not is_mask(tmp_path)
    (tmp_path / "notes.txt").write_text("hello")
    assert not is_mask(tmp_path / "notes.txt")


def test_the_form_takes_a_mask(opened: Any, tmp_path: Path, qtbot: Any) -> None:
    dock = HistoryDock(opened)
    qtbot.addWidget(dock)
    dock.mask.click()
    form = dock._mask_form
    assert form.use.choices == ("AI layer", "reading", "comparison")
    form.call_button.native.click()
    assert dock.message.text() == CHOOSE_FILE
    dock.ask_for_mask(written(opened, tmp_path, "seg"))
    form.call_button.native.click()
    opened.wait()
    assert not form.native.isVisible()
    np.testing.assert_array_equal(opened.review.reading, drawn(opened.review.volume.shape))
