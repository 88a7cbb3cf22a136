"""Stored values to HU: rounding, bits, padding and what is cut off."""

from dataclasses import replace

import numpy as np
import pytest

from napari_cpam_stroke.core.volume import AIR_HU
from napari_cpam_stroke.dicom.file.frame_header import PixelFormat
from napari_cpam_stroke.dicom.pixels.hounsfield import clean_bits, stored_to_hu

UNSIGNED = PixelFormat(
    rows=4, columns=4, allocated=16, stored=12, high_bit=11, signed=False, slope=1.0, intercept=-1024.0, padding=None,
    transfer_syntax="1.2.840.10008.1.2.1", little_endian=True, offset=0, length=32, frames=1,
)  # fmt: skip
SIGNED = replace(UNSIGNED, stored=16, high_bit=15, signed=True, intercept=0.0)
WIDE = replace(UNSIGNED, stored=16, high_bit=15)


def frame_of(*values: int) -> np.ndarray:
    """Return one row of 16-bit patterns, as they stand in the file."""
    return np.array([values]).astype(np.uint16).view(np.int16)


def hu_of(pixels: PixelFormat, *values: int) -> tuple[list[int], bool]:
    frame = frame_of(*values)
    cut = stored_to_hu(frame, pixels)
    return frame[0].tolist(), cut


@pytest.mark.parametrize(
    ("pixels", "stored", "hu"),
    [
        (UNSIGNED, (0, 1024, 4095), [-1024, 0, 3071]),
        (SIGNED, (-1000, 0, 70), [-1000, 0, 70]),
        (WIDE, (0, 1024, 33000), [-1024, 0, 31976]),
        (replace(SIGNED, stored=12, high_bit=11, intercept=24.0), (0x0FFF, 0x07FF, 0x0800), [23, 2071, AIR_HU]),
        (replace(UNSIGNED, stored=8, high_bit=7, intercept=-20.0), (0, 255), [-20, 235]),
    ],
)
def test_whole_numbers_are_shifted_exactly(pixels, stored, hu):
    assert hu_of(pixels, *stored) == (hu, False)


def test_fractions_are_rounded_to_the_nearest_hu_and_not_towards_zero():
    halves = replace(SIGNED, slope=0.7, intercept=0.0)
    assert hu_of(halves, 1, -1, 2, -2, 4, -4) == ([1, -1, 1, -1, 3, -3], False)
    assert hu_of(replace(SIGNED, intercept=-0.6), 0, 10) == ([-1, 9], False)
    assert hu_of(replace(SIGNED, slope=2.0, intercept=-5.0), 10, -10) == ([15, -25], False)


@pytest.mark.parametrize(
    ("pixels", "stored", "hu", "cut"),
    [
        (replace(SIGNED, intercept=1000.0), (31767, 0), [32767, 1000], False),
        (replace(SIGNED, intercept=1000.0), (31768, 0), [32767, 1000], True),
        (replace(WIDE, intercept=0.0), (32767, 40), [32767, 40], False),
        (replace(WIDE, intercept=0.0), (65535, 40), [32767, 40], True),
        (replace(SIGNED, slope=20.0), (1638, 1), [32760, 20], False),
        (replace(WIDE, slope=0.5, intercept=0.0), (65534, 40), [32767, 20], False),
        (replace(SIGNED, slope=2.0), (-16384, -10000, 1), [-32768, -20000, 2], False),
        (replace(UNSIGNED, intercept=28672.0), (4095, 0), [32767, 28672], False),
        (replace(UNSIGNED, intercept=30000.0), (2767, 0), [32767, 30000], False),
        (replace(UNSIGNED, intercept=30000.0), (2768, 4095), [32767, 32767], True),
        (replace(UNSIGNED, stored=15, high_bit=14, intercept=1.0), (32767, 0), [32767, 1], True),
        (replace(SIGNED, stored=12, high_bit=11, intercept=-30721.0), (0x0801, 0x0000), [-32768, -30721], False),
        (replace(SIGNED, stored=12, high_bit=11, intercept=-30721.0), (0x0800, 0x0000), [-32768, -30721], True),
        (replace(SIGNED, slope=20.0), (1639, 1), [32767, 20], True),
    ],
)
def test_what_does_not_fit_is_cut_off_and_told(pixels, stored, hu, cut):
    assert hu_of(pixels, *stored) == (hu, cut)


