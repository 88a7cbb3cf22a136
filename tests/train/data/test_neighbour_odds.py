"""Neighbours are shown by chance, and their presence tells no class: neither over all slices nor inside a source."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import torch
from scipy.stats import chi2_contingency

from cpam_train.data.neighbour_odds import count_sides, neighbour_odds, shown_slices
from cpam_train.data.sampler import kind_of, sampling_weights, weighted_sampler
from cpam_train.data.slices import CaseRow, SliceRow
from napari_cpam_stroke.config import PreprocessConfig

CONFIG = PreprocessConfig(context_slices=3, context_mm=5.0)
ODDS = (0.2, 0.5)
ISCHEMIA, HEMORRHAGE, NEITHER = (1, 0), (0, 1), (0, 0)


def case_rows(source, patient, labels, places=()):
    """Rows of one case; without places a single slice, or slices in the order of their files."""
    case = CaseRow(f"{source}-{patient}", patient, source, "h", "r", "train", slices=len(labels), places_mm=places)
    return [SliceRow(case, z, (True, True), label) for z, label in enumerate(labels)]


def public_like():
    """Runs with gaps of ischemia, series that bleed here and there, single slices of every kind."""
    rows = []
    for p in range(20):
        rows += case_rows("runs", f"r{p}", [ISCHEMIA] * 9, (0, 5, 10, 15, 20, 25, 40, 45, 80))
        rows += case_rows("series", f"s{p}", [HEMORRHAGE if p % 2 and 8 < z < 16 else NEITHER for z in range(28)])
    for p in range(60):
        rows += case_rows("runs", f"o{p}", [ISCHEMIA])
        rows += case_rows("pairs", f"p{p}", [ISCHEMIA if p % 3 else HEMORRHAGE])
    for p in range(200):
        rows += case_rows("pictures", f"q{p}", [(-1, 0) if p % 10 else (-1, 1)])
    return rows


def plan_of(rows, wanted=ODDS):
    weights = sampling_weights(rows, balance=0.5).numpy()
    sides = count_sides(rows, CONFIG)
    return neighbour_odds(rows, weights, sides, wanted), weights, sides


def chance_of(plan, chosen):
    """Odds of showing none, one and two neighbours on a slice drawn among some."""
    odds = np.column_stack([1 - plan.odds.sum(axis=1), plan.odds])
    return plan.weights[chosen] @ odds[chosen] / plan.weights[chosen].sum()


def test_sides_are_counted_without_bridging_gaps():
    rows = case_rows("runs", "p", [ISCHEMIA] * 6, (0.0, 5.0, 10.0, 30.0, 35.0, 60.0))
    assert count_sides(rows, CONFIG).tolist() == [1, 2, 1, 1, 1, 0]
    assert count_sides(case_rows("series", "p", [NEITHER] * 4), CONFIG).tolist() == [1, 2, 2, 1]
    assert count_sides(case_rows("pairs", "p", [NEITHER]), CONFIG).tolist() == [0]


def test_every_kind_is_shown_each_number_of_neighbours_equally_often():
    rows = public_like()
    plan, _, _ = plan_of(rows)
    kinds = np.array([kind_of(row) for row in rows])
    chances = [chance_of(plan, kinds == kind) for kind in ("ischemia", "hemorrhage", "neither")]
    np.testing.assert_allclose(chances[1:], np.broadcast_to(chances[0], (2, 3)), atol=1e-9)
    assert chances[0][1] / chances[0][2] == pytest.approx(ODDS[0] / ODDS[1])
    assert chances[0][2] > 0.15


def test_inside_a_source_too():
    rows = public_like()
    plan, _, _ = plan_of(rows)
    kinds, sources = np.array([kind_of(row) for row in rows]), np.array([row.case.source for row in rows])
    bleeding, free = (chance_of(plan, (sources == "series") & (kinds == kind)) for kind in ("hemorrhage", "neither"))
    np.testing.assert_allclose(bleeding, free, atol=1e-9)
    assert free[2] > 0.4
    assert not plan.odds[(sources == "pairs") | (sources == "pictures")].any()


def test_kinds_keep_their_shares_and_nobody_is_shown_what_is_not_there():
    rows = public_like()
    plan, weights, sides = plan_of(rows)
    kinds = np.array([kind_of(row) for row in rows])
    for kind in set(kinds):
        assert plan.weights[kinds == kind].sum() == pytest.approx(weights[kinds == kind].sum())
    assert not plan.odds[sides == 0].any()
    assert not plan.odds[sides < 2, 1].any()
    assert (plan.odds >= 0).all()
    assert (plan.odds.sum(axis=1) <= 1 + 1e-9).all()


def test_slices_with_neighbours_are_drawn_more_often_only_where_they_are_too_few():
    rows = [*case_rows("a", "p", [ISCHEMIA] * 3, (0.0, 5.0, 10.0)), *case_rows("a", "q", [ISCHEMIA])]
    sides, equal = count_sides(rows, CONFIG), np.ones(4)
    enough = neighbour_odds(rows, equal, sides, (0.25, 0.25))
    np.testing.assert_allclose(enough.weights, equal)
    few = neighbour_odds(rows, equal, sides, (0.0, 0.5))
    np.testing.assert_allclose(few.weights, [0.5, 2, 0.5, 1])
    for plan, wanted in ((enough, (0.25, 0.25)), (few, (0.0, 0.5))):
        np.testing.assert_allclose(chance_of(plan, np.ones(4, bool))[1:], wanted, atol=1e-9)


def test_the_odds_hold_where_no_slice_has_just_one_neighbour():
    """Only middle slices are known, and slices on their own."""
    rows = [r for p in "abc" for r in case_rows("a", p, [ISCHEMIA] * 3, (0.0, 5.0, 10.0)) if r.z == 1]
    rows += [r for p in "defghi" for r in case_rows("a", p, [ISCHEMIA])]
    plan = neighbour_odds(rows, np.ones(9), count_sides(rows, CONFIG), (0.3, 0.3))
    np.testing.assert_allclose(chance_of(plan, np.ones(9, bool)), (0.4, 0.3, 0.3), atol=1e-9)


def test_a_kind_that_comes_from_no_series_keeps_all_neighbours_away():
    rows = [*case_rows("series", "p", [NEITHER] * 9), *(r for p in "abc" for r in case_rows("one", p, [ISCHEMIA]))]
    plan, weights, _ = plan_of(rows)
    assert not plan.any
    np.testing.assert_allclose(plan.weights, weights)


def test_a_probe_of_the_presence_finds_no_class():
    """What a whole epoch shows: neither class nor, inside a source, class is tied to the number of neighbours."""
    rows = public_like()
    plan, _, _ = plan_of(rows)
    rng = np.random.default_rng(0)
    drawn = list(weighted_sampler(torch.from_numpy(plan.weights), samples=20_000, seed=1))
    numbers = [rng.choice(3, p=[max(0.0, 1 - plan.odds[i].sum()), *plan.odds[i]]) for i in drawn]
    kinds = [kind_of(rows[i]) for i in drawn]
    by_kind, inside = Counter(zip(kinds, numbers, strict=True)), Counter()
    for i, kind, number in zip(drawn, kinds, numbers, strict=True):
        inside[kind, number] += rows[i].case.source == "series"
    for counts, names in ((by_kind, ("ischemia", "hemorrhage", "neither")), (inside, ("hemorrhage", "neither"))):
        table = [[counts[kind, number] for number in range(3)] for kind in names]
        assert chi2_contingency(table).pvalue > 0.01
    sides = count_sides(rows, CONFIG)
    there = Counter((kind, int(sides[i])) for kind, i in zip(kinds, drawn, strict=True))
    table = [[there[kind, number] for number in range(3)] for kind in ("ischemia", "neither")]
    assert chi2_contingency(table).pvalue < 1e-6, "all that is there would tell it"


@pytest.mark.parametrize(
    ("odds", "shown"), [((0.0, 0.0), {0}), ((1.0, 0.0), {1}), ((0.0, 1.0), {2}), ((0.3, 0.4), {0, 1, 2})]
)
def test_absent_neighbours_are_the_slice_itself_and_the_order_is_drawn(odds, shown):
    seen = {tuple(shown_slices([4, 5, 6], np.array(odds), np.random.default_rng(seed))) for seed in range(200)}
    every = {0: {(5, 5, 5)}, 1: {(4, 5, 5), (5, 5, 6), (5, 5, 4), (6, 5, 5)}, 2: {(4, 5, 6), (6, 5, 4)}}
    assert seen == set().union(*(every[number] for number in shown))


def test_one_neighbour_is_the_one_that_is_there_and_a_side_is_shown_whole():
    odds = np.array([1.0, 0.0])
    assert {tuple(shown_slices([0, 0, 1], odds, np.random.default_rng(s))) for s in range(20)} == {(0, 0, 1), (1, 0, 0)}
    wide = {tuple(sorted(shown_slices([1, 2, 3, 4, 5], odds, np.random.default_rng(s)))) for s in range(40)}
    assert wide == {(1, 2, 3, 3, 3), (3, 3, 3, 4, 5)}
