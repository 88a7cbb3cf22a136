from __future__ import annotations

import numpy as np
import pytest

from napari_cpam_stroke.core import CLASS_NAMES, Annotation, LesionClass
from napari_cpam_stroke.core.annotation import ABSENT, PRESENT, UNKNOWN, joint_label, slices_with
from napari_cpam_stroke.core.labels import CLASS_COLOURS
from napari_cpam_stroke.errors import InputError


def parts(z: int = 3) -> dict[str, np.ndarray]:
    return {
        "mask": np.zeros((z, 4, 5), np.uint8),
        "mask_known": np.ones((z, 2), bool),
        "slice_labels": np.zeros((z, 2), np.int8),
        "series_labels": np.zeros(2, np.int8),
    }


def test_labels_follow_the_mask() -> None:
    mask = np.zeros((4, 5, 5), np.uint8)
    mask[1, 2, 2] = LesionClass.ISCHEMIA
    mask[1:3, 0, 0] = LesionClass.HEMORRHAGE
    annotation = Annotation.from_mask(mask)
    np.testing.assert_array_equal(annotation.slice_labels, [[0, 0], [1, 1], [0, 1], [0, 0]])
    np.testing.assert_array_equal(annotation.series_labels, [1, 1])
    assert annotation.mask_known.all()
    assert annotation.slice_labels.dtype == annotation.series_labels.dtype == np.int8


def test_an_empty_mask_says_absent_everywhere() -> None:
    annotation = Annotation.from_mask(np.zeros((2, 3, 3), np.uint8))
    assert not annotation.slice_labels.any()
    assert not annotation.series_labels.any()


def test_slices_with_has_one_column_per_class() -> None:
    mask = np.zeros((2, 3, 3), np.uint8)
    mask[0, 0, 0] = 2
    np.testing.assert_array_equal(slices_with(mask), [[False, True], [False, False]])


@pytest.mark.parametrize(
    "change",
    [
        {"mask": np.zeros((3, 4), np.uint8)},
        {"mask_known": np.ones((2, 2), bool)},
        {"slice_labels": np.zeros((3, 3), np.int8)},
        {"series_labels": np.zeros(3, np.int8)},
        {"mask": np.full((3, 4, 5), 3, np.uint8)},
    ],
)
def test_parts_that_do_not_fit_are_refused(change: dict[str, np.ndarray]) -> None:
    Annotation(**parts())
    with pytest.raises(InputError):
        Annotation(**(parts() | change))


def test_classes_are_fixed() -> None:
    assert [(c.label, int(c)) for c in LesionClass] == [("ischemia", 1), ("hemorrhage", 2)]
    assert CLASS_NAMES == ("ischemia", "hemorrhage")
    assert set(CLASS_COLOURS) == set(CLASS_NAMES)


@pytest.mark.parametrize(
    ("labels", "joint"),
    [
        ([PRESENT, ABSENT, UNKNOWN], PRESENT),
        ([ABSENT, ABSENT], ABSENT),
        ([ABSENT, UNKNOWN], UNKNOWN),
        ([UNKNOWN, UNKNOWN], UNKNOWN),
        ([UNKNOWN, PRESENT], PRESENT),
    ],
)
def test_a_case_is_present_if_a_slice_is_and_absent_only_if_all_are(labels, joint):
    columns = np.array([labels, labels[::-1]], dtype=np.int8).T
    found = joint_label(columns)
    assert found.dtype == np.int8
    assert found.tolist() == [joint, joint]
