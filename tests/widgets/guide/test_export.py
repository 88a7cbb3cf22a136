"""Export, masks that are there already, and where things are kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from foreign_seg import in_axis_order
from pydicom import dcmread
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QLineEdit, QPushButton, QWidget

from napari_cpam_stroke.dicom import write_nifti
from napari_cpam_stroke.widgets.viewer.comparisons import DIFFERENCE

from .reader import CTRL, LEFT, SHIFT, Reader
from .sentences import step

WRITTEN = {"segmentation.dcm", "measurements.dcm", "mask.nii.gz", "report.json", "report.html", "lesions.csv"}

MOST_WAITS = 50
"""For the files of an export."""


def form_shown(title: str) -> QWidget:
    QTest.qWait(100)
    form = next(each for each in QApplication.topLevelWidgets() if each.windowTitle() == title and each.isVisible())
    form.activateWindow()
    QTest.qWait(20)
    return form


def press(form: QWidget, reader: Reader, words: str) -> None:
    """A button of a form, by its words."""
    reader.click(next(each for each in form.findChildren(QPushButton) if each.text() == words))
    reader.settle()


def export(reader: Reader, folder: Path, *ticked: str) -> Path:
    """The form of the export, filled in by hand; returns the case's folder."""
    folder.mkdir()
    form = form_shown("Export the case")
    reader.write(form.findChild(QLineEdit), str(folder))
    for words in ticked:
        reader.tick(next(box for box in form.findChildren(QWidget) if getattr(box, "text", str)() == words))
    press(form, reader, "Export")
    reader.come_back()
    for _ in range(MOST_WAITS):
        if list(folder.iterdir()):
            break
        reader.settle()
    (written,) = folder.iterdir()
    return written


def reading(reader: Reader) -> np.ndarray:
    reader.session.flush()
    return np.asarray(reader.session.review.reading).copy()


def kind(folder: Path) -> str:
    return str(dcmread(folder / "segmentation.dcm").SegmentSequence[0].SegmentAlgorithmType)


def foreign(folder: Path, bleed: np.ndarray, volume: Any) -> list[Path]:
    """Masks as others write them: a SEG of sagittal frames by highdicom; a NIfTI in RAS, of floats, not compressed."""
    seg, nifti = folder / "theirs.dcm", folder / "theirs.nii"
    in_axis_order(volume, bleed, (2, 0, 1), (1, -1, 1)).save_as(seg)
    ours, _ = write_nifti(folder / "ours.nii.gz", bleed.astype(np.uint8) * 2, volume)
    image = nibabel.as_closest_canonical(nibabel.load(ours))
    nibabel.save(nibabel.Nifti1Image(image.get_fdata(), image.affine), nifti)
    return [seg, nifti]


def test_export_masks_and_where_they_are_kept(
    reader: Reader, predictor: Any, isolated_home: Path, plain_series: Path, tmp_path: Path
) -> None:
    """In one window, one after the other."""
    where_things_are_kept(reader, isolated_home, plain_series, tmp_path)
    export_and_masks(reader, plain_series, tmp_path)


