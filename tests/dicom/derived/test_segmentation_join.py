"""Several segmentations on one series are joined, or the one that contradicts is named."""

from __future__ import annotations

import numpy as np
import pytest
from foreign_seg import HEMORRHAGE, INFARCT, a_mask, foreign_seg, segment, small_series

from napari_cpam_stroke.core.labels import LesionClass
from napari_cpam_stroke.core.notice import NoticeCode, sentences
from napari_cpam_stroke.dicom.derived.segmentation_join import joined_segmentations
from napari_cpam_stroke.errors import InputError, UntouchedMaskError


@pytest.fixture(scope="module")
def volume(tmp_path_factory):
    return small_series(tmp_path_factory.mktemp("small"))


@pytest.fixture
def join(volume, tmp_path):
    def read(*parts, **how):
        paths = []
        for number, (mask, kind, *made_by) in enumerate(parts):
            seg = foreign_seg(volume, [mask], [segment(1, kind[2], kind, *made_by)])
            paths.append(tmp_path / f"{number}.dcm")
            seg.save_as(paths[-1])
        return joined_segmentations(paths, volume, **how)

    return read


def part(volume, z):
    drawn = np.zeros(volume.shape, bool)
    drawn[z, 4:9, 5:11] = True
    return drawn


def test_classes_and_lesions_that_lie_apart_add_up(volume, join):
    reading = join((part(volume, 1), HEMORRHAGE), (part(volume, 2), HEMORRHAGE), (part(volume, 4), INFARCT))
    wanted = (part(volume, 1) | part(volume, 2)) * 2 + part(volume, 4)
    np.testing.assert_array_equal(reading.mask, wanted)
    assert reading.drawn == set(LesionClass)
    assert "3 segmentations of the series were joined." in sentences(reading.notices, "info")


def test_the_same_mask_twice_counts_once(volume, join):
    np.testing.assert_array_equal(join(*[(part(volume, 1), HEMORRHAGE)] * 2).mask, part(volume, 1) * 2)


@pytest.mark.parametrize(
    ("first", "second", "says"),
    [
        (HEMORRHAGE, INFARCT, "30 voxels are ischemia in one and hemorrhage in the other"),
        (HEMORRHAGE, HEMORRHAGE, "hemorrhage of 60 and of 30 voxels, 30 shared"),
    ],
)
def test_contradictions_stop_and_name_the_files(volume, join, first, second, says):
    bigger = part(volume, 1) | part(volume, 2)
    with pytest.raises(InputError, match=rf"0\.dcm and 1\.dcm, got {says}"):
        join((bigger, first), (part(volume, 1), second))


def test_one_that_says_there_is_none_contradicts_one_that_draws(volume, join):
    with pytest.raises(InputError, match="hemorrhage of 0 and of 30 voxels"):
        join((part(volume, 1) & False, HEMORRHAGE), (part(volume, 1), HEMORRHAGE))


def test_an_untouched_mask_gives_way_to_its_correction(volume, join):
    model, drawn = a_mask(volume, 5), part(volume, 1)
    reading = join((model, HEMORRHAGE, "AUTOMATIC"), (drawn, HEMORRHAGE, "SEMIAUTOMATIC"), take_automatic=False)
    np.testing.assert_array_equal(reading.mask, drawn * 2)
    assert any(
        "0.dcm" in notice.sentence and notice.code is NoticeCode.UNTOUCHED_MASK_LEFT_OUT for notice in reading.notices
    )
    with pytest.raises(UntouchedMaskError):
        join((model, HEMORRHAGE, "AUTOMATIC"), take_automatic=False)
