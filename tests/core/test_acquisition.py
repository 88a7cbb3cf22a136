from __future__ import annotations

import pytest

from napari_cpam_stroke.core import Acquisition, NoticeCode
from napari_cpam_stroke.core.acquisition import SCANNER_LENGTH, UNKNOWN, scanner_name


@pytest.mark.parametrize(
    ("manufacturer", "model", "name"),
    [
        ("GE MEDICAL SYSTEMS", "LightSpeed VCT", "GE MEDICAL SYSTEMS LightSpeed VCT"),
        ("GE <b>", "LightSpeed^VCT", "GE b LightSpeed VCT"),
        ("Siemens", None, "Siemens"),
        (None, "", None),
        ("<>", "^", None),
    ],
)
def test_a_scanner_is_named_by_letters_and_digits(manufacturer: object, model: object, name: str | None) -> None:
    assert scanner_name(manufacturer, model) == name


def test_a_scanners_name_is_short() -> None:
    assert scanner_name("x" * 100, "y") == "x" * SCANNER_LENGTH


def test_a_reader_is_told_of_what_the_source_says_and_of_nothing_else() -> None:
    told = Acquisition("GE", (0.5, 0.45), 2.5, kernel="STANDARD").notices
    assert [(n.code, n.severity, n.data) for n in told] == [
        (NoticeCode.SCANNER, "info", {"scanner": "GE"}),
        (NoticeCode.PIXEL_SPACING, "info", {"row_mm": 0.5, "column_mm": 0.45}),
        (NoticeCode.SLICE_THICKNESS, "info", {"thickness_mm": 2.5}),
    ]
    assert [n.sentence for n in told] == ["Scanner GE.", "Pixel spacing 0.5 x 0.45 mm.", "Slice thickness 2.5 mm."]
    assert UNKNOWN.notices == ()
