"""A read, from opening to the next case: the numbered steps of the guide, one after the other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest

from napari_cpam_stroke.core import LesionClass
from napari_cpam_stroke.core.editing import find_midline
from napari_cpam_stroke.core.mirror import mirrored_about
from napari_cpam_stroke.samples import SeriesText, phantom_volume, stroke_geometry, write_dicom_series
from napari_cpam_stroke.widgets.viewer.comparisons import DIFFERENCE, MIRROR

from .reader import CTRL, LEFT, SHIFT, Reader
from .sentences import step

ISCHEMIA, HEMORRHAGE = LesionClass.ISCHEMIA, LesionClass.HEMORRHAGE
MARKED = (11, 12)
"""The slices, from 0 and as displayed, that the stand-in for a model marks."""


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a series of each verdict: the head, a second one with contrast agent, and a scout."""
    folder, volume = tmp_path_factory.mktemp("study"), phantom_volume()
    geometry = stroke_geometry(volume.shape[1])
    texts = {
        "ready": SeriesText(series="1", description="HEAD 5.0 STANDARD"),
        "contrast": SeriesText(series="2", description="HEAD +C 5.0"),
        "scout": SeriesText(series="3", description="SCOUT", image_type=("ORIGINAL", "PRIMARY", "LOCALIZER")),
    }
    for name, text in texts.items():
        write_dicom_series(folder / name, volume.hu, geometry, text=text)
    for path in (folder / "contrast").iterdir():
        data = dcmread(path)
        data.ContrastBolusAgent = "Iomeprol"
        data.save_as(path)
    return folder


def text(reader: Reader, name: str) -> str:
    """One of the texts in the picture."""
    from napari_cpam_stroke.widgets.viewer.canvas_texts import room_texts

    return str(room_texts(reader.viewer)[name].text)


def drawn(reader: Reader) -> np.ndarray:
    """The reading as its layer holds it."""
    reader.session.flush()
    return np.asarray(reader.viewer.layers["Reading"].data).copy()


def slice_shown(reader: Reader) -> int:
    """The slice in the picture, from 0 and as displayed."""
    return int(reader.viewer.dims.current_step[0])


def rows(table: Any) -> list[list[str]]:
    return [[table.item(row, cell).text() for cell in range(table.columnCount())] for row in range(table.rowCount())]


