"""What headers say of the unit, told of one slice and of a series."""

import numpy as np
import pytest

from napari_cpam_stroke.core import NoticeCode
from napari_cpam_stroke.core.hounsfield_check import value_notices
from napari_cpam_stroke.core.hounsfield_units import slice_unit_notices, told_of_slices, whole_hu
from napari_cpam_stroke.core.volume import AIR_HU


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


def test_padding_far_below_air_is_air_also_where_resampling_blended_it():
    values = np.full((4, 100, 100), -1000.0, np.float32)
    values[:, :20] = -3024
    values[:, 20] = -2000
    values[0, 0, 0] = np.nan
    hu = whole_hu(values)
    assert hu.dtype == np.int16
    assert set(np.unique(hu)) == {AIR_HU, -1000}


def test_air_on_a_wrong_scale_is_no_padding():
    rng = np.random.default_rng(0)
    values = rng.normal(-2000, 20, (4, 100, 100)).astype(np.float32)
    values[:, 40:60, 40:60] = 70
    hu = whole_hu(values)
    np.testing.assert_array_equal(hu, np.rint(values))
    assert value_notices(hu)


def test_values_beyond_16_bits_are_cut_at_their_ends():
    assert whole_hu(np.array([4e9, 12.4], np.float32)).tolist() == [32767, 12]
