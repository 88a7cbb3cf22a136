"""Marking and measuring in anybody's layers: grids, spacing, values that are no HU, and the forms in a real window."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from napari.layers import Image, Labels
from napari.utils.notifications import notification_manager
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

import napari_cpam_stroke
from napari_cpam_stroke import measure, segment_stroke
from napari_cpam_stroke.core import CTVolume, measure_lesions
from napari_cpam_stroke.errors import BundleError, GeometryMismatchError, InputError
from napari_cpam_stroke.samples import phantom_volume as make_phantom
from napari_cpam_stroke.widgets.contributions.layer_functions import NO_SPACING
from napari_cpam_stroke.widgets.contributions.layer_volume import spacing_mm

SCALE = (5.0, 0.9, 0.8)


@pytest.fixture
def ct(phantom_volume: CTVolume) -> Image:
    return Image(phantom_volume.hu, name="head", scale=SCALE, translate=(1, 2, 3))


def marked(ct: Image) -> Labels:
    """Two lesions of ischemia, 4 x 5 x 2 and 1 voxel, and one of hemorrhage over two slices."""
    mask = np.zeros(ct.data.shape, np.uint8)
    mask[3, 10:14, 10:15], mask[4, 10:14, 10:15] = 1, 1
    mask[9, 40, 40] = 1
    mask[6:8, 60, 60:63] = 2
    return Labels(mask, name="marks")


def rows(table: dict[str, list[object]]) -> list[dict[str, object]]:
    return [dict(zip(table, row, strict=True)) for row in zip(*table.values(), strict=True)]


def test_lesions_and_classes_are_measured_with_the_scale_of_the_layer(ct: Image) -> None:
    voxel_ml = float(np.prod(SCALE)) / 1000
    found = rows(measure(marked(ct), ct))
    assert [(r["class"], r["lesion"], r["voxels"], r["slices"]) for r in found] == [
        ("ischemia", "all", 41, 3), ("ischemia", 1, 40, 2), ("ischemia", 2, 1, 1),
        ("hemorrhage", "all", 6, 2), ("hemorrhage", 1, 6, 2),
    ]  # fmt: skip
    assert [r["volume_ml"] for r in found] == pytest.approx([n * voxel_ml for n in (41, 40, 1, 6, 6)])
    assert [(r["first_slice"], r["last_slice"]) for r in found] == [(3, 9), (3, 4), (9, 9), (6, 7), (6, 7)]


def test_without_spacing_there_are_no_ml_and_a_warning(ct: Image, phantom_volume: CTVolume) -> None:
    plain = Image(phantom_volume.hu)
    with pytest.warns(UserWarning, match="no spacing"):
        table = measure(marked(plain), plain)
    assert set(table["volume_ml"]) == {None}
    assert table["voxels"][0] == 41
    labels = marked(plain)
    labels.scale = SCALE
    assert measure(labels, plain)["volume_ml"] == measure(marked(ct), ct)["volume_ml"], (
        "of the labels where they have it"
    )


@pytest.mark.parametrize(
    ("scale", "units", "expected"),
    [
        ((0.5, 0.09, 0.08), "cm", SCALE),
        ((5, 0.9, 0.8), "mm", SCALE),
        ((1, 1, 1), "mm", (1, 1, 1)),
        ((5, 0.9, 0.8), None, SCALE),
        ((1, 1, 1), None, None),
    ],
)
def test_spacing_is_taken_from_scale_and_units(
    scale: tuple[float, ...], units: str | None, expected: tuple[float, ...] | None
) -> None:
    found = spacing_mm(Image(np.zeros((3, 4, 5)), scale=scale, units=units))
    assert found == (None if expected is None else pytest.approx(expected))


def test_an_affine_is_refused(phantom_volume: CTVolume) -> None:
    turned = Image(phantom_volume.hu, affine=np.diag([2.0, 1, 1, 1]))
    with pytest.raises(InputError, match="affine matrix"):
        measure(marked(turned), turned)


def test_values_that_are_no_hu_are_refused_unless_one_insists(phantom_volume: CTVolume, predictor: Any) -> None:
    raw = Image(phantom_volume.hu + 1024, name="raw", scale=SCALE)
    for refused in (lambda: segment_stroke(raw), lambda: measure(marked(raw), raw)):
        with pytest.raises(InputError, match=r"'raw': .*do not look like Hounsfield.*hounsfield=True"):
            refused()
    assert measure(marked(raw), raw, hounsfield=True)["voxels"][0] == 41
    assert segment_stroke(raw, hounsfield=True)[2] == "labels"


@pytest.mark.parametrize(
    ("data", "options", "words"),
    [
        (np.zeros((5, 6, 3), np.uint8), {"rgb": True}, "no CT"),
        (np.zeros((2, 3, 4, 5)), {}, "no CT"),
        (np.full((3, 4, 5), 1e6), {}, "no Hounsfield units"),
        (np.full((3, 4, 5), np.nan), {"contrast_limits": (0, 1)}, "no Hounsfield units"),
    ],
)
def test_what_is_no_ct_is_refused(data: Any, options: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        segment_stroke(Image(data, **options))


def test_labels_of_another_grid_or_meaning_are_refused(ct: Image) -> None:
    with pytest.raises(GeometryMismatchError, match="different shapes"):
        measure(Labels(np.zeros((2, 3, 4), np.uint8)), ct)
    strange = marked(ct)
    strange.data[0, 0, 0] = 7
    with pytest.raises(InputError, match="'marks' holds values without a meaning, got 7"):
        measure(strange, ct)


def test_a_model_marks_on_the_grid_of_the_layer(ct: Image, predictor: Any) -> None:
    mask, settings, kind = segment_stroke(ct)
    layer = Labels(mask, **settings)
    assert kind == "labels"
    assert mask.shape == ct.data.shape
    assert mask.any()
    np.testing.assert_array_equal(layer.scale, ct.scale)
    np.testing.assert_array_equal(layer.translate, ct.translate)
    assert layer.metadata["model"]["name"] == "default"
    assert layer.metadata["probabilities"]["ischemia"] == pytest.approx(0.9)
    assert measure(layer, ct)["voxels"][0] == np.count_nonzero(mask)


def test_a_single_slice_is_a_layer_too(phantom_volume: CTVolume, predictor: Any) -> None:
    predictor.steps = 1
    one = Image(phantom_volume.hu[12].astype(np.float32), name="slice")
    mask = np.zeros(one.data.shape, np.uint8)
    mask[10, 10:13] = 2
    with pytest.warns(UserWarning, match="no spacing"):
        table = measure(Labels(mask), one)
    assert table["voxels"] == [0, 3, 3]


def test_no_model_of_that_name_is_one_sentence(ct: Image) -> None:
    with pytest.raises(BundleError):
        segment_stroke(ct, "nobodys")


def test_the_real_model_marks_the_synthetic_head(ct: Image, phantom_volume: CTVolume) -> None:
    small = make_phantom()
    mask, _, _ = segment_stroke(Image(small.hu, scale=(5.0, *small.geometry.pixel_spacing_mm)), device="cpu")
    assert mask.any()


def test_layers_of_an_open_case_stand_for_their_series(case: Any) -> None:
    case.layers.reading.paint((12, 60, 60), 1)
    case.flush()
    found = rows(measure(case.layers.reading, case.viewer.layers["Original"]))
    table = measure_lesions(case.review.reading, case.review.volume)
    assert found[0]["volume_ml"] == pytest.approx(table.volumes_ml["ischemia"])
    assert found[0]["first_slice"] == 12


def test_the_public_names_load_no_napari_by_themselves() -> None:
    import subprocess
    import sys

    code = "import sys, napari_cpam_stroke; print('napari' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
    with pytest.raises(AttributeError, match="nothing"):
        _ = napari_cpam_stroke.nothing


@pytest.fixture
def window(make_napari_viewer: Callable[..., Any], phantom_volume: CTVolume) -> Any:
    viewer = make_napari_viewer()
    viewer.add_image(phantom_volume.hu, name="head", scale=SCALE)
    return viewer


def form_of(viewer: Any, title: str) -> Any:
    _, form = viewer.window.add_plugin_dock_widget("napari-cpam-stroke", title)
    return form


def click(button: Any) -> None:
    QTest.mouseClick(button.native, Qt.MouseButton.LeftButton)


def test_the_form_runs_the_model_and_adds_the_layer(window: Any, predictor: Any, qtbot: Any) -> None:
    form = form_of(window, "Segment a layer")
    assert form.image.value is window.layers["head"]
    assert form.device.choices == ("auto", "cpu", "cuda", "mps")
    click(form.call_button)
    assert not form.call_button.enabled
    qtbot.waitUntil(lambda: "head stroke" in window.layers, timeout=10_000)
    qtbot.waitUntil(lambda: form.call_button.enabled)
    assert form.call_button.text == "Segment"
    assert (window.layers["head stroke"].data == 1).any()


def test_the_form_fills_a_table(window: Any) -> None:
    form = form_of(window, "Measure a layer")
    assert all(field.tooltip for field in form[0] if field.name != "call_button")
    window.add_labels(marked(window.layers["head"]).data)
    click(form[0].call_button)
    assert list(form["table"].column_headers)[:3] == ["class", "lesion", "volume_ml"]
    assert form["table"].shape == (5, 7)
    assert form["table"].data[0, 6] == 41


def test_a_form_says_what_is_missing_or_wrong_in_one_sentence(window: Any, phantom_volume: CTVolume) -> None:
    form = form_of(window, "Measure a layer")
    click(form[0].call_button)
    assert "labels layer, first." in notification_manager.records[-1].message
    window.layers["head"].data = phantom_volume.hu + 1024
    window.add_labels(marked(window.layers["head"]).data)
    click(form[0].call_button)
    assert "do not look like Hounsfield units" in notification_manager.records[-1].message
    form[0].hounsfield.value = True
    window.layers["head"].scale = (1, 1, 1)
    click(form[0].call_button)
    assert form["table"].shape == (5, 7)
    assert any(NO_SPACING in str(n.message) for n in list(notification_manager.records)[-3:])