def export_and_masks(reader: Reader, plain_series: Path, tmp_path: Path) -> None:
    reader.drop(plain_series)
    history, session = reader.dock("History and export"), reader.session
    series = dcmread(min(plain_series.iterdir()))
    reader.press(Qt.Key.Key_I)
    reader.drag(LEFT, (-40, 0), (-10, 20))
    with step(
        "*History and export* (*Export...*, or Shift+E) asks for a folder and writes one of the case's own into it: "
        "DICOM SEG and a structured report on the original frames, NIfTI, `report.json`, `report.html` and "
        "`lesions.csv`."
    ):
        reader.click(history.export)
        drawn = export(reader, tmp_path / "drawn")
        assert {path.name for path in drawn.iterdir()} == WRITTEN
        assert str(drawn) in history.message.text()
        reader.press(Qt.Key.Key_E, SHIFT)
        assert form_shown("Export the case").isVisible()
    with step("SEG and SR must name the study, series, images and frame of reference of the source."):
        for name in ("segmentation.dcm", "measurements.dcm"):
            made = dcmread(drawn / name)
            assert made.StudyInstanceUID == series.StudyInstanceUID
        seg = dcmread(drawn / "segmentation.dcm")
        assert seg.FrameOfReferenceUID == series.FrameOfReferenceUID
        assert seg.ReferencedSeriesSequence[0].SeriesInstanceUID == series.SeriesInstanceUID
    with step(
        "Files carry a pseudonym instead of the patient, unless you tick *keep the patient*; *also a resampled SEG* "
        "is for viewers that refuse tilted or unevenly spaced frames."
    ):
        assert seg.PatientName != series.PatientName
        both = export(reader, tmp_path / "kept", "keep the patient", "also a resampled SEG")
        assert dcmread(both / "segmentation.dcm").PatientName == series.PatientName
    reader.press(Qt.Key.Key_E, SHIFT)
    for words in ("keep the patient", "also a resampled SEG"):
        form = form_shown("Export the case")
        reader.tick(next(box for box in form.findChildren(QWidget) if getattr(box, "text", str)() == words))
    form.close()
    with step(
        "The algorithm type in the DICOM files says what was done: AUTOMATIC for an untouched model mask, "
        "SEMIAUTOMATIC for an edited one or one that prompts made part of, MANUAL for a drawn one."
    ):
        assert kind(drawn) == "MANUAL"
        reader.press(Qt.Key.Key_Z, CTRL)
        reader.press(Qt.Key.Key_R)
        reader.settle()
        reader.press(Qt.Key.Key_T, SHIFT)
        reader.press(Qt.Key.Key_E, SHIFT)
        assert kind(export(reader, tmp_path / "untouched")) == "AUTOMATIC"
        reader.press(Qt.Key.Key_I)
        reader.drag(LEFT, (-40, 0), (-10, 20))
        reader.press(Qt.Key.Key_E, SHIFT)
        edited = export(reader, tmp_path / "edited")
        assert kind(edited) == "SEMIAUTOMATIC"

    here = reading(reader)
    start = np.asarray(session.models.prediction.mask)
    with step(
        "Drop a DICOM SEG or a NIfTI mask on an open case, or choose it with *File...* in *Cases* or *Mask...* in "
        "*History and export*: the program's own exports, or those of others."
    ):
        take = "Take a mask into the case"
        reader.drop(drawn / "mask.nii.gz")
        assert form_shown(take).findChild(QLineEdit).text() == str(drawn / "mask.nii.gz")
        form_shown(take).close()
        with reader.choosing(drawn / "segmentation.dcm"):
            reader.click(reader.dock("Cases").open_file)
        assert form_shown(take).findChild(QLineEdit).text() == str(drawn / "segmentation.dcm")
        form_shown(take).close()
        reader.click(reader.dock("History and export").mask)
        with reader.choosing(drawn / "mask.nii.gz"):
            press(form_shown(take), reader, "Select file")
        assert form_shown(take).findChild(QLineEdit).text() == str(drawn / "mask.nii.gz")
        form_shown(take).close()

        def take_as(path: Path, use: str, on: QWidget | None = None) -> None:
            reader.drop(path, on=on)
            reader.choose(history._mask_form["use"].native, use)
            press(form_shown(take), reader, "Take")

        theirs = here == 2
        theirs[3:5, 30:40, 20:26] = True
        for path, place in zip(
            foreign(tmp_path, theirs, session.review.volume), (None, reader.dock("Findings")), strict=True
        ):
            take_as(path, "AI layer", place)
            shown = session.layers.turned(np.asarray(reader.viewer.layers["AI"].data))
            np.testing.assert_array_equal(shown, theirs * 2, path.name)
    with step(
        "Say what becomes of it: *reading* copies it into your reading as one undo step, *AI layer* shows it there "
        "until a model runs (D compares it with the reading), *comparison* shows only where the reading differs."
    ):
        original = np.asarray(nibabel.load(drawn / "mask.nii.gz").dataobj)
        take_as(drawn / "mask.nii.gz", "reading")
        assert np.count_nonzero(reading(reader)) == np.count_nonzero(original)
        reader.press(Qt.Key.Key_Z, CTRL)
        np.testing.assert_array_equal(reading(reader), here)
        take_as(drawn / "segmentation.dcm", "AI layer")
        assert np.count_nonzero(reader.viewer.layers["AI"].data) == np.count_nonzero(original)
        reader.press(Qt.Key.Key_D)
        assert (np.asarray(reader.viewer.layers[DIFFERENCE].data) > 0).sum() > 0
        reader.press(Qt.Key.Key_D)
        reader.press(Qt.Key.Key_R)
        reader.settle()
        assert np.count_nonzero(reader.viewer.layers["AI"].data) == np.count_nonzero(start)
        take_as(drawn / "mask.nii.gz", "comparison")
        assert DIFFERENCE in reader.viewer.layers
        np.testing.assert_array_equal(reading(reader), here)
    with step(
        "It is read onto the original frames by the rules of `cpam-train import`: a mask of another series or grid, "
        "or with labels that are not understood, is refused in one sentence."
    ):
        small = tmp_path / "small.nii.gz"
        nibabel.save(nibabel.Nifti1Image(np.zeros((4, 5, 6), np.uint8), np.eye(4)), small)
        take_as(small, "reading")
        assert "grid" in reader.dock("Cases").message.text()
        strange = Path(
            write_nifti(tmp_path / "strange.nii.gz", (here > 0).astype(np.uint8) * 2, session.review.volume)[0]
        )
        image = nibabel.load(strange)
        odd = tmp_path / "odd.nii.gz"
        nibabel.save(nibabel.Nifti1Image(np.asarray(image.dataobj) * 4, image.affine), odd)
        take_as(odd, "reading")
        refused = reader.dock("Cases").message.text()
        assert "8" in refused
        assert "meanings" in refused
        np.testing.assert_array_equal(reading(reader), here)
    with step("*meanings* says what a label stands for, such as `Segment_1=hemorrhage, 3=ischemia`."):
        reader.drop(odd)
        form = form_shown(take)
        said = next(words for words in refused.split('"') if words.endswith("=hemorrhage"))
        reader.write(history._mask_form["meanings"].native, said)
        reader.choose(history._mask_form["use"].native, "reading")
        press(form, reader, "Take")
        np.testing.assert_array_equal(reading(reader), (here > 0) * 2)


