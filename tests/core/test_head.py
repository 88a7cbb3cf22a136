"""The square around the head: what counts as head, where the square lies, and how a slice is sampled on it."""

from __future__ import annotations

import numpy as np
import pytest

from napari_cpam_stroke.config import PreprocessConfig
from napari_cpam_stroke.core.head import HeadFrame, locate_head, sample

UPRIGHT = PreprocessConfig(size=64, align_midline=False, margin=0.0)


def disc(shape: tuple[int, int], centre: tuple[float, float], radius: float) -> np.ndarray:
    y, x = np.ogrid[: shape[0], : shape[1]]
    return (y - centre[0]) ** 2 + (x - centre[1]) ** 2 <= radius**2


def round_head(
    shape: tuple[int, int] = (160, 144), centre: tuple[float, float] = (75.5, 67.5), radius: float = 48.0, hu: int = 30
) -> np.ndarray:
    """Return two slices of a round head in air."""
    return np.where(disc(shape, centre, radius), hu, -1000)[None].repeat(2, axis=0).astype(np.int16)


def frame_of(shape: tuple[int, int], side: float, *, degrees: float = 0.0) -> HeadFrame:
    middle = ((shape[0] - 1) / 2, (shape[1] - 1) / 2)
    return HeadFrame(middle, side, degrees, np.ones((1, *shape), dtype=bool))


def test_the_square_holds_the_head_and_little_more() -> None:
    frame = locate_head(round_head(), UPRIGHT)
    np.testing.assert_allclose(frame.centre_yx, (75.5, 67.5), atol=1)
    assert frame.degrees == 0
    assert 96 <= frame.side <= 96 + 12, "at most a step of the coarse search on either side"


def test_the_margin_is_a_share_of_the_head_on_either_side() -> None:
    plain = locate_head(round_head(), UPRIGHT)
    wide = locate_head(round_head(), PreprocessConfig(size=64, align_midline=False, margin=0.2))
    assert wide.side == pytest.approx(1.4 * plain.side)
    assert wide.centre_yx == plain.centre_yx


def test_a_long_head_decides_by_its_longer_side() -> None:
    y, x = np.mgrid[:160, :144]
    long = np.where(np.hypot((y - 80) / 64, (x - 70) / 40) < 1, 30, -1000)[None].astype(np.int16)
    assert locate_head(long, UPRIGHT).side == pytest.approx(128, abs=8)
    assert locate_head(long.swapaxes(1, 2).copy(), UPRIGHT).side == pytest.approx(128, abs=8)


def test_fluid_inside_the_head_belongs_to_it() -> None:
    hu = round_head()
    ventricle = disc(hu.shape[1:], (75, 67), 20)
    hu[:, ventricle] = 2
    assert locate_head(hu, UPRIGHT).head[:, ventricle].all()


def test_the_head_is_followed_slice_by_slice_to_within_a_step() -> None:
    hu = round_head(shape=(101, 90), centre=(50, 44), radius=36)
    hu[1] = np.where(disc((101, 90), (50, 44), 20), 30, -1000)
    head = locate_head(hu, UPRIGHT).head
    assert head.shape == hu.shape
    for found, radius in zip(head, (36, 20), strict=True):
        assert found[disc((101, 90), (50, 44), radius - 4)].all()
        assert not found[~disc((101, 90), (50, 44), radius + 8)].any()


@pytest.mark.parametrize(("head_hu", "around_hu"), [(6, -1000), (30, 5)])
def test_tissue_is_denser_than_five_hu(head_hu: int, around_hu: int) -> None:
    hu = round_head(hu=head_hu)
    hu[hu == -1000] = around_hu
    assert locate_head(hu, UPRIGHT).side < 110


def test_the_largest_piece_is_the_head() -> None:
    hu = round_head(shape=(160, 144), centre=(70, 50), radius=40)
    before = locate_head(hu, UPRIGHT)
    hu[:, 120:156, 100:140] = 40  # a shoulder, or a phantom on the table
    after = locate_head(hu, UPRIGHT)
    assert (after.centre_yx, after.side) == (before.centre_yx, before.side)
    assert not after.head[:, 125:, 105:].any()


def test_specks_and_thin_lines_are_no_head() -> None:
    hu = round_head()
    before = locate_head(hu, UPRIGHT)
    hu[:, 75, :] = 60  # a line through the head, one pixel of the coarse search wide
    hu[:, 4:8, 4:8] = 60
    assert locate_head(hu, UPRIGHT).side == before.side


@pytest.mark.parametrize(("radius", "found"), [(13, False), (22, True)])
def test_a_head_smaller_than_a_fiftieth_of_the_slice_is_noise(radius: float, found: bool) -> None:
    hu = round_head(shape=(240, 200), centre=(120, 100), radius=radius)
    frame = locate_head(hu, UPRIGHT)
    assert (frame.side < 200) is found
    if not found:
        assert (frame.centre_yx, frame.side, frame.degrees) == ((119.5, 99.5), 240, 0)
        assert frame.head.all()


