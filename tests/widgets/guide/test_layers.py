"""Layers of your own: two forms without the reading room, and the same in Python."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from napari.utils.notifications import notification_manager
from qtpy.QtTest import QTest

from napari_cpam_stroke.core import CTVolume

from .reader import Reader, menu_entries
from .sentences import GUIDE, step

SCALE = (5.0, 0.9, 0.8)


def form_of(reader: Reader, *path: str) -> Any:
    reader.menu(*path)
    return reader.viewer.window.dock_widgets[f"{path[-1]} (CPAM stroke)"]


def last_words() -> str:
    return str(notification_manager.records[-1].message)


def test_forms_for_any_layers(
    start: Callable[[], Reader], predictor: Any, phantom_volume: CTVolume, qtbot: Any
) -> None:
    reader = start()
    layers = reader.viewer.layers
    reader.viewer.add_image(phantom_volume.hu, name="head", scale=SCALE)
    with step(
        "Two forms work on any layers of napari, without the reading room (*Layers > Segment*, *Layers > Measure*, "
        "or *Plugins > CPAM stroke*):"
    ):
        entries = [path[:2] for path in menu_entries(reader.viewer) if path[-1].startswith(("Segment a", "Measure a"))]
        assert sorted(entries) == sorted(
            [("Plugins", "CPAM stroke")] * 2 + [("Layers", "Segment"), ("Layers", "Measure")]
        )
        segment = form_of(reader, "Layers", "Segment", "Segment a layer")
        assert segment.native.isVisible()
        assert "Findings" not in reader.viewer.window.dock_widgets
    with step(
        "Segment a layer: an image layer with a head CT in HU, (slices, rows, columns), becomes a labels layer: 1 "
        "ischemia, 2 hemorrhage."
    ):
        assert segment.image.value is layers["head"]
        reader.click(segment.call_button.native)
        qtbot.waitUntil(lambda: "head stroke" in layers, timeout=20_000)
        assert set(np.unique(layers["head stroke"].data)) == {0, 1}
    measure = form_of(reader, "Layers", "Measure", "Measure a layer")
    press = measure[0].call_button.native
    with step(
        "Measure a layer: a labels layer on a CT becomes a table: ml, slices and voxels of each class and of each "
        "lesion. The spacing is the scale of one of the layers, in its unit or in mm;"
    ):
        assert measure[0]["labels"].value is layers["head stroke"]
        reader.click(press)
        table = measure["table"]
        heads, rows = list(table.column_headers), [list(row) for row in table.data]
        found = [dict(zip(heads, row, strict=True)) for row in rows]
        voxels = int(np.count_nonzero(layers["head stroke"].data))
        assert found[0]["class"] == "ischemia"
        assert found[0]["voxels"] == voxels
        assert found[0]["volume_ml"] == pytest.approx(voxels * np.prod(SCALE) / 1000)
        assert found[0]["slices"] == 2
    with step("where neither has one, there are no ml, and a message says so."):
        layers["head"].scale = layers["head stroke"].scale = (1, 1, 1)
        reader.click(press)
        QTest.qWait(50)
        assert "no spacing" in last_words()
        assert measure["table"].data[0][heads.index("volume_ml")] in {None, "None", ""}
    with step("Values that do not look like Hounsfield units of a head are refused; *values are HU* insists."):
        layers["head"].data = phantom_volume.hu + 1024
        reader.click(press)
        assert "do not look like Hounsfield units" in last_words()
        assert measure[0].hounsfield.native.text() == "values are HU" or measure[0].hounsfield.label == "values are HU"
        reader.tick(measure[0].hounsfield.native)
        before = len(notification_manager.records)
        reader.click(press)
        told = [str(each.message) for each in list(notification_manager.records)[before:]]
        assert not any("Hounsfield" in each for each in told)


def test_the_same_in_python(make_napari_viewer: Callable[..., Any], predictor: Any, phantom_volume: CTVolume) -> None:
    viewer = make_napari_viewer()
    viewer.add_image(phantom_volume.hu, name="head", scale=SCALE)
    (program,) = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    with step("The same in Python:"):
        names = {"viewer": viewer}
        exec(program, names)  # noqa: S102 - the guide's own lines
        assert set(np.unique(names["marked"].data)) == {0, 1}
        assert names["table"]["class"][0] == "ischemia"
