"""Helper layers beside a case, without a room around them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_cpam_stroke.config import Window
from napari_cpam_stroke.core import CTVolume
from napari_cpam_stroke.core.arrays import Mask
from napari_cpam_stroke.core.volume import AIR_HU
from napari_cpam_stroke.widgets.viewer.case_midline import CaseMidline
from napari_cpam_stroke.widgets.viewer.comparisons import DIFFERENCE, MIRROR, Comparisons, difference
from napari_cpam_stroke.widgets.viewer.layers import CaseLayers

ASIDE_PX = 15
"""How far a head lies beside the middle of its picture."""


class Beside:
    """Comparisons on a case, and what they ask for and say."""

    def __init__(self, viewer: ViewerModel, volume: CTVolume) -> None:
        self.ai: Mask | None = None
        self.flushed = 0
        self.said: list[str] = []
        self.mirrored = 0
        self.reading = np.zeros(volume.shape, dtype=np.uint8)
        self.layers = CaseLayers(viewer, volume, self.reading, Window(40, 80))
        self.midline = CaseMidline()
        self.midline.attach(self.layers)
        self.comparisons = Comparisons(ai_mask=lambda: self.ai, flush=self._flush, midline=self.midline)
        self.comparisons.said.connect(self.said.append)
        self.comparisons.mirrored.connect(self._mirror)
        self.comparisons.attach(self.layers)

    def _flush(self) -> None:
        self.flushed += 1

    def _mirror(self) -> None:
        self.mirrored += 1


@pytest.fixture
def beside(viewer: ViewerModel, phantom_volume: CTVolume) -> Iterator[Beside]:
    made = Beside(viewer, phantom_volume)
    yield made
    viewer.layers.clear()


def test_without_a_result_there_is_nothing_to_compare_with(beside: Beside) -> None:
    beside.comparisons.toggle_difference()
    assert "no AI result" in beside.said[-1]
    assert not beside.comparisons.shown(DIFFERENCE)


def test_the_difference_is_what_the_reader_added_and_took_away(beside: Beside) -> None:
    beside.ai = np.zeros_like(beside.reading)
    beside.ai[3, 10, 10] = beside.ai[3, 10, 11] = 1
    beside.reading[3, 10, 11] = 1
    beside.reading[4, 20, 20] = 2
    beside.comparisons.toggle_difference()
    shown = beside.layers.turned(beside.layers.extra[DIFFERENCE].data)
    assert beside.flushed == 1, "no stroke is missed"
    assert {tuple(at): int(shown[tuple(at)]) for at in np.argwhere(shown)} == {(3, 10, 10): 2, (4, 20, 20): 1}
    beside.comparisons.toggle_difference()
    assert not beside.comparisons.shown(DIFFERENCE)
    assert beside.said[-1] == ""


def head_columns(picture: np.ndarray) -> list[int]:
    """The first and the last column, as displayed, in which bone is seen."""
    return [int(edge) for edge in np.flatnonzero((picture > 300).any(axis=(0, 1)))[[0, -1]]]


def test_the_head_is_mirrored_about_its_own_midline_and_not_the_pictures(
    viewer: ViewerModel, phantom_volume: CTVolume, qtbot: Any
) -> None:
    hu = np.full_like(phantom_volume.hu, AIR_HU)
    hu[:, :, ASIDE_PX:] = phantom_volume.hu[:, :, :-ASIDE_PX]
    beside = Beside(viewer, replace(phantom_volume, hu=hu))
    beside.comparisons.toggle_mirror()
    qtbot.waitUntil(lambda: beside.comparisons.shown(MIRROR), timeout=20_000)
    original, mirror = beside.layers.original, beside.layers.extra[MIRROR]
    np.testing.assert_allclose(head_columns(mirror.data), head_columns(np.asarray(original.data)), atol=2)
    inside = (np.asarray(original.data) > -20) & (np.asarray(original.data) < 90)
    assert np.abs(mirror.data.astype(float) - original.data)[inside].mean() < 15, "one half beside the other"
    viewer.layers.clear()


def test_the_mirror_tells_that_the_picture_is_wider(beside: Beside, qtbot: Any) -> None:
    beside.comparisons.toggle_mirror()
    qtbot.waitUntil(lambda: beside.comparisons.shown(MIRROR), timeout=20_000)
    assert beside.mirrored == 1
    mirror = beside.layers.extra[MIRROR]
    assert mirror.translate[2] > beside.layers.original.extent.world[1][2]
    beside.comparisons.toggle_mirror()
    assert beside.mirrored == 2
    assert not beside.comparisons.shown(MIRROR)


def test_a_mirror_that_is_no_longer_wanted_does_not_come(beside: Beside, qtbot: Any) -> None:
    came: list[object] = []
    beside.comparisons.toggle_mirror()
    beside.comparisons.toggle_mirror()
    beside.midline.ask_mirrored(came.append)
    qtbot.waitUntil(lambda: bool(came), timeout=20_000)
    assert not beside.comparisons.shown(MIRROR)


def test_where_the_midline_cannot_be_found_it_is_said_and_tried_again(
    beside: Beside, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    beside.midline.said.connect(said.append)
    with monkeypatch.context() as broken, qtbot.waitSignal(beside.midline.failed, timeout=20_000):
        broken.setattr("napari_cpam_stroke.core.editing.find_midline", lambda _: 1 / 0)
        beside.comparisons.toggle_mirror()
    assert "ZeroDivisionError" in said[-1]
    beside.comparisons.toggle_mirror()
    qtbot.waitUntil(lambda: beside.comparisons.shown(MIRROR), timeout=20_000)


def test_a_voxel_of_another_class_is_no_longer_what_it_was() -> None:
    before, after = np.zeros((2, 1, 1, 3), dtype=np.uint8)
    before[..., :2], after[..., 1] = 1, 2
    assert difference(before, after).ravel().tolist() == [2, 2, 0]
