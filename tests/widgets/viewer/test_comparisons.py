"""Helper layers beside a case, without a room around them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_cpam_stroke.config import Window
from napari_cpam_stroke.core import CTVolume
from napari_cpam_stroke.core.arrays import Mask
from napari_cpam_stroke.widgets.viewer.comparisons import DIFFERENCE, MIRROR, Comparisons, difference
from napari_cpam_stroke.widgets.viewer.layers import CaseLayers


class Beside:
    """Comparisons on a case, and what they ask for and say."""

    def __init__(self, viewer: ViewerModel, volume: CTVolume) -> None:
        self.ai: Mask | None = None
        self.flushed = 0
        self.said: list[str] = []
        self.mirrored = 0
        self.reading = np.zeros(volume.shape, dtype=np.uint8)
        self.layers = CaseLayers(viewer, volume, self.reading, Window(40, 80))
        self.comparisons = Comparisons(ai_mask=lambda: self.ai, flush=self._flush)
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


def test_the_mirror_tells_that_the_picture_is_wider(beside: Beside) -> None:
    beside.comparisons.toggle_mirror()
    mirror = beside.layers.extra[MIRROR]
    np.testing.assert_array_equal(mirror.data, beside.layers.original.data[:, :, ::-1])
    assert mirror.translate[2] > beside.layers.original.extent.world[1][2]
    beside.comparisons.toggle_mirror()
    assert beside.mirrored == 2
    assert not beside.comparisons.shown(MIRROR)


def test_a_voxel_of_another_class_is_no_longer_what_it_was() -> None:
    before, after = np.zeros((2, 1, 1, 3), dtype=np.uint8)
    before[..., :2], after[..., 1] = 1, 2
    assert difference(before, after).ravel().tolist() == [2, 2, 0]
