"""What the words of a header are taken to mean."""

import pytest

from napari_cpam_stroke.core import NoticeCode
from napari_cpam_stroke.dicom.series.grouping import Group
from napari_cpam_stroke.dicom.series.verdict import content_warnings, refusals, suggests_contrast

WITHOUT = [
    "Head W/O contrast", "Head wo contrast", "HEAD WITHOUT CONTRAST", "non-contrast", "CCT ohne KM", "CCT nativ KM",
    "plain (contrast later)", "sans contrast", "no contrast", "cabeza sin contrast", "pre-contrast", "NC head",
]  # fmt: skip
WITH = [
    "Head post contrast", "CTA carotis", "Angio", "Head +C", "HEAD C+", "mit KM", "venous", "arterial", "Contrast",
]  # fmt: skip


@pytest.mark.parametrize("words", WITHOUT)
def test_a_description_that_denies_contrast_suggests_none(header, words):
    frame = header(description=words)
    assert not suggests_contrast(frame)
    assert content_warnings([frame]) == []


@pytest.mark.parametrize("words", WITH)
def test_a_description_that_names_contrast_is_doubted(header, words):
    frame = header(description=words)
    assert suggests_contrast(frame)
    (warning,) = content_warnings([frame])
    assert (warning.code, warning.severity) == (NoticeCode.CONTRAST_SUSPECTED, "warning")
    assert "suggests a contrast agent" in warning.sentence


def test_the_header_goes_before_the_description(header):
    frame = header(description="Head without contrast", contrast="Iohexol")
    assert suggests_contrast(frame)
    (warning,) = content_warnings([frame])
    assert (warning.code, warning.data) == (NoticeCode.CONTRAST_AGENT, {"agent": "Iohexol"})
    assert "Iohexol" in warning.sentence


def test_an_ordinary_description_says_nothing_of_contrast(header):
    assert not suggests_contrast(header(description="Head 5.0 H31s"))


@pytest.mark.parametrize(
    ("uid", "kind"),
    [("4", "MR"), ("4.1", "MR"), ("128", "PET"), ("20", "NM"), ("2", ""), ("2.1", ""), ("481.1", ""), ("7", "")],
)
def test_a_sop_class_of_other_images_speaks_against_the_modality(header, uid, kind):
    frame = header(sop_class_uid=f"1.2.840.10008.5.1.4.1.1.{uid}")
    found = refusals(Group((frame,)), [frame])
    assert [notice.data for notice in found] == ([{"modality": kind}] if kind else [])


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("LOCALIZER", NoticeCode.LOCALIZER),
        ("TOPOGRAM", NoticeCode.LOCALIZER),
        ("SURVIEW", NoticeCode.LOCALIZER),
        ("CT_SOM5 TOP", NoticeCode.LOCALIZER),
        ("CT_SOM5 PROT", NoticeCode.SCREEN_CAPTURE),
        ("CT_SOM5 SPI", None),
        ("SCOUTED", None),
    ],
)
def test_overviews_and_pages_of_text_are_told_by_their_type(header, value, code):
    frame = header(image_type=("ORIGINAL", "PRIMARY", "AXIAL", value))
    assert [notice.code for notice in refusals(Group((frame,)), [frame])] == ([code] if code else [])