def test_a_read(reader: Reader, study: Path, predictor: Any, small_case: Callable[[str], Any], tmp_path: Path) -> None:
    session = reader.session
    for name in ("later one", "later two"):
        session.store.open().add_case(small_case(name), source="reader")
    session.worklist.refresh(order="id")
    cases, findings, models = reader.dock("Cases"), reader.dock("Findings"), reader.dock("AI models")
    correct = reader.dock("Correct and save")
    with reader.choosing(study):
        reader.click(cases.open_folder)

    with step(
        "Open. *Cases* lists every series of the folder with its verdict: ready, view only, or refused, each with "
        "the reason."
    ):
        lines = [cases.series.item(place) for place in range(cases.series.count())]
        told = {line.text().split(",")[0][2:]: line for line in lines}
        for name, verdict in (("HEAD 5.0 STANDARD", "ready"), ("HEAD +C 5.0", "view only"), ("SCOUT", "refused")):
            assert told[name].toolTip().startswith(verdict)
        assert "contrast" in told["HEAD +C 5.0"].text().lower()
        assert "scout (localizer)" in told["SCOUT"].text()
    with step("The best series for reading is proposed: axial, soft kernel, no contrast agent."):
        assert "axial, 5 mm, soft-tissue kernel, no contrast agent" in cases.message.text()
        assert cases.series.currentItem() is told["HEAD 5.0 STANDARD"]
    with step("Facts of the series (tilt, slice distances, kernel) stand under the picture."):
        assert correct.facts.isVisible()
        assert "STANDARD" in correct.facts.whole
        assert (
            correct.facts.mapTo(reader.window, QPoint(0, 0)).y() > reader.canvas.mapTo(reader.window, QPoint(0, 0)).y()
        )
    with step("Look. The view is radiological: the patient's right is on the left, letters at the edges."):
        assert [text(reader, edge) for edge in ("left", "right", "top", "bottom")] == ["R", "L", "A", "P"]
    with step(
        "F2 to F5 switch the window, J and K go to slices with a finding, Q shows the head, mirrored about its fitted "
        "midline, beside the case."
    ):
        for key, shown in (("F3", "C 40  W 40"), ("F4", "C 80  W 200"), ("F5", "C 600  W 2800"), ("F2", "C 40  W 80")):
            reader.key(getattr(Qt.Key, f"Key_{key}"))
            assert shown in text(reader, "header")
        reader.key(Qt.Key.Key_Q)
        reader.settle()
        volume, mirror = session.layers.volume, reader.viewer.layers[MIRROR]
        expected = mirrored_about(volume.hu, find_midline(volume))
        np.testing.assert_array_equal(mirror.data, session.layers.turned(expected))
        assert (text(reader, "left"), text(reader, "right")) == ("R", "R")
        reader.key(Qt.Key.Key_Q)
        assert MIRROR not in reader.viewer.layers
        reader.press(Qt.Key.Key_I)
        reader.session.go_to_slice(3)
        reader.drag(LEFT, (-20, 0), (0, 0))
        at = slice_shown(reader)
        reader.session.go_to_slice(20)
        reader.press(Qt.Key.Key_J)
        reader.press(Qt.Key.Key_K)
        assert slice_shown(reader) == at
        reader.press(Qt.Key.Key_Z, CTRL)
        assert not drawn(reader).any()

    predictor.pause_s, predictor.steps = 0.05, 60
    with step("Run the model (R). It runs in the background; *Cancel* stops it."):
        reader.press(Qt.Key.Key_R)
        QTest.qWait(200)
        assert models.state.text().startswith("Running default")
        reader.press(Qt.Key.Key_F3)
        assert "C 40  W 40" in text(reader, "header"), "the window answers while it runs"
        reader.click(models.stop)
        reader.settle()
        assert models.state.text() == "Not run on this case."
        assert findings.model.text() == "No model was run on this case."
    predictor.pause_s, predictor.steps = 0.0, 3
    with step(
        "*Findings* then shows a suspicion for each class, a strip with one bar per slice (click to go there) and a "
        "table of lesions in ml."
    ):
        reader.press(Qt.Key.Key_R)
        reader.settle()
        QTest.qWait(400)
        assert [findings.words[name].text() for name in ("ischemia", "hemorrhage")] == [
            "90/100 suspected", "4/100 not suspected",
        ]  # fmt: skip
        assert findings.strip._probabilities.shape == (24, 2)
        reader.click(findings.strip, QPoint(round(findings.strip.width() * 4.5 / 24), 20))
        assert slice_shown(reader) == 4
        (lesion,) = rows(findings.table)
        assert lesion[1] == "ischemia"
        assert float(lesion[2]) > 1
    with step("Your reading is not touched."):
        assert not drawn(reader).any()
        assert correct.state.whole == "nothing to save yet"
    with step(
        "Slices are counted from 1, next to the feet, in the picture, its slider, the strip, the table, messages "
        "and `report.html`."
    ):
        reader.click(findings.table, findings.table.visualItemRect(findings.table.item(0, 0)).center())
        shown = slice_shown(reader)
        assert lesion[3] == f"{min(MARKED) + 1}-{max(MARKED) + 1}"
        assert shown in MARKED
        assert f"slice {shown + 1}/24 from the feet" in text(reader, "header")
        assert reader.session.view._numbers._numbered
        (slider, *_) = reader.session.view._numbers._numbered.values()
        assert (slider.number.text(), slider.count.text()) == (str(shown + 1), "24")
        assert findings.strip.describe(reader.session.layers.slice_index).startswith(f"Slice {shown + 1}/24")
        reader.tick(correct.slice_checks[ISCHEMIA])
        assert f"Slice {shown + 1} " in correct.message.whole
        reader.click(correct.follow)
        with reader.choosing_folder(tmp_path):
            reader.press(Qt.Key.Key_E, SHIFT)
        (page,) = tmp_path.rglob("report.html")
        assert f"slice {shown + 1}: ischemia 0.90" in page.read_text(encoding="utf-8")

    with step(
        "Decide what to do with it. Draw yourself and compare (D shows the difference), or take the AI mask as a "
        "start with *Use AI as start*: it is copied only where you have not drawn, and one undo takes it back."
    ):
        reader.press(Qt.Key.Key_H)
        reader.drag(LEFT, (-60, 30), (60, 30))
        own = drawn(reader)
        reader.press(Qt.Key.Key_D)
        difference = np.asarray(reader.viewer.layers[DIFFERENCE].data)
        ai = np.asarray(reader.viewer.layers["AI"].data)
        assert set(np.unique(difference)) == {0, 1, 2}
        assert (difference[(own == 2) & (ai == 0)] == 1).all()
        reader.press(Qt.Key.Key_D)
        assert DIFFERENCE not in reader.viewer.layers
        reader.click(models.adopt)
        reader.settle()
        taken = drawn(reader)
        np.testing.assert_array_equal(taken, np.where(own > 0, own, ai))
        assert (taken == 1).any()
        reader.press(Qt.Key.Key_Z, CTRL)
        np.testing.assert_array_equal(drawn(reader), own)
    with step("Slice and series classes follow the mask; tick them yourself where the image says more than the mask."):
        here, whole = correct.slice_checks, correct.series_checks
        assert here[HEMORRHAGE].isChecked()
        assert whole[HEMORRHAGE].isChecked()
        assert not here[ISCHEMIA].isChecked()
        reader.tick(here[ISCHEMIA])
        assert here[ISCHEMIA].isChecked()
        reader.press(Qt.Key.Key_Z, CTRL)
        reader.settle()
        assert not drawn(reader).any()
        assert not here[HEMORRHAGE].isChecked()
        assert here[ISCHEMIA].isChecked(), "what a hand ticked stays"

    reader.choose(correct.difficulty, "hard")
    reader.choose(correct.truth, "MR")
    reader.click(correct.comment)
    reader.type("early sign")
    reader.key(Qt.Key.Key_Return)
    first = session.case_id
    with step("Finish. F12 accepts the case and opens the next unread one;"):
        reader.press(Qt.Key.Key_F12)
        reader.settle()
        assert statuses(reader)[first] == "accepted"
        assert "later" in text(reader, "header")
    with step("Difficulty, what the reading rests on (this CT, MR, follow-up) and a comment are kept with it."):
        reader.open_listed(first)
        reader.settle()
        assert correct.difficulty.currentText() == "hard"
        assert correct.truth.currentText().startswith("MR")
        assert correct.comment.text() == "early sign"
    with step("F10 asks for a second read; *reject* keeps a case out of training."):
        reader.open_listed("later one")
        reader.settle()
        reader.press(Qt.Key.Key_F10)
        reader.settle()
        assert statuses(reader)["later one"] == "second read"
        assert "later two" in text(reader, "header")
        reader.click(correct.refuse)
        reader.settle()
        assert statuses(reader)["later two"] == "rejected"


def statuses(reader: Reader) -> dict[str, str]:
    """The worklist: case and status, as its table shows them."""
    model = reader.dock("Cases").list.table.model()
    heads = [model.headerData(place, Qt.Orientation.Horizontal) for place in range(model.columnCount())]
    cell = {name: heads.index(name) for name in ("case", "status")}
    return {
        model.index(row, cell["case"]).data().split(" ", 1)[1]: model.index(row, cell["status"]).data()
        for row in range(model.rowCount())
    }
