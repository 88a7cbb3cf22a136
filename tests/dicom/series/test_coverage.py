"""Acquisitions of one series: one after the other, or between each other."""

import pytest

from napari_cpam_stroke.core import NoticeCode
from napari_cpam_stroke.dicom.series.coverage import interleaved_acquisitions


@pytest.mark.parametrize(
    ("numbers", "interleaved"),
    [
        ("12" * 6, True),
        ("123" * 4, True),
        ("111111222222", False),
        ("123456789", False),
        ("111111111112", False),
        ("1212", False),
        (" " * 12, False),
    ],
)
def test_slices_of_several_acquisitions_between_each_other_are_said(header, numbers, interleaved):
    frames = [header(2.5 * z, moments=(("acquisition", number.strip()),)) for z, number in enumerate(numbers)]
    found = [notice.code for notice in interleaved_acquisitions(frames)]
    assert found == ([NoticeCode.ACQUISITIONS_INTERLEAVED] if interleaved else [])