@pytest.mark.parametrize(("lowest", "cut"), [(-32268, False), (-32269, True)])
def test_the_lowest_value_that_fits(lowest, cut):
    """Two values far below air, so that they are no padding."""
    assert hu_of(replace(SIGNED, intercept=-500.0), lowest, -20000, 0) == ([-32768, -20500, -500], cut)


def test_bits_above_the_high_bit_mean_nothing():
    frame = frame_of(0xF123, 0x0456)
    clean_bits(frame, UNSIGNED)
    assert frame.view(np.uint16).tolist() == [[0x0123, 0x0456]]
    signed = frame_of(0xF801, 0x0801, 0x07FF)
    clean_bits(signed, replace(SIGNED, stored=12, high_bit=11))
    assert signed.tolist() == [[-2047, -2047, 2047]]


def test_values_may_sit_high_in_their_word():
    frame = frame_of(0x1230, 0xFFF0)
    clean_bits(frame, replace(UNSIGNED, high_bit=15))
    assert frame.tolist() == [[0x123, 0xFFF]]
    signed = frame_of(0x8000, 0x7FF0)
    clean_bits(signed, replace(SIGNED, stored=12, high_bit=15))
    assert signed.tolist() == [[-2048, 2047]]


def test_values_of_all_bits_are_left_alone():
    for pixels in (WIDE, SIGNED):
        frame = frame_of(0xFFFF, 0x8001, 0)
        clean_bits(frame, pixels)
        assert frame.view(np.uint16).tolist() == [[0xFFFF, 0x8001, 0]]


def square(inside: int, border: int, tissue: int = 1064) -> np.ndarray:
    """Return 8 x 8 pixels of tissue with a border and, apart from it, a block of two by two."""
    frame = np.full((8, 8), tissue, np.int16)
    frame[0], frame[-1], frame[:, 0], frame[:, -1] = (border,) * 4
    frame[3:5, 3:5] = inside
    return frame


def test_declared_padding_that_could_be_tissue_is_air_only_at_the_border():
    """A padding of 0 HU: the ventricle of the same value stays fluid."""
    frame = square(inside=1024, border=1024)
    assert not stored_to_hu(frame, replace(UNSIGNED, padding=(1024, 1024)))
    assert (frame[3:5, 3:5] == 0).all()
    assert (frame[[0, -1]] == AIR_HU).all()
    assert (frame[:, [0, -1]] == AIR_HU).all()
    assert (frame[1:3, 1:7] == 40).all()


@pytest.mark.parametrize("side", [(0, 4), (-1, 4), (4, 0), (4, -1)])
def test_padding_at_any_one_side_is_air(side):
    frame = np.full((8, 8), 1064, np.int16)
    frame[side] = 1024
    stored_to_hu(frame, replace(UNSIGNED, padding=(1024, 1024)))
    assert frame[side] == AIR_HU
    assert (frame == 40).sum() == 63


@pytest.mark.parametrize(("padding_hu", "believed"), [(-901, True), (-900, False), (-1000, True)])
def test_declared_padding_below_tissue_is_air_wherever_it_stands(padding_hu, believed):
    stored = padding_hu + 1024
    frame = square(inside=stored, border=1064)
    stored_to_hu(frame, replace(UNSIGNED, padding=(stored, stored)))
    assert (frame[3:5, 3:5] == (AIR_HU if believed else padding_hu)).all()


def test_a_range_of_padding_holds_both_ends():
    pixels = replace(UNSIGNED, padding=(10, 12))
    assert hu_of(pixels, 9, 10, 11, 12, 13) == ([-1015, AIR_HU, AIR_HU, AIR_HU, -1011], False)


def test_a_range_that_reaches_into_tissue_is_believed_at_the_border_only():
    frame = square(inside=1020, border=1024)
    stored_to_hu(frame, replace(UNSIGNED, padding=(1000, 1024)))
    assert (frame[3:5, 3:5] == -4).all()
    assert (frame[0] == AIR_HU).all()


@pytest.mark.parametrize("padding", [(-40000, -33000), (32768, 40000)])
def test_padding_that_no_pixel_can_have_is_nowhere(padding):
    assert hu_of(replace(SIGNED, padding=padding), -1000, 0, 70) == ([-1000, 0, 70], False)


@pytest.mark.parametrize("padding", [(-40000, -32768), (-32768, -32768)])
def test_padding_that_only_just_exists_is_found(padding):
    assert hu_of(replace(SIGNED, padding=padding), -32768, -2000, -1500) == ([AIR_HU, -2000, -1500], False)


