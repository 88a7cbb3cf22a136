"""What headers say of the unit, told of one slice and of a series."""

import pytest

from napari_cpam_stroke.core import NoticeCode
from napari_cpam_stroke.core.hounsfield_units import slice_unit_notices, told_of_slices


@pytest.mark.parametrize("kind", ["", "HU", "hu ", "HU_MOD", "Hounsfield Units"])
def test_words_for_hounsfield_units(kind):
    assert slice_unit_notices(rescaled=True, rescale_type=kind) == []


@pytest.mark.parametrize("kind", ["US", "OD", "MGML", "Z_EFF", "PCT"])
def test_other_units_are_named(kind):
    (notice,) = slice_unit_notices(rescaled=True, rescale_type=kind)
    assert (notice.code, notice.data["rescale_type"]) == (NoticeCode.NOT_HOUNSFIELD, kind)


def test_what_holds_for_some_slices_is_counted_and_what_holds_for_all_is_not():
    missing = slice_unit_notices(rescaled=False, rescale_type="")
    (some,) = told_of_slices([missing, [], missing], 3)
    assert some.sentence.startswith("2 of 3 slices: There is no RescaleSlope")
    assert some.data == {"slices": 2, "of": 3}
    assert told_of_slices([missing, missing], 2) == missing
