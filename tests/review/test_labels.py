import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_cpam_stroke.core import LesionClass
from napari_cpam_stroke.core.annotation import slices_with
from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.review.labels import CaseLabels

SLICES = 4
EDITS = st.lists(st.tuples(st.integers(0, SLICES - 1), st.integers(0, 3), st.integers(0, 2)), max_size=12)
OVERRULES = st.dictionaries(
    st.tuples(st.integers(0, SLICES - 1), st.sampled_from(LesionClass)), st.integers(0, 1), max_size=4
)


@given(EDITS, OVERRULES)
def test_labels_follow_the_mask_through_any_edits_except_where_overruled(edits, overrules):
    mask, labels = np.zeros((SLICES, 2, 2), np.uint8), CaseLabels(SLICES)
    for (z, lesion_class), value in overrules.items():
        labels.overrule_slice(z, lesion_class, value)
    for z, place, label in edits:
        mask[z].reshape(-1)[place] = label
        labels.follow(mask, [z])
    expected = slices_with(mask).astype(np.int8)
    contradictions = 0
    for (z, lesion_class), value in overrules.items():
        contradictions += int(expected[z, lesion_class - 1] != value)
        expected[z, lesion_class - 1] = value
    np.testing.assert_array_equal(labels.slice_labels, expected)
    np.testing.assert_array_equal(labels.series_labels, expected.max(axis=0))
    assert len(labels.conflicts) == contradictions


@given(EDITS, OVERRULES, st.dictionaries(st.sampled_from(LesionClass), st.integers(0, 1)))
def test_what_is_kept_comes_back_as_it_was_shown(edits, overrules, series):
    mask, labels, again = np.zeros((SLICES, 2, 2), np.uint8), CaseLabels(SLICES), CaseLabels(SLICES)
    for z, place, label in edits:
        mask[z].reshape(-1)[place] = label
    for each in (labels, again):
        each.follow(mask, range(SLICES))
    for (z, lesion_class), value in overrules.items():
        labels.overrule_slice(z, lesion_class, value)
    for lesion_class, value in series.items():
        labels.overrule_series(lesion_class, value)
    again.adopt(*labels.to_keep(np.ones((SLICES, 2), bool)))
    np.testing.assert_array_equal(again.slice_labels, labels.slice_labels)
    np.testing.assert_array_equal(again.series_labels, labels.series_labels)
    assert again.conflicts == labels.conflicts


def test_where_nobody_looked_nothing_is_claimed():
    mask, labels = np.zeros((SLICES, 2, 2), np.uint8), CaseLabels(SLICES)
    mask[1, 0, 0] = LesionClass.ISCHEMIA
    labels.follow(mask, range(SLICES))
    labels.overrule_slice(3, LesionClass.HEMORRHAGE, 0)
    known = np.zeros((SLICES, 2), bool)
    known[0] = True
    slices, series = labels.to_keep(known)
    np.testing.assert_array_equal(slices, [[0, 0], [1, -1], [-1, -1], [-1, 0]])
    np.testing.assert_array_equal(series, [1, -1])


def test_a_stored_label_without_a_drawing_stays_and_is_shown_as_a_conflict():
    labels = CaseLabels(2)
    labels.adopt(np.array([[-1, 1], [0, -1]], np.int8), np.array([-1, 1], np.int8))
    np.testing.assert_array_equal(labels.slice_labels, [[0, 1], [0, 0]])
    assert labels.conflicts == ("Slice 1 is labelled hemorrhage, but none is drawn.",)


def test_overruling_is_refused_for_what_does_not_exist_and_can_be_taken_back():
    labels = CaseLabels(2)
    with pytest.raises(InputError, match="no such slice"):
        labels.overrule_slice(2, LesionClass.ISCHEMIA, 1)
    with pytest.raises(InputError, match="present or absent"):
        labels.overrule_series(LesionClass.ISCHEMIA, -1)
    labels.overrule_series(LesionClass.ISCHEMIA, 1)
    assert labels.conflicts == ("The series is labelled ischemia, but none is drawn.",)
    labels.overrule_series(LesionClass.ISCHEMIA, None)
    assert labels.conflicts == ()
