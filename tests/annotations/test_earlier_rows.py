"""Rows as the program wrote them before notices had codes."""

import pytest

from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.annotations.earlier_rows import earlier_acquisition, earlier_notices
from napari_cpam_stroke.annotations.remarks import unpack_acquisition, unpack_notices
from napari_cpam_stroke.annotations.schema import CaseRow
from napari_cpam_stroke.core import Acquisition, NoticeCode
from napari_cpam_stroke.core.acquisition import UNKNOWN
from napari_cpam_stroke.core.notice import info, warning

IMPORTED = "pixel spacing 0.5000 x 0.4500 mm\nslice thickness 5 mm\nscanner GE b LightSpeed VCT"
SCANNED = "Slices 5.00 mm apart.\nSlice thickness 2.5 mm.\nKernel STANDARD (H) (soft).\nImage type ORIGINAL, PRIMARY."


@pytest.mark.parametrize(
    ("facts", "made"),
    [
        (IMPORTED, Acquisition("GE b LightSpeed VCT", (0.5, 0.45), 5.0)),
        (SCANNED, Acquisition(slice_thickness_mm=2.5, kernel="STANDARD (H)")),
        ("8-bit PNG, read as the window 40 / 120\nslice thickness 5 mm", Acquisition(slice_thickness_mm=5.0)),
        ("Slice thickness 2.5, 5 mm.\nNo scanner is named", UNKNOWN),
        ('{"notices": 1}', UNKNOWN),
        ("", UNKNOWN),
    ],
)
def test_acquisition_is_read_from_the_sentences(facts, made):
    assert earlier_acquisition(facts) == made


def test_sentences_become_notices_without_a_code_of_their_own():
    assert earlier_notices("a\nb", "c") == (
        warning(NoticeCode.UNCODED, "c"), info(NoticeCode.UNCODED, "a"), info(NoticeCode.UNCODED, "b"),
    )  # fmt: skip
    assert earlier_notices("", "") == ()


@pytest.mark.parametrize("facts", ['{"notices": []}', "[1, 2]", "5", "null"])
def test_a_sentence_that_happens_to_be_json_is_a_sentence(facts):
    assert unpack_notices(facts, "") == (info(NoticeCode.UNCODED, facts),)
    assert unpack_acquisition(facts) == UNKNOWN


@pytest.fixture
def earlier(place, volume):
    """A store whose only row has sentences."""
    with AnnotationStore.open(place) as store:
        store.add_case(volume(), source="teknofest")
        with store._database.writing() as session:
            case = session.get(CaseRow, "case")
            case.facts, case.warnings = IMPORTED, "lossy"
    return place


def test_a_store_from_before_opens_reads_and_checks(earlier):
    with AnnotationStore.open(earlier, create=False) as store:
        (record,) = store.cases()
        stored = store.read_volume("case")
        assert record.acquisition == stored.acquisition == Acquisition("GE b LightSpeed VCT", (0.5, 0.45), 5.0)
        assert (stored.warnings, stored.facts) == (("lossy",), tuple(IMPORTED.splitlines()))
        assert store.check() == []


def test_an_export_keeps_such_rows_as_they_are(earlier, tmp_path):
    with AnnotationStore.open(earlier) as store:
        store.export(tmp_path / "copy")
    with AnnotationStore.open(tmp_path / "copy") as copy:
        assert copy.case("case").acquisition.pixel_spacing_mm == (0.5, 0.45)
