from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageColor

from napari_cpam_stroke.core import CTVolume
from napari_cpam_stroke.core.labels import CLASS_COLOURS
from napari_cpam_stroke.export import CaseResult, contact_sheet, png_bytes, slice_picture


def coloured(image: Image.Image, name: str) -> np.ndarray:
    """Return (row, column) of pixels near a class colour, as shares of the picture."""
    pixels = np.asarray(image).astype(int)
    near = np.abs(pixels - ImageColor.getrgb(CLASS_COLOURS[name])).max(axis=2) < 40
    return np.argwhere(near) / pixels.shape[:2]


def test_the_picture_is_in_the_radiological_view(volume: CTVolume, mask: np.ndarray) -> None:
    picture = slice_picture(volume, mask, 3, caption=False)
    ischemia, hemorrhage = (coloured(picture, name).mean(axis=0) for name in CLASS_COLOURS)
    np.testing.assert_allclose(ischemia, [1 - 15 / 40, 1 - 8 / 32], atol=0.02)
    np.testing.assert_allclose(hemorrhage, [1 - 32 / 40, 1 - 23 / 32], atol=0.03)


def test_sides_are_in_proportion_to_millimetres(volume: CTVolume, mask: np.ndarray) -> None:
    assert slice_picture(volume, mask, 0, edge=200).size == (80, 200)
    assert slice_picture(replace(volume, geometry=None), mask, 0, edge=200).size == (160, 200)


def test_contours_leave_the_inside_free(volume: CTVolume, mask: np.ndarray) -> None:
    with_mask, without = (
        np.asarray(slice_picture(volume, m, 2, caption=False)).astype(int) for m in (mask, np.zeros_like(mask))
    )
    changed = np.abs(with_mask - without).max(axis=2) > 8
    rows, columns = np.nonzero(changed)
    assert changed.any()
    middle = (rows.min() + rows.max()) // 2, (columns.min() + columns.max()) // 2
    assert not changed[middle[0] - 10 : middle[0] + 10, middle[1] - 10 : middle[1] + 10].any()


def test_hemorrhage_is_dashed_and_ischemia_is_not(volume: CTVolume) -> None:
    shares = {}
    for value, name in enumerate(CLASS_COLOURS, start=1):
        mask = np.zeros(volume.shape, np.uint8)
        mask[0, 8:32, 6:26] = value
        shares[name] = len(coloured(slice_picture(volume, mask, 0, caption=False), name))
    assert 0.4 < shares["hemorrhage"] / shares["ischemia"] < 0.85


def test_the_sheet_holds_every_slice(result: CaseResult) -> None:
    one = slice_picture(result.volume, result.mask, 1, edge=100)
    sheet = contact_sheet(result.volume, result.mask, range(6), columns=4, edge=100)
    assert sheet.size == (4 * one.width + 3 * 6, 2 * one.height + 6)
    assert contact_sheet(result.volume, result.mask, [0], edge=100).size == one.size


def test_png_reads_back(result: CaseResult) -> None:
    picture = slice_picture(result.volume, result.mask, 1)
    np.testing.assert_array_equal(np.asarray(Image.open(BytesIO(png_bytes(picture)))), np.asarray(picture))


@pytest.mark.parametrize("most", [1, 2, 12])
def test_slices_worth_showing(result: CaseResult, bare: CaseResult, most: int) -> None:
    marked = result.noteworthy_slices(most)
    assert set(marked) <= {1, 2, 3}
    assert len(marked) == min(most, 3)
    without = replace(result, mask=np.zeros_like(result.mask))
    assert set(without.noteworthy_slices(most)) <= {3, 4, 5}, "the most suspicious ones"
    assert len(replace(bare, mask=np.zeros_like(bare.mask)).noteworthy_slices(most)) == 1
