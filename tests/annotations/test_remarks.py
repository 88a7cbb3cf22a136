import json

import pytest

from napari_cpam_stroke.annotations.remarks import pack_remarks, unpack_acquisition, unpack_notices
from napari_cpam_stroke.core import Acquisition, NoticeCode
from napari_cpam_stroke.core.acquisition import UNKNOWN
from napari_cpam_stroke.core.notice import warning

from .conftest import ACQUISITION, NOTICES


def test_notices_and_acquisition_come_back_as_they_were(volume):
    packed = pack_remarks(volume())
    assert unpack_notices(packed, "anything") == NOTICES
    assert unpack_acquisition(packed) == ACQUISITION


@pytest.mark.parametrize(
    "made",
    [
        UNKNOWN,
        Acquisition(slice_thickness_mm=2.5),
        Acquisition(pixel_spacing_mm=(0.5, 1)),
        Acquisition(slice_places_mm=(0.0, 5.0, 12.5)),
    ],
)
def test_what_the_source_did_not_say_stays_unsaid(volume, made):
    case = volume()
    object.__setattr__(case, "acquisition", made)
    packed = pack_remarks(case)
    assert unpack_acquisition(packed) == made
    assert "null" not in packed


def test_a_code_of_a_later_program_keeps_its_sentence_and_severity(volume):
    packed = json.loads(pack_remarks(volume()))
    packed["notices"] = [{"code": "moon-phase", "severity": "warning", "sentence": "Full moon.", "data": {}}]
    assert unpack_notices(json.dumps(packed), "") == (warning(NoticeCode.UNCODED, "Full moon."),)


def test_programs_from_before_codes_still_find_the_warnings_as_lines(store, volume):
    store.add_case(volume(), source="reader")
    with store._database.reading() as session:
        assert session.connection().exec_driver_sql("SELECT warnings FROM cases").scalar_one() == "lossy"


def test_scanner_and_tilt_are_found_by_a_search(store, volume):
    store.add_case(volume(), source="reader")
    assert [case.case_id for case in store.cases(search="tilt 18.5")] == ["case"]
    assert store.cases(search="severity") == []
