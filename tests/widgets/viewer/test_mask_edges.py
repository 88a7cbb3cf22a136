"""Edges of masks: where they lie, and that they are seen on every grey of every window."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import ndimage

from napari_cpam_stroke.config import WINDOW_PRESETS, Window
from napari_cpam_stroke.core import LesionClass, apply_window
from napari_cpam_stroke.widgets.viewer.mask_edges import DARK, FILL_FROM, with_edges

LEAST_CONTRAST = 3.0
"""What WCAG 2 asks of graphics (1.4.11)."""

BRAIN_TISSUE_HU = np.arange(-20, 101)


def luminance(srgb: np.ndarray) -> np.ndarray:
    """Relative luminance of (..., 3) sRGB of 0..1, as WCAG 2 defines it."""
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    return linear @ np.array([0.2126, 0.7152, 0.0722])


def contrast(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """WCAG contrast ratio, 1..21, of two luminances."""
    return (np.maximum(one, other) + 0.05) / (np.minimum(one, other) + 0.05)


def test_the_measure_is_that_of_wcag() -> None:
    black, white = luminance(np.zeros(3)), luminance(np.ones(3))
    assert contrast(black, white) == pytest.approx(21)
    assert luminance(np.full(3, 0x77 / 255)) == pytest.approx(0.1845, abs=1e-3)


@pytest.mark.parametrize("window", WINDOW_PRESETS.values(), ids=WINDOW_PRESETS)
@pytest.mark.parametrize("lesion_class", LesionClass, ids=lambda c: c.label)
@pytest.mark.parametrize("layer", ["ai", "reading"])
def test_an_edge_is_seen_on_every_grey(case: Any, layer: str, lesion_class: LesionClass, window: Window) -> None:
    layer = getattr(case.layers, layer)
    colours = {value: layer.colormap.color_dict[value] * [1, 1, 1, layer.opacity] for value in (lesion_class, DARK)}
    hu = np.unique(np.r_[BRAIN_TISSUE_HU, np.linspace(window.low, window.high, 256).round()])
    grey = np.repeat(apply_window(hu, window)[:, None], 3, axis=1).astype(float)
    lines = [luminance(rgba[3] * rgba[:3] + (1 - rgba[3]) * grey) for rgba in colours.values()]
    best = np.maximum(*(contrast(line, luminance(grey)) for line in lines))
    assert best.min() >= LEAST_CONTRAST
    assert contrast(*lines).min() >= LEAST_CONTRAST, "the two lines are told apart"


def blob() -> np.ndarray:
    labels = np.zeros((60, 50), np.uint8)
    labels[5:40, 8:30] = 1
    labels[20:50, 30:45] = 2
    return labels


@pytest.mark.parametrize("line", [1, 2])
def test_lines_lie_one_inside_the_other(line: int) -> None:
    labels = blob()
    shown = with_edges(labels, line=line, dark=1, fill=True)
    np.testing.assert_array_equal(shown != 0, labels != 0)
    for value in (1, 2):
        depth = ndimage.distance_transform_cdt(labels == value, metric="taxicab")
        np.testing.assert_array_equal(shown == value, (depth > 0) & (depth <= line))
        np.testing.assert_array_equal((shown == DARK) & (labels == value), depth == line + 1)
        np.testing.assert_array_equal(shown == FILL_FROM + value, depth > line + 1)
    outline = with_edges(labels, line=line, dark=1, fill=False)
    np.testing.assert_array_equal(outline, np.where(shown > DARK, 0, shown))


def test_what_is_painted_is_drawn_as_if_all_were_drawn_anew(case: Any) -> None:
    layer = case.layers.reading
    plane = np.zeros(layer.data.shape[1:], np.uint8)
    plane[20:60, 30:90] = 1
    whole = layer._calculate_contour(plane, (slice(0, plane.shape[0]), slice(0, plane.shape[1])))
    part = slice(18, 31), slice(28, 47)
    np.testing.assert_array_equal(layer._calculate_contour(plane, part), whole[part])


def test_a_layer_shows_edges_and_keeps_its_mask(case: Any) -> None:
    layer, z = case.layers.reading, case.layers.slice_index
    mask = np.zeros(case.layers.volume.shape[1:], np.uint8)
    mask[40:80, 40:80] = 2
    case.layers.replace({z: mask})
    assert set(np.unique(case.review.reading)) == {0, 2}
    seen = np.asarray(layer._slice.image.view)
    assert len(np.unique(seen)) == 4, "nothing, line, dark line, inside"
    case.view.set_style("contour")
    assert len(np.unique(np.asarray(layer._slice.image.view))) == 3
