"""Values of label images."""

from __future__ import annotations

import numpy as np
import pytest

from napari_cpam_stroke.core.label_map import LabelMap
from napari_cpam_stroke.core.label_values import OWN_VALUES, labels_from_values, meanings_of_names, meanings_of_values
from napari_cpam_stroke.core.labels import LesionClass
from napari_cpam_stroke.core.notice import sentences
from napari_cpam_stroke.errors import InputError

BLEED, INFARCT = LesionClass.HEMORRHAGE, LesionClass.ISCHEMIA


def test_the_users_word_replaces_the_default():
    assert meanings_of_values(LabelMap()) is OWN_VALUES
    assert meanings_of_values(LabelMap.parse(["1=hemorrhage", "5=ignore"])) == {1: BLEED, 5: None}


def test_names_say_what_values_are_and_the_user_goes_first():
    named = [(1, "ICH"), (2, "brain"), (3, "Segment_3")]
    found, notices = meanings_of_names(named, LabelMap.parse(["Segment_3=ischemia"]))
    assert found == {1: BLEED, 2: None, 3: INFARCT}
    assert "Label 2 'brain' shows no lesion and was passed over." in sentences(notices, "info")
    assert meanings_of_names(named[:1], LabelMap.parse(["1=ischemia"]))[0] == {1: INFARCT}


def test_names_that_are_not_understood_are_all_named():
    with pytest.raises(InputError, match=r"1 'A', 2 'B'.*--map \"A=hemorrhage\""):
        meanings_of_names([(1, "A"), (2, "B"), (3, "ICH")], LabelMap())


def test_one_value_of_two_meanings_is_refused():
    with pytest.raises(InputError, match="contradict"):
        meanings_of_names([(1, "ICH"), (1, "infarct")], LabelMap())


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float32, np.float64, bool])
def test_values_become_labels(dtype):
    values = np.array([0, 1, 1, 0], dtype)
    assert labels_from_values(values, {1: BLEED}, "Mask").tolist() == [0, 2, 2, 0]


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ([0, 0.4], r"between labels, got 0\.4"),
        ([0, np.nan], "no numbers"),
        ([0, -1], "without a meaning, got -1"),
        ([0, 7], 'without a meaning, got 7, expected 1 for hemorrhage, 2 for no lesion; say .*"7=hemorrhage"'),
        ([0, 1e20], "between labels"),
        ([1j], "no numbers"),
    ],
)
def test_what_is_no_label_is_refused(values, says):
    with pytest.raises(InputError, match=says):
        labels_from_values(np.array(values), {1: BLEED, 2: None}, "Mask")
