"""What goes into the network must come back to where it was: tested from the outside, whatever the steps inside."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from napari_cpam_stroke.config import PreprocessConfig, Window
from napari_cpam_stroke.core.head import HeadFrame, locate_head
from napari_cpam_stroke.core.preprocess import (
    codes_to_hu,
    context_channels,
    context_rows,
    describe_context,
    hu_to_codes,
    mask_input,
    network_input,
    resample_head,
    to_native,
    without_context,
)

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
        ([7.6 * i for i in range(12)], 5.0, [[0, 0, 1], [5, 6, 7], [10, 11, 11]]),
        ([7.7 * i for i in range(12)], 5.0, [[0, 0, 0], [6, 6, 6], [11, 11, 11]]),  # a gap
        ([5.0 * i + 4 * (i > 6) for i in range(12)], 5.0, [[0, 0, 1], [5, 6, 6], [10, 11, 11]]),  # a gap of 9 mm
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


def test_a_near_neighbour_counts_beside_one_beyond_reach() -> None:
    config = PreprocessConfig(context_slices=3, context_mm=5.0)
    assert context_rows(5, config, [2], [0.0, 8.0, 9.0, 10.0, 18.0]) == [[1, 2, 3]]


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


def test_what_lies_outside_the_head_is_blanked() -> None:
    hu = head()
    frame = locate_head(hu, SMALL)
    beside = ~frame.head[1] & (np.arange(hu.shape[2]) > 100)
    assert beside.sum() > 500
    holder = hu.copy()
    holder[:, beside] = 60
    np.testing.assert_array_equal(
        network_input(holder, frame, SMALL, [1]), network_input(hu, frame, SMALL, [1]), "a head holder must not show"
    )
    assert resample_head(hu, frame, SMALL, [1])[0, 32, 0] == 0, "blank is the lower end of clip_hu"


def whole(shape_yx: tuple[int, int], side: float) -> HeadFrame:
    """Return the square of some side in the middle of a slice, all of it head."""
    return HeadFrame(((shape_yx[0] - 1) / 2, (shape_yx[1] - 1) / 2), side, 0.0, np.ones((1, *shape_yx), dtype=bool))


def test_codes_are_the_nearest_step_and_come_back_within_half_of_one() -> None:
    config = PreprocessConfig(clip_hu=(-20.0, 107.5))  # steps of half a HU
    assert hu_to_codes(np.float32([-20, -19.76, -19.74, 0.2, 0.3, 107.5]), config).tolist() == [0, 0, 1, 40, 41, 255]
    assert hu_to_codes(np.float32([-1000, 3000]), config).tolist() == [0, 255]
    assert codes_to_hu(np.uint8([0, 1, 40, 255]), config).tolist() == [-20, -19.5, 0, 107.5]
    hu = np.linspace(-20, 107.5, 999, dtype=np.float32)
    assert np.abs(codes_to_hu(hu_to_codes(hu, config), config) - hu).max() <= 0.25 + 1e-4


def test_the_slices_outside_the_image_are_as_dark_as_air() -> None:
    hu = np.full((1, 32, 32), 40, np.int16)
    codes = resample_head(hu, whole((32, 32), 64.0), PreprocessConfig(size=64), [0])[0]
    assert codes[:14].max() == 0
    assert codes[32, 32] == round(60 * 255 / 120)


def test_neighbours_may_be_shown_in_windows_of_their_own() -> None:
    config = PreprocessConfig(
        clip_hu=(-20.0, 107.5),
        windows=(Window(40, 80), Window(30, 20)),
        context_slices=3,
        context_windows=(Window(40, 40),),
    )
    codes = hu_to_codes(np.float32([[[30]], [[20]], [[50]]]), config)
    assert config.channels == 4
    np.testing.assert_allclose(context_channels(codes, config)[:, 0, 0], [0.25, 0.25, 0, 0.75])


def test_each_window_is_cut_from_the_codes() -> None:
    config = PreprocessConfig(clip_hu=(-20.0, 107.5), windows=(Window(40, 80), Window(40, 40)))
    codes = hu_to_codes(np.float32([[[0, 20, 40, 80]]]), config)
    np.testing.assert_allclose(context_channels(codes, config)[:, 0], [[0, 0.25, 0.5, 1], [0, 0, 0.5, 1]])


def test_a_mask_on_the_grid_of_its_own_pixels_is_the_mask() -> None:
    mask = np.random.default_rng(0).integers(0, 3, (2, 48, 48)).astype(np.uint8)
    frame = whole((48, 48), 48.0)
    on_grid = mask_input(mask, frame, PreprocessConfig(size=48))
    assert on_grid.dtype == np.uint8
    np.testing.assert_array_equal(on_grid, mask)
    enlarged = mask_input(mask, whole((48, 48), 96.0), PreprocessConfig(size=96))
    assert enlarged[:, :24].max() == 0, "beyond the image there is background"


def test_output_on_the_native_grid_itself_is_unchanged() -> None:
    maps = np.random.default_rng(0).random((2, 3, 40, 40)).astype(np.float32)
    np.testing.assert_allclose(to_native(maps, whole((40, 40), 40.0), (40, 40)), maps, atol=1e-6)


@pytest.mark.parametrize(
    ("context", "words"),
    [
        ({}, "one slice at a time"),
        ({"context_slices": 3}, "3 slices at a time"),
        ({"context_slices": 3, "context_mm": 5}, "3 slices at a time, about 5 mm apart where positions are known"),
        (
            {"context_slices": 3, "context_windows": (Window(40, 40), Window(35, 8.5))},
            "3 slices at a time, the neighbours in 40/40, 35/8.5 HU",
        ),
        ({"context_slices": 3, "context_mm": 0}, "one slice at a time, repeated in the place of its neighbours"),
    ],
)
def test_what_a_network_is_shown_in_words(context: dict, words: str) -> None:
    assert describe_context(PreprocessConfig(**context)) == words


def test_without_context_a_slice_stands_in_for_its_neighbours() -> None:
    shown = without_context(PreprocessConfig(context_slices=3, context_mm=5.0))
    assert (shown.context_slices, shown.context_mm) == (3, 0)


def test_between_pixels_the_network_sees_no_steps() -> None:
    """Every native pixel of a slope of 10 HU becomes four: 2.5 HU each."""
    hu = np.broadcast_to(np.arange(-20, 100, 10, dtype=np.int16), (1, 12, 12)).copy()
    config = PreprocessConfig(size=48, clip_hu=(-20.0, 107.5))
    line = codes_to_hu(resample_head(hu, whole((12, 12), 12.0), config, [0])[0, 24, 4:-4], config)
    np.testing.assert_allclose(np.diff(line), 2.5, atol=0.51)


def test_no_slice_is_asked_for_beyond_the_series() -> None:
    config = PreprocessConfig(context_slices=5)
    assert context_rows(3, config, [0, 1, 2]) == [[0, 0, 0, 1, 2], [0, 0, 1, 2, 2], [0, 1, 2, 2, 2]]
    assert context_rows(1, config, [0]) == [[0] * 5]