def test_the_square_is_centred_on_the_midline() -> None:
    y, x = np.mgrid[:160, :144]
    hu = np.where(np.hypot((y - 80) / 44, (x - 70) / 50) < 1, 30, -1000)
    hu = np.where(np.hypot((y - 80) / 44, (x - 70) / 50) < 0.9, hu, np.where(hu > 0, 900, hu))
    hu[66:94, 118:132] = 900  # a device on one side
    frame = locate_head(hu[None].astype(np.int16), PreprocessConfig(size=64))
    assert frame.centre_yx[1] == pytest.approx(70, abs=1.5)
    upright = locate_head(hu[None].astype(np.int16), PreprocessConfig(size=64, align_midline=False))
    assert upright.centre_yx[1] > 72.5
    assert frame.side > upright.side, "what lies off the middle must still fit in"


@pytest.mark.parametrize("degrees", [0.0, 30.0])
def test_grid_and_native_pixels(degrees: float) -> None:
    matrix, offset = frame_of((101, 101), 60.0, degrees=degrees).grid_to_native(20)
    np.testing.assert_allclose(matrix @ (9.5, 9.5) + offset, (50, 50))
    angle = np.radians(degrees)
    right, down = matrix @ (0, 1), matrix @ (1, 0)
    np.testing.assert_allclose(right, 3 * np.array([np.sin(angle), np.cos(angle)]), atol=1e-12)
    np.testing.assert_allclose(down, 3 * np.array([np.cos(angle), -np.sin(angle)]), atol=1e-12)


def test_detail_finer_than_the_grid_is_averaged_and_not_aliased() -> None:
    stripes = np.zeros((128, 128), np.float32)
    stripes[::2] = 100
    inner = sample(stripes, frame_of((128, 128), 128.0), 40, order=1, outside=0)[4:-4, 4:-4]
    assert np.abs(inner - 50).max() < 2


@pytest.mark.parametrize("factor", [2.0, 3.0])
def test_the_blur_grows_with_the_size_of_a_grid_pixel(factor: float) -> None:
    point = np.zeros((121, 121), np.float32)
    point[60, 60] = 1000
    size = 61
    found = sample(point, frame_of((121, 121), factor * size), size, order=1, outside=0)
    sigma = (factor - 1) / 2
    assert found.max() == pytest.approx(1000 / (2 * np.pi * sigma**2), rel=0.6 if factor == 2 else 0.05)


def test_nothing_is_blurred_without_need() -> None:
    values = np.random.default_rng(0).integers(-20, 100, (40, 40)).astype(np.float32)
    np.testing.assert_allclose(sample(values, frame_of((40, 40), 40.0), 40, order=1, outside=0), values, atol=1e-3)
    labels = (values > 40).astype(np.uint8) * 2
    coarse = sample(labels, frame_of((40, 40), 40.0), 13, order=0, outside=0)
    assert set(np.unique(coarse)) == {0, 2}, "labels are taken, never mixed"


def test_beyond_the_image_stands_what_is_asked_for() -> None:
    found = sample(np.full((20, 20), 7.0), frame_of((20, 20), 60.0), 60, order=1, outside=-5)
    assert found[30, 30] == 7
    assert found[0].tolist() == [-5] * 60
    assert found.dtype == np.float32


def test_without_need_values_between_pixels_are_only_interpolated() -> None:
    values = np.random.default_rng(0).integers(-20, 100, (40, 40)).astype(np.float32)
    fine = sample(values, frame_of((40, 40), 12.0), 36, order=1, outside=0)
    np.testing.assert_allclose(fine[1::3, 1::3], values[14:26, 14:26], atol=1e-3)
    np.testing.assert_allclose(fine[1, 2], (2 * values[14, 14] + values[14, 15]) / 3, atol=1e-3)


def test_the_square_ends_where_the_blocks_of_the_search_end() -> None:
    """The head is looked for on every fourth pixel and widened by one such step on every side."""
    hu = np.full((1, 160, 148), -1000, np.int16)
    hu[:, 40:120, 32:96] = 30
    frame = locate_head(hu, UPRIGHT)
    rows, columns = (np.flatnonzero(frame.head[0].any(axis=axis)) for axis in (1, 0))
    assert (rows[0], rows[-1], columns[0], columns[-1]) == (36, 123, 28, 99)
    assert frame.side == pytest.approx(88)
    np.testing.assert_allclose(frame.centre_yx, (79.5, 63.5))


def test_the_largest_slices_decide_where_the_midline_is() -> None:
    """Twelve of the brain turned one way, twelve of the neck turned the other way."""
    y, x = np.mgrid[:160, :160] - 79.5

    def turned(degrees: float, size: float) -> np.ndarray:
        angle = np.radians(degrees)
        along, across = np.cos(angle) * y - np.sin(angle) * x, np.sin(angle) * y + np.cos(angle) * x
        radius = np.hypot(along / size, across / (0.75 * size))
        return np.select([radius < 0.85, radius < 1], [30, 900], -1000)

    def found(brain: float, neck: float) -> float:
        hu = np.stack([turned(neck, 44)] * 12 + [turned(brain, 60)] * 12).astype(np.int16)
        return locate_head(hu, PreprocessConfig(size=64)).degrees

    assert found(10, -10) == pytest.approx(-found(-10, 10), abs=1)
    alone = locate_head(turned(10, 60)[None].astype(np.int16), PreprocessConfig(size=64)).degrees
    assert abs(alone) == pytest.approx(10, abs=1)
    assert found(10, -10) == pytest.approx(alone, abs=1)
