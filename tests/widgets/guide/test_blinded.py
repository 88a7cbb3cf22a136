"""Blinded first read, and what the numbers mean."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_cpam_stroke.core import CTVolume
from napari_cpam_stroke.widgets.viewer.mask_edges import FILL_FROM

from .reader import LEFT, Reader
from .sentences import step


def settle(reader: Reader) -> None:
    reader.settle()
    QTest.qWait(300)


def test_a_blinded_read_and_its_numbers(reader: Reader, predictor: Any, phantom_volume: CTVolume) -> None:
    """In one window, one after the other."""
    a_blinded_read(reader, phantom_volume)
    reader.tick(reader.dock("AI models").blinded)
    reader.session.close_case(ask=False)
    what_the_numbers_mean(reader, replace(phantom_volume, case_id="next"))


def a_blinded_read(reader: Reader, phantom_volume: CTVolume) -> None:
    reader.session.store.open().add_case(phantom_volume, source="reader")
    reader.session.worklist.refresh()
    settle(reader)
    models, findings = reader.dock("AI models"), reader.dock("Findings")
    with step(
        "Tick *first read blinded* in *AI models* before you open a case. The model may run, but its result stays "
        "hidden until you press A."
    ):
        assert models.blinded.text() == "first read blinded"
        reader.tick(models.blinded)
        reader.open_listed(phantom_volume.case_id)
        settle(reader)
        reader.press(Qt.Key.Key_R)
        settle(reader)
        assert models.state.text() == "A result is there, hidden until you reveal it."
        assert findings.words["ischemia"].text() == "-"
        assert findings.table.rowCount() == 0
        assert not reader.viewer.layers["AI"].visible
        reader.press(Qt.Key.Key_I)
        reader.drag(LEFT, (-40, 0), (-20, 10))
        reader.press(Qt.Key.Key_F8)
        settle(reader)
        reader.press(Qt.Key.Key_A)
        settle(reader)
        assert findings.words["ischemia"].text() == "90/100 suspected"
        assert reader.viewer.layers["AI"].visible
    with step("The moment, and what you changed after it, are kept with the reading."):
        before = np.count_nonzero(reader.session.review.reading)
        reader.press(Qt.Key.Key_I)
        reader.drag(LEFT, (-40, 30), (-20, 40))
        reader.press(Qt.Key.Key_F8)
        settle(reader)
        newest, first = (reader.dock("History and export").versions.topLevelItem(place) for place in (0, 1))
        assert "blinded first read, revealed never" in first.toolTip(0)
        assert "blinded first read, revealed " in newest.toolTip(0)
        assert "never" not in newest.toolTip(0)
        changed = np.count_nonzero(reader.session.review.reading) - before
        assert newest.text(4) == f"{changed} vx"


def what_the_numbers_mean(reader: Reader, phantom_volume: CTVolume) -> None:
    session, models, findings = reader.session, reader.dock("AI models"), reader.dock("Findings")
    session.show(phantom_volume)
    settle(reader)
    reader.press(Qt.Key.Key_R)
    settle(reader)
    with step(
        "The name, version and first digits of the model's sha256 stand beside every result, and the device it ran on."
    ):
        assert models.state.text().startswith("Shown: default 1.0 (0123456)")
        assert findings.model.text().startswith("AI: default 1.0 (0123456), cpu")
    with step(
        "suspicion *72/100*",
        "how sure this model is of the class for the whole series, on a scale on which 50 is the threshold the "
        "model was validated with, whatever its probability; the bar's middle. The tooltip has the probabilities, "
        "and so do `report.json`, `report.html`, SEG and SR",
    ):
        assert findings.words["ischemia"].text() == "90/100 suspected"
        assert "Probability 0.9, threshold 0.5" in findings.bars["ischemia"].toolTip()
        assert "50 is the threshold the model was validated with" in findings.bars["ischemia"].toolTip()
    slider = models.sliders["ischemia"]
    with step(
        "*sensitivity*: *fewer*, *as validated*, *more*",
        "how readily a voxel belongs to the AI mask; at 50 as the model was validated. Moving it does not run the "
        "model again; its tooltip has the probability",
    ):
        assert slider.slider.value() == 50
        marked = [np.count_nonzero(reader.viewer.layers["AI"].data)]
        runs = session.models.prediction.seconds
        slider.slider.setFocus()
        for key in (Qt.Key.Key_End, Qt.Key.Key_Home):
            QTest.keyClick(slider.slider, key)
            settle(reader)
            marked.append(np.count_nonzero(reader.viewer.layers["AI"].data))
        assert marked[1] > marked[0] > marked[2], "more, as validated, fewer"
        assert session.models.prediction.seconds == runs
        assert "from probability" in slider.toolTip()
    window = reader.dock("Window and view")
    with step(
        "a bright line with a dark one inside",
        "the outline of a mask: one of the two stands out on any grey, also on a black infarct in the stroke "
        "window. *opacity* is that of the inside",
    ):
        reader.press(Qt.Key.Key_H)
        reader.drag(LEFT, (-60, 0), (-20, 10))
        layer = reader.viewer.layers["Reading"]
        before = layer.colormap.map(FILL_FROM + 2)[3], layer.colormap.map(2)[3]
        window.opacity.setFocus()
        QTest.keyClick(window.opacity, Qt.Key.Key_Home)
        settle(reader)
        assert session.settings.values.mask_opacity == pytest.approx(0.05)
        assert layer.colormap.map(FILL_FROM + 2)[3] < before[0]
        assert layer.colormap.map(2)[3] == before[1], "the lines stay"
    with step("*no geometry*", "the files give no positions: no ml, no NIfTI, 2D view only"):
        session.ask = lambda _question, answers: "discard" if "discard" in answers else answers[0]
        session.show(replace(phantom_volume, geometry=None, case_id="flat"))
        settle(reader)
        reader.press(Qt.Key.Key_H)
        reader.drag(LEFT, (-60, 0), (-20, 10))
        settle(reader)
        assert "No positions" in reader.dock("Correct and save").facts.whole
        assert "no volume, the series gives no geometry" in findings.totals.text()
        assert findings.table.item(0, 2).text().endswith(" vx")
