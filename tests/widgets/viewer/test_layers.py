"""Native arrays and what napari shows of them, over every orientation."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_cpam_stroke.config import Window
from napari_cpam_stroke.core import CTVolume, VolumeGeometry, editing
from napari_cpam_stroke.widgets.viewer.layers import CaseLayers

SHAPE = (5, 12, 16)


def oriented_volume(flips: tuple[bool, bool, bool]) -> CTVolume:
    """An array whose axes run against the display where `flips` says so; the handedness of z follows."""
    _, y, x = (-1 if flip else 1 for flip in flips)
    row, column = np.array([x, 0, 0.0]), np.array([0, y, 0.0])
    normal = np.cross(row, column)
    positions = np.outer(np.arange(SHAPE[0]) * 5.0, normal) + np.array([3.0, 4.0, 100.0])
    geometry = VolumeGeometry(positions, row, column, (0.5, 0.75), np.full(SHAPE[0], 5.0))
    hu = np.arange(np.prod(SHAPE), dtype=np.int16).reshape(SHAPE)
    return CTVolume(hu=hu, geometry=geometry, case_id="made")


@pytest.fixture(params=list(product((False, True), repeat=2)), ids=str)
def layers(request: pytest.FixtureRequest) -> Iterator[CaseLayers]:
    volume = oriented_volume((False, *request.param))
    viewer = ViewerModel()
    yield CaseLayers(viewer, volume, np.zeros(SHAPE, dtype=np.uint8), Window(40, 80))
    viewer.layers.clear()


def test_a_painted_voxel_lands_where_the_patient_has_it(layers: CaseLayers) -> None:
    native = (1, 3, 5)
    world = layers.world_of(native)
    x, y, z = layers.volume.geometry.index_to_patient([native])[0]
    np.testing.assert_allclose(world, (z, y, x))
    layers.reading.brush_size = 1
    layers.reading.paint(layers.reading.world_to_data(world), 1)
    assert np.argwhere(layers.reading_mask).tolist() == [list(native)]


@pytest.mark.parametrize("taken_over", [False, True])
def test_picture_and_masks_are_views_of_the_native_arrays(layers: CaseLayers, taken_over: bool) -> None:
    prediction = (np.arange(np.prod(SHAPE)).reshape(SHAPE) % 3).astype(np.uint8)
    if taken_over:
        viewer, reading = layers._viewer, np.zeros(SHAPE, dtype=np.uint8)
        viewer.layers.selection.active = None
        layers = CaseLayers(viewer, oriented_volume((False, True, False)), reading, Window(40, 80), reuse=layers)
    layers.set_prediction(prediction)
    shown = ((layers.original, layers.volume.hu), (layers.ai, prediction), (layers.reading, layers.reading_mask))
    for layer, native in shown:
        assert np.shares_memory(layer.data, native)
        for index in ((0, 0, 0), (1, 3, 5), (4, 11, 15)):
            place = tuple(np.round(layer.world_to_data(layers.world_of(index))).astype(int))
            assert layer.data[place] == native[index]


def test_world_and_native_index_are_inverse(layers: CaseLayers) -> None:
    for native in ((0, 0, 0), (4, 11, 15), (2, 7, 1)):
        assert layers.index_at(layers.world_of(native)) == native
    assert layers.index_at((1e4, 0, 0)) is None


def test_the_shown_slice_is_the_native_one(layers: CaseLayers) -> None:
    for z in range(SHAPE[0]):
        layers.go_to_slice(z)
        assert layers.slice_index == z


def test_an_edit_is_one_undo_step_in_place(layers: CaseLayers) -> None:
    array = layers.reading_mask
    layers.apply(editing.paint(array, layers.volume, (2, 6, 8), 2, radius_mm=2, ball=True))
    assert (array == 2).any()
    assert layers.changed_slices() == [2]
    layers.reading.undo()
    assert not array.any()
    assert layers.changed_slices() == [2]


def test_replacing_the_whole_mask_can_be_undone(layers: CaseLayers) -> None:
    wanted = np.zeros(SHAPE, dtype=np.uint8)
    wanted[3, 2:5, 1:4] = 1
    assert layers.replace(dict(enumerate(wanted)))
    np.testing.assert_array_equal(layers.reading_mask, wanted)
    assert not layers.replace(dict(enumerate(wanted)))
    layers.reading.undo()
    assert not layers.reading_mask.any()
