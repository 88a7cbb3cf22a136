from __future__ import annotations

import numpy as np
import pytest

from napari_cpam_stroke.core import CTVolume, NoticeCode, VolumeGeometry
from napari_cpam_stroke.core.acquisition import UNKNOWN
from napari_cpam_stroke.core.notice import info, limitation, warning
from napari_cpam_stroke.errors import InputError

from .conftest import axial, volume_of


def test_content_hash_follows_pixels_and_positions_and_nothing_else() -> None:
    hu = np.zeros((3, 4, 5), np.int16)
    one = CTVolume(hu, axial(3), case_id="a", notices=(warning(NoticeCode.UNCODED, "x"),))
    assert one.content_hash == CTVolume(hu.copy(), axial(3), case_id="b", patient_id="p").content_hash
    changed = hu.copy()
    changed[2, 3, 4] = 1
    others = [
        volume_of(changed, axial(3)),
        volume_of(hu, axial(3, step=4.1)),
        volume_of(hu, axial(3, spacing=(0.5, 0.6))),
        volume_of(hu.reshape(3, 5, 4), axial(3)),
        volume_of(hu, None),
    ]
    assert len({one.content_hash, *(other.content_hash for other in others)}) == 6


def test_content_hash_does_not_depend_on_memory_layout() -> None:
    hu = np.random.default_rng(0).integers(-1000, 1000, (3, 4, 5)).astype(np.int16)
    turned = np.ascontiguousarray(hu[::-1, :, ::-1])[::-1, :, ::-1]
    assert not turned.flags.c_contiguous
    assert volume_of(hu).content_hash == CTVolume(turned, None, case_id="x").content_hash


def test_content_hash_ignores_rounding_of_positions() -> None:
    exact = axial(3)
    jitter = VolumeGeometry(
        exact.positions_mm + 1e-5,
        exact.row_direction,
        exact.column_direction,
        exact.pixel_spacing_mm,
        exact.thickness_mm,
    )
    hu = np.zeros((3, 4, 5))
    assert volume_of(hu, exact).content_hash == volume_of(hu, jitter).content_hash


@pytest.mark.parametrize(
    ("hu", "geometry"),
    [
        (np.zeros((4, 5), np.int16), None),
        (np.zeros((3, 4, 5), np.float32), None),
        (np.zeros((3, 4, 5), np.uint16), None),
        (np.zeros((3, 4, 5), np.int16), axial(4)),
    ],
)
def test_arrays_that_are_no_ct_stack_are_refused(hu: np.ndarray, geometry) -> None:
    with pytest.raises(InputError, match="CT volume"):
        CTVolume(hu, geometry, case_id="x")


def test_sentences_are_views_of_notices() -> None:
    notices = (
        info(NoticeCode.KERNEL, "Kernel soft."),
        limitation(NoticeCode.NOT_AXIAL, "Not axial."),
        warning(NoticeCode.SLICES_MISSING, "A slice is missing."),
        info(NoticeCode.SCANNER, "Scanner X."),
    )
    volume = CTVolume(np.zeros((3, 4, 5), np.int16), None, case_id="x", notices=notices)
    assert volume.warnings == ("A slice is missing.",)
    assert volume.facts == ("Kernel soft.", "Scanner X.")


def test_a_volume_needs_neither_notices_nor_acquisition() -> None:
    bare = CTVolume(hu=np.zeros((3, 4, 5), np.int16), geometry=None, case_id="x", patient_id="p")
    assert (bare.notices, bare.warnings, bare.facts, bare.acquisition) == ((), (), (), UNKNOWN)
