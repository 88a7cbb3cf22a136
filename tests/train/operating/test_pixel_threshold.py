"""The pixel threshold: most lesions found within the bounds on false positives, Dice between near-equals."""

from __future__ import annotations

import numpy as np
import pytest

from cpam_train.config import OperatingConfig
from cpam_train.metrics.curve import BINS, best_threshold
from cpam_train.operating.pixel_threshold import mask_point

PIXELS = 1000


def histogram(*slices):
    """(N, 2, BINS) from (pixels outside, pixels inside) as {bin: count}; the rest of the slice has probability 0."""
    out = np.zeros((len(slices), 2, BINS), dtype=np.int64)
    for n, parts in enumerate(slices):
        for side, bins in enumerate(parts):
            for place, size in bins.items():
                out[n, side, place] += size
        out[n, 0, 0] += PIXELS - out[n].sum()
    return out


def chosen(hist, cases=None, **settings):
    cases = np.arange(len(hist)).astype(str) if cases is None else np.asarray(cases)
    return mask_point(hist, cases, OperatingConfig(**{"point": "sensitivity", **settings}))


CLEAR, FAINT = ({}, {60: 100}), ({}, {20: 100})
FREE, ALARM = ({}, {}), ({30: 50}, {})


def test_sensitivity_comes_first_within_the_bound_on_slices():
    hist = histogram(CLEAR, FAINT, ALARM, FREE)
    strict, loose = chosen(hist, false_positive_bound=0.4), chosen(hist, false_positive_bound=0.6)
    assert strict.threshold > 30 / BINS
    assert (strict.rates.found, strict.rates.marked) == (0.5, 0)
    assert loose.threshold <= 20 / BINS
    assert (loose.rates.found, loose.rates.marked) == (1, 0.5)
    assert strict.rates.within_bounds
    assert loose.rates.within_bounds


def test_false_positives_are_also_bounded_per_case():
    hist = histogram(FAINT, *[ALARM] * 4, *[FREE] * 16)
    cases = ["patient", *["healthy"] * 20]
    assert chosen(hist, cases, false_positives_per_case=4).threshold <= 20 / BINS
    held = chosen(hist, cases, false_positives_per_case=3)
    assert held.threshold > 30 / BINS
    assert held.rates.marks_per_case == 0


def test_cases_with_any_mark_are_bounded_so_that_the_median_case_has_none():
    one_each, all_in_one = ["a", "b", "c", "d"], ["a", "a", "c", "d"]
    hist = histogram(FAINT, ALARM, ALARM, FREE, FREE)
    settings = {"false_positive_bound": 1, "marked_cases_bound": 0.4}
    spread = chosen(hist, ["patient", *one_each], **settings)
    assert (spread.rates.found, spread.rates.marked_cases) == (0, 0)
    gathered = chosen(hist, ["patient", *all_in_one], **settings)
    assert (gathered.rates.found, round(gathered.rates.marked_cases, 2)) == (1, 0.33)


def test_marks_on_slices_beside_a_lesion_count_per_slice_but_not_per_lesion_free_case():
    rates = chosen(histogram(FAINT, ALARM, FREE), ["a", "a", "b"], false_positive_bound=0.5).rates
    assert (rates.marked, rates.marks_per_case) == (0.5, 0)


def test_a_stray_pixel_finds_no_lesion():
    stray = ({}, {5: 99, 60: 1})
    point = chosen(histogram(stray, FREE))
    assert point.threshold <= 5 / BINS
    assert chosen(histogram(stray, ({4: 50}, {}), ({9: 50}, {}))).rates.found == 0


def test_marking_the_whole_head_finds_no_lesion():
    everywhere = ({3: 900}, {3: 20, 40: 80})
    point = chosen(histogram(everywhere, FREE))
    assert point.threshold > 3 / BINS
    assert point.rates.found == 1


def test_marks_too_small_to_be_kept_are_no_alarm():
    speck = ({30: 3}, {})
    hist = histogram(FAINT, speck)
    assert chosen(hist, smallest_mark=0.004).threshold <= 20 / BINS
    assert chosen(hist, smallest_mark=0.003).threshold > 30 / BINS


def test_dice_decides_between_near_equals():
    wide = ({10: 300}, {50: 100})  # below 10 it is found too, but badly drawn
    point = chosen(histogram(*[wide] * 60, ({}, {8: 100}), FREE))
    assert point.threshold > 10 / BINS
    assert point.rates.found == pytest.approx(60 / 61, abs=1e-4)
    many_faint = chosen(histogram(*[wide] * 60, *[({}, {8: 100})] * 6, FREE))
    assert many_faint.threshold <= 8 / BINS
    assert many_faint.rates.found == 1