@pytest.mark.parametrize("padding", [(65535, 65535), (65535, 70000)])
def test_the_highest_stored_value_may_be_padding(padding):
    """As a border: it would be dense tissue."""
    assert hu_of(replace(WIDE, padding=padding), 65535, 1064)[0] == [AIR_HU, 40]


def test_padding_is_found_before_values_are_rescaled():
    pixels = replace(SIGNED, slope=2.0, intercept=-1000.0, padding=(-100, -100))
    assert hu_of(pixels, -100, 450, 500, 550) == ([AIR_HU, -100, 0, 100], False)


@pytest.mark.parametrize(
    ("stored", "hu"),
    [
        ((-2000, -2000, 30), [AIR_HU, AIR_HU, 30]),
        ((-1201, -1201, 30), [AIR_HU, AIR_HU, 30]),
        ((-1200, -1200, 30), [-1200, -1200, 30]),
        ((-2000, -1999, 30), [-2000, -1999, 30]),
        ((-2000, -1200, 30), [AIR_HU, -1200, 30]),
    ],
)
def test_a_constant_far_below_air_is_padding_nobody_declared(stored, hu):
    assert hu_of(SIGNED, *stored) == (hu, False)


def test_undeclared_padding_is_looked_for_where_the_stored_bits_reach_that_low():
    assert hu_of(replace(UNSIGNED, intercept=-1201.0), 0, 1231) == ([AIR_HU, 30], False)
    assert hu_of(replace(UNSIGNED, intercept=-1200.0), 0, 1230) == ([-1200, 30], False)
    falling = replace(UNSIGNED, slope=-1.0, intercept=2000.0)
    assert hu_of(falling, 4000, 1970) == ([AIR_HU, 30], False)
    signed = replace(SIGNED, stored=12, high_bit=11, intercept=0.0)
    assert hu_of(signed, 0x0800, 30) == ([AIR_HU, 30], False)


def test_of_a_falling_slope_the_highest_stored_value_is_the_lowest_hu():
    assert hu_of(replace(UNSIGNED, slope=-1.0, intercept=2894.0), 4095, 2864) == ([AIR_HU, 30], False)


def test_a_constant_far_below_air_inside_the_head_is_no_corner():
    frame = square(inside=-2000, border=-2000, tissue=40)
    stored_to_hu(frame, SIGNED)
    assert (frame[0] == AIR_HU).all()
    assert (frame[3:5, 3:5] == -2000).all()


@pytest.mark.parametrize(("stored", "believed"), [(91, False), (92, True), (100, True), (108, True), (109, False)])
def test_lossy_compression_changes_padding_by_up_to_eight_stored_values(stored, believed):
    pixels = replace(UNSIGNED, padding=(100, 100))
    frame = square(inside=stored, border=stored)
    stored_to_hu(frame, pixels, lossy=True)
    assert (frame[0] == (AIR_HU if believed else stored - 1024)).all()
    assert (frame[3:5, 3:5] == stored - 1024).all(), "apart from the border a changed value is a measurement"
    exact = square(inside=stored, border=stored)
    stored_to_hu(exact, pixels)
    assert (exact[0] == (AIR_HU if stored == 100 else stored - 1024)).all()


@pytest.mark.parametrize(
    ("stored", "hu"),
    [
        ((-1201, -1061, -1060, 30), [AIR_HU, AIR_HU, -1060, 30]),
        ((-1200, -1061, -1060, 30), [-1200, -1061, -1060, 30]),
        ((-2000, -1900, 30, -1100, 30), [AIR_HU, AIR_HU, 30, -1100, 30]),
    ],
)
def test_what_lossy_compression_made_of_padding_is_air_with_its_rim(stored, hu):
    frame = frame_of(*stored)
    assert not stored_to_hu(frame, SIGNED, lossy=True)
    assert frame[0].tolist() == hu


def test_noise_far_below_air_inside_the_head_is_left_after_lossy_compression():
    frame = square(inside=-1500, border=-1900, tissue=40)
    frame[0, ::2] = -2000
    stored_to_hu(frame, SIGNED, lossy=True)
    assert (frame[[0, -1]] == AIR_HU).all()
    assert (frame[3:5, 3:5] == -1500).all()
    assert (frame[1:3, 1:7] == 40).all()