def where_things_are_kept(reader: Reader, isolated_home: Path, plain_series: Path, tmp_path: Path) -> None:
    with step(
        "The program's own folder (`~/.local/share/cpam-stroke` on Linux; `CPAM_STROKE_HOME` moves it) holds "
        "installed models, settings, the pseudonym key and, unless you choose another place, your readings in "
        "`annotations/`;"
    ):
        reader.drop(plain_series)
        reader.press(Qt.Key.Key_I)
        reader.drag(LEFT, (-40, 0), (-10, 20))
        reader.press(Qt.Key.Key_F8)
        reader.settle()
        reader.tick(reader.dock("AI models").on_open)
        kept = {path.name for path in isolated_home.iterdir()}
        assert {"annotations", "room.json", "pseudonym.key"} <= kept
    history = reader.dock("History and export")
    with step(
        "*store* in *History and export* names another place; Return changes it, and a new store is made only when "
        "you say so."
    ):
        for answer, made in (("stay", False), ("make", True)):
            reader.write(history.store, str(tmp_path / "team"))
            assert not (tmp_path / "team").exists()
            with reader.answering(answer) as asked:
                reader.key(Qt.Key.Key_Return)
            assert str(tmp_path / "team") in asked[0]
            assert (tmp_path / "team").exists() == made
        assert history.store.text() == str(tmp_path / "team")