@pytest.mark.parametrize(
    "hist",
    [histogram(CLEAR, FAINT), histogram(CLEAR, FAINT, ({63: 100}, {}))],
    ids=["no lesion-free slice", "no threshold keeps the bound"],
)
def test_without_an_allowed_threshold_it_is_the_best_dice_and_says_so(hist):
    point = chosen(hist)
    assert point.threshold == best_threshold(hist).threshold
    assert not point.rates.within_bounds


def test_max_dice_is_the_best_threshold_with_its_rates():
    hist = histogram(CLEAR, FAINT, ALARM, FREE)
    point = chosen(hist, point="max_dice")
    assert point.threshold == best_threshold(hist).threshold
    assert point.rates.found == 1
    assert point.rates.marked == 0.5


def test_a_class_that_is_nowhere_has_no_point():
    assert chosen(histogram(FREE, ALARM)) is None


def test_marking_everything_is_never_the_answer_even_where_no_bound_forbids_it():
    """At threshold 0 every pixel is marked, and a large lesion overlaps that enough to count as found."""
    unseen = ({}, {0: 400})
    seen = ({}, {40: 400})
    point = chosen(
        histogram(unseen, seen, FREE), false_positive_bound=1, false_positives_per_case=1000, marked_cases_bound=1
    )
    assert point.threshold > 0
    assert point.rates.found == 0.5
    assert point.rates.within_bounds


WIDE = ({10: 300}, {50: 100})
"""Well drawn above bin 10, found but badly drawn below."""


def test_one_lesion_slice_of_few_is_a_near_tie():
    point = chosen(histogram(*[WIDE] * 4, ({}, {8: 100}), FREE))
    assert point.threshold > 10 / BINS
    assert point.rates.found == 0.8
    two_faint = chosen(histogram(*[WIDE] * 4, *[({}, {8: 100})] * 2, FREE))
    assert two_faint.threshold <= 8 / BINS


@pytest.mark.parametrize(("faint", "found"), [(4, 0.98), (5, 1)])
def test_of_many_lesion_slices_two_in_a_hundred_are_a_near_tie(faint, found):
    point = chosen(histogram(*[WIDE] * (200 - faint), *[({}, {8: 100})] * faint, FREE))
    assert point.rates.found == found


def test_rates_are_those_of_the_slices_and_cases():
    hist = histogram(({10: 100}, {50: 100}), CLEAR, FAINT, ({30: 50, 5: 10}, {}), ALARM, FREE, FREE)
    cases = ["a", "a", "b", "c", "c", "c", "d"]
    point = chosen(hist, cases, point="max_dice", false_positive_bound=0.4)
    assert point.threshold == best_threshold(hist).threshold == 11 / BINS
    rates = point.rates
    assert (rates.found, rates.mean_dice) == (1, 1)
    assert (rates.marked, rates.marks_per_case, rates.marked_cases) == (0.5, 1, 0.5)
    assert not rates.within_bounds
    assert chosen(hist, cases, point="max_dice", false_positive_bound=0.5).rates.within_bounds


def test_bounds_are_kept_when_they_are_just_reached():
    hist = histogram(FAINT, ALARM, FREE, FREE, FREE)
    cases = ["patient", "a", "a", "b", "c"]
    reached = {"false_positive_bound": 0.25, "false_positives_per_case": 1 / 3, "marked_cases_bound": 1 / 3}
    assert chosen(hist, cases, **reached).rates.found == 1
    for name, bound in reached.items():
        assert chosen(hist, cases, **{**reached, name: bound - 0.01}).rates.found == 0


@pytest.mark.parametrize(("overlap", "found"), [(0.25, 1), (0.26, 0)])
def test_a_mark_must_overlap_the_lesion_enough(overlap, found):
    """100 pixels inside and 300 around it at one probability: an IoU of a quarter."""
    assert chosen(histogram(({40: 300}, {40: 100}), FREE), hit_iou=overlap).rates.found == found


def test_without_a_lesion_free_case_the_bounds_per_case_say_nothing():
    rates = chosen(histogram(CLEAR, FREE), ["a", "a"]).rates
    assert (rates.marked, rates.marks_per_case, rates.marked_cases) == (0, None, None)
    assert rates.within_bounds
    alone = chosen(histogram(CLEAR)).rates
    assert (alone.marked, alone.within_bounds) == (None, False)


def test_rates_are_rounded_to_four_places():
    hist = histogram(*[CLEAR] * 2, ({}, {0: 100}), ALARM, FREE, FREE)
    rates = chosen(hist, false_positive_bound=1).rates
    assert (rates.found, rates.mean_dice, rates.marked, rates.marks_per_case) == (0.6667, 0.6667, 0.3333, 0.3333)


def test_a_lesion_of_one_pixel_is_a_lesion():
    point = chosen(histogram(CLEAR, ({}, {40: 1}), FREE))
    assert point.rates.found == 1
    assert chosen(histogram(CLEAR, ({}, {0: 1}), FREE), point="max_dice").rates.found == 0.5
