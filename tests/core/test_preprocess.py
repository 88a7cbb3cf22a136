"""What goes into the network must come back to where it was: tested from the outside, whatever the steps inside."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from napari_cpam_stroke.config import PreprocessConfig, Window
from napari_cpam_stroke.core.head import locate_head
from napari_cpam_stroke.core.preprocess import context_rows, mask_input, network_input, to_native

SMALL = PreprocessConfig(size=64)


def head(
    shape: tuple[int, int, int] = (4, 128, 120), *, centre=(60.0, 62.0), axes=(44.0, 34.0), degrees: float = 0.0
) -> np.ndarray:
    """Return a turned elliptic head with a skull in air, with noise."""
    _, y, x = shape
    angle = np.radians(degrees)
    dy, dx = np.mgrid[:y, :x] - np.asarray(centre)[:, None, None]
    along, across = np.cos(angle) * dy - np.sin(angle) * dx, np.sin(angle) * dy + np.cos(angle) * dx
    radius = np.hypot(along / axes[0], across / axes[1])
    slice_hu = np.select([radius < 0.85, radius < 1.0], [32.0, 900.0], -1000.0)
    noise = np.random.default_rng(0).normal(0, 2, shape) * (radius < 1)
    return (slice_hu[None] + noise).astype(np.int16)


def blob(shape: tuple[int, int], centre: tuple[float, float], radius: float) -> np.ndarray:
    y, x = np.ogrid[: shape[0], : shape[1]]
    return ((y - centre[0]) ** 2 + (x - centre[1]) ** 2 <= radius**2).astype(np.uint8)


@settings(max_examples=25, deadline=None)
@given(
    st.tuples(st.floats(40, 80), st.floats(45, 75)),
    st.floats(-20, 20),
    st.floats(4, 9),
    st.tuples(st.floats(-15, 15), st.floats(-10, 10)),
    st.sampled_from([48, 64, 96]),
    st.booleans(),
)
def test_a_blob_comes_back_to_where_it_was(centre, degrees, radius, offset, size, align) -> None:
    config = PreprocessConfig(size=size, align_midline=align)
    hu = head(centre=centre, degrees=degrees)
    mask = np.stack([blob(hu.shape[1:], (centre[0] + offset[0], centre[1] + offset[1]), radius)] * len(hu))
    frame = locate_head(hu, config)
    on_grid = mask_input(mask, frame, config)
    native = to_native((on_grid[:, None] > 0).astype(np.float32), frame, hu.shape[1:])[:, 0]
    assert native.shape == mask.shape
    for back, drawn in zip(native, mask, strict=True):
        found = np.array(ndimage.center_of_mass(back >= 0.5))
        np.testing.assert_allclose(found, ndimage.center_of_mass(drawn), atol=1.0)
        half_a_grid_pixel = frame.side / size / 2
        assert (back >= 0.5).sum() == pytest.approx(drawn.sum(), abs=2 * np.pi * radius * half_a_grid_pixel)


def test_image_and_mask_lie_on_the_same_grid() -> None:
    hu = np.minimum(head(degrees=12), 40)
    mask = np.stack([blob(hu.shape[1:], (50, 70), 8)] * len(hu))
    hu[mask > 0] = 75
    frame = locate_head(hu, SMALL)
    bright = network_input(hu, frame, SMALL, range(len(hu)))[:, 0] > 0.7
    inner = ndimage.binary_erosion(mask_input(mask, frame, SMALL)[0], iterations=1)
    around = ndimage.binary_dilation(mask_input(mask, frame, SMALL)[0], iterations=1)
    assert bright[0][inner].all()
    assert not (bright[0] & ~around).any()


def test_output_is_zero_outside_the_square() -> None:
    hu = head(centre=(60, 60), axes=(30, 24))
    frame = locate_head(hu, SMALL)
    native = to_native(np.ones((len(hu), 2, 64, 64), np.float32), frame, hu.shape[1:])
    assert native.shape == (len(hu), 2, *hu.shape[1:])
    assert native.dtype == np.float32
    assert native[:, :, :10].max() == 0
    assert native[:, :, 60, 60].min() == pytest.approx(1.0)


@pytest.mark.parametrize("context", [1, 3, 5])
def test_channels_are_windows_slice_by_slice(context: int) -> None:
    config = PreprocessConfig(size=32, context_slices=context, windows=(Window(40, 80), Window(40, 40)))
    hu = np.stack([head((1, 64, 64), centre=(32, 32), axes=(24, 20))[0] + 5 * z for z in range(4)]).astype(np.int16)
    frame = locate_head(hu, config)
    batch = network_input(hu, frame, config, [0, 2])
    assert batch.shape == (2, 2 * context, 32, 32)
    assert batch.dtype == np.float32
    assert batch.min() >= 0
    assert batch.max() <= 1
    single = PreprocessConfig(size=32, windows=config.windows)
    half = context // 2
    for row, z in zip(batch, (0, 2), strict=True):
        for k in range(context):
            neighbour = min(max(z + k - half, 0), 3)
            alone = network_input(hu, frame, single, [neighbour])[0]
            np.testing.assert_array_equal(row[2 * k : 2 * k + 2], alone)


@pytest.mark.parametrize(
    ("places", "context_mm", "expected"),
    [
        (range(12), 5.0, [[0, 0, 5], [1, 6, 11], [6, 11, 11]]),  # 1 mm: five slices on
        ([5.0 * i for i in range(12)], 5.0, [[0, 0, 1], [5, 6, 7], [10, 11, 11]]),
        ([7.0 * i for i in range(12)], 5.0, [[0, 0, 1], [5, 6, 7], [10, 11, 11]]),
        ([30.0 * i for i in range(12)], 5.0, [[0, 0, 0], [6, 6, 6], [11, 11, 11]]),  # nearer to itself than to others
        (range(12), None, [[0, 0, 1], [5, 6, 7], [10, 11, 11]]),
        ((), 5.0, [[0, 0, 1], [5, 6, 7], [10, 11, 11]]),
        (range(12), 0.0, [[0, 0, 0], [6, 6, 6], [11, 11, 11]]),
        ((), 0.0, [[0, 0, 0], [6, 6, 6], [11, 11, 11]]),
    ],
)
def test_context_lies_so_many_millimetres_away(places, context_mm, expected) -> None:
    config = PreprocessConfig(context_slices=3, context_mm=context_mm)
    assert context_rows(12, config, [0, 6, 11], list(places)) == expected


def test_context_of_an_uneven_series_is_the_nearest_slice() -> None:
    config = PreprocessConfig(context_slices=5, context_mm=5.0)
    places = [0.0, 4.0, 8.0, 15.0, 22.0, 23.08, 24.16]
    assert context_rows(7, config, [2, 4], places) == [[0, 1, 2, 3, 3], [3, 3, 4, 6, 6]]


def test_a_slice_does_not_depend_on_which_others_are_asked_for() -> None:
    hu = head()
    frame = locate_head(hu, SMALL)
    together = network_input(hu, frame, SMALL, range(len(hu)))
    for z in range(len(hu)):
        np.testing.assert_array_equal(together[z], network_input(hu, frame, SMALL, [z])[0])


def test_batches_of_a_series_resample_each_slice_once(monkeypatch) -> None:
    from napari_cpam_stroke.core import preprocess

    hu, config = head((12, 64, 64), centre=(32, 32), axes=(24, 20)), PreprocessConfig(size=32, context_slices=3)
    frame, resampled = locate_head(hu, config), []
    own = preprocess.resample_head

    def counted(hu, frame, config, indices):
        resampled.extend(indices)
        return own(hu, frame, config, indices)

    monkeypatch.setattr(preprocess, "resample_head", counted)
    shown = preprocess.SeriesInput(hu, frame, config)
    batches = np.concatenate([shown(range(at, at + 4)) for at in (0, 4, 8)])
    assert sorted(resampled) == list(range(12))
    np.testing.assert_array_equal(batches, network_input(hu, frame, config, range(12)))


@pytest.mark.parametrize("kept", [(-20, 100), (0, 255), (-100, 300)])
def test_a_source_that_kept_only_a_window_looks_alike(kept: tuple[int, int]) -> None:
    config = PreprocessConfig(size=64, clip_hu=(0, 80))
    hu = head()
    clipped = np.clip(hu, *kept).astype(np.int16)
    full = network_input(hu, locate_head(hu, config), config, [1])
    part = network_input(clipped, locate_head(clipped, config), config, [1])
    assert np.abs(full - part).mean() < 0.01


def test_input_is_left_as_it_was() -> None:
    hu = head()
    before = hu.copy()
    network_input(hu, locate_head(hu, SMALL), SMALL, [0, 1])
    np.testing.assert_array_equal(hu, before)


@pytest.mark.parametrize("hu", [np.full((2, 40, 50), -1000, np.int16), np.full((2, 40, 50), 30, np.int16)])
def test_no_head_in_air_or_in_water_still_gives_the_whole_slice(hu: np.ndarray) -> None:
    config = PreprocessConfig(size=32)
    frame = locate_head(hu, config)
    assert frame.side >= 50 - 1
    assert network_input(hu, frame, config, [0, 1]).shape == (2, 3, 32, 32)


def test_without_crop_the_whole_field_of_view_is_used() -> None:
    hu = head()
    frame = locate_head(hu, PreprocessConfig(size=64, crop_to_head=False))
    assert frame.side == 128
    assert frame.head.all()
    assert frame.degrees == 0


@pytest.mark.parametrize("degrees", [-16.0, -5.0, 0.0, 8.0, 20.0])
def test_aligned_input_is_symmetric(degrees: float) -> None:
    hu = head(degrees=degrees, centre=(63, 57))
    aligned = network_input(hu, locate_head(hu, SMALL), SMALL, [1])[0, 0]
    asymmetry = np.abs(aligned - aligned[:, ::-1]).mean()
    assert asymmetry < 0.06
    if abs(degrees) > 4:
        plain = PreprocessConfig(size=64, align_midline=False)
        crooked = network_input(hu, locate_head(hu, plain), plain, [1])[0, 0]
        assert asymmetry < np.abs(crooked - crooked[:, ::-1]).mean()


def test_one_square_for_the_whole_series() -> None:
    hu = head((6, 128, 120))
    hu[0] = -1000
    frame = locate_head(hu, SMALL)
    assert frame.head.shape == hu.shape
    assert not frame.head[0].any()
    alone = locate_head(hu[2:3], SMALL)
    assert frame.side == pytest.approx(alone.side, abs=8)
