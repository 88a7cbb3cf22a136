"""The ratios of counts, by hand: what each says, and where it says nothing."""

import numpy as np
import pytest

from cpam_train.metrics.counts import Counts, count, dice, iou, precision, sensitivity, specificity, stacked


def counts(tp, fp, fn, tn) -> Counts:
    return Counts(*(np.asarray(part, dtype=np.float64) for part in (tp, fp, fn, tn)))


@pytest.mark.parametrize(
    ("ratio", "expected"),
    [(dice, 6 / 13), (iou, 3 / 10), (sensitivity, 3 / 8), (specificity, 7 / 9), (precision, 3 / 5)],
)
def test_each_ratio_of_known_counts(ratio, expected):
    assert ratio(counts(3, 2, 5, 7)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("ratio", "nothing_marked", "false_marks", "missed", "all_marked"),
    [
        (dice, np.nan, np.nan, 0, 1),
        (iou, np.nan, np.nan, 0, 1),
        (sensitivity, np.nan, np.nan, 0, 1),
        (specificity, 1, 0.5, 1, np.nan),
        (precision, np.nan, 0, np.nan, 1),
    ],
)
def test_where_a_ratio_says_nothing(ratio, nothing_marked, false_marks, missed, all_marked):
    """Marks on a case without reference are no Dice of 0: they are judged by their volume."""
    several = counts(tp=[0, 0, 0, 4], fp=[0, 2, 0, 0], fn=[0, 0, 1, 0], tn=[4, 2, 3, 0])
    with np.errstate(all="raise"):
        found = ratio(several)
    np.testing.assert_array_equal(found, [nothing_marked, false_marks, missed, all_marked])


@pytest.mark.parametrize(
    ("ratio", "found", "free"),
    [(dice, 1, np.nan), (iou, 1, np.nan), (sensitivity, 1, np.nan), (specificity, np.nan, 1), (precision, 1, np.nan)],
)
def test_a_single_pixel_is_enough_for_a_ratio(ratio, found, free):
    np.testing.assert_array_equal(ratio(counts(tp=[1, 0], fp=0, fn=0, tn=[0, 1])), [found, free])


def test_pixels_are_counted_one_by_one():
    predicted = np.array([1, 1, 1, 0, 0, 0, 0, 0, 0, 0], bool)
    reference = np.array([1, 0, 0, 1, 1, 1, 0, 0, 0, 0], bool)
    found = count(predicted, reference)
    assert (found.tp, found.fp, found.fn, found.tn) == (1, 2, 3, 4)
    assert all(isinstance(part, np.ndarray) for part in (found.tp, found.fp, found.fn, found.tn))


def test_pooled_sums_along_the_axis_asked_for():
    c = counts(*(np.array([[1, 2], [3, 4]]) * k for k in (1, 10, 100, 1000)))
    assert c.pooled().tp.tolist() == [4, 6]
    assert c.pooled(axis=1).fp.tolist() == [30, 70]
    assert c.pooled().fn.tolist() == [400, 600]
    assert c.pooled(-1).tn.tolist() == [3000, 7000]


def test_stacked_counts_keep_their_order():
    many = stacked(counts(i, 10 + i, 20 + i, 30 + i) for i in range(3))
    assert [part.tolist() for part in (many.tp, many.fp, many.fn, many.tn)] == [
        [0, 1, 2], [10, 11, 12], [20, 21, 22], [30, 31, 32],
    ]  # fmt: skip


def test_counts_of_any_shape_give_ratios_of_that_shape():
    c = counts(np.full((2, 3), 3), 2, 5, 7)
    assert dice(c).shape == (2, 3)
    assert dice(c).dtype == np.float64
