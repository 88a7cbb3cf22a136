"""How often slices are drawn."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import pytest
import torch

from cpam_train.data.sampler import EVERY_REASON_ALIKE, kind_of, replayed, sampling_weights, weighted_sampler
from cpam_train.data.slices import CaseRow, SliceRow


def rows_of(*groups):
    """Each group: source, patient, labels, number of slices, findings rejected as artefacts on the first."""
    rows = []
    for source, patient, labels, count, rejected in groups:
        case = CaseRow(f"{source}-{patient}", patient, source, "hash", "revision", "train")
        rows += [
            SliceRow(case, z, (True, True), labels, ("artefact",) * rejected if z == 0 else ()) for z in range(count)
        ]
    return rows


@pytest.fixture
def rows():
    return rows_of(
        ("a", "p1", (1, 0), 100, 0),
        ("a", "p2", (1, 0), 4, 0),
        ("b", "p3", (0, 0), 300, 2),
        ("b", "p4", (0, 1), 9, 0),
        ("c", "p5", (-1, 1), 4, 0),
    )


def share(rows, weights, key):
    total = defaultdict(float)
    for row, weight in zip(rows, weights.tolist(), strict=True):
        total[key(row)] += weight / len(rows)
    return dict(total)


def test_kinds_are_drawn_evenly(rows):
    assert share(rows, sampling_weights(rows), kind_of) == pytest.approx(
        {"ischemia": 1 / 3, "neither": 1 / 3, "hemorrhage": 1 / 3}
    )


def test_sources_and_patients_share_by_the_root_of_their_size(rows):
    weights = sampling_weights(rows)
    by_patient = share(rows, weights, lambda row: row.case.patient_id)
    assert by_patient["p4"] / by_patient["p5"] == pytest.approx((9 / 4) ** 0.5)
    assert by_patient["p1"] / by_patient["p2"] == pytest.approx((100 / 4) ** 0.5)


def test_draws_are_expected_numbers_and_make_the_epoch_as_long_as_their_sum(rows):
    weights = sampling_weights(rows, balance=0, draws=(4, 2))
    assert weights.tolist() == [2.0 if kind_of(row) == "neither" else 4.0 for row in rows]
    assert len(weighted_sampler(weights)) == weights.sum() == 4 * 117 + 2 * 300
    assert len(weighted_sampler(weights, share=2)) == weights.sum() // 2
    even = share(rows, sampling_weights(rows, draws=(4, 2)), kind_of)
    assert even["ischemia"] / even["neither"] == pytest.approx(2)


def test_reasons_of_rejection_weigh_as_set(rows):
    index = next(i for i, row in enumerate(rows) if row.rejected)

    def gain(**reason_weights):
        chosen = dict(EVERY_REASON_ALIKE) | reason_weights
        weights = sampling_weights(rows, hard_negative_weight=2, reason_weights=chosen)
        return float(weights[index] / weights[index + 1])

    assert gain(artefact=0) == pytest.approx(1)
    assert gain(artefact=3) == pytest.approx(1 + 2 * 2 * 3)
    assert gain(calcification=3) == gain() == pytest.approx(5)


def test_no_balance_is_uniform_and_half_lies_between(rows):
    assert torch.allclose(sampling_weights(rows, balance=0), torch.ones(len(rows), dtype=torch.float64))
    spread = [float(sampling_weights(rows, balance=b).max()) for b in (0, 0.5, 1)]
    assert spread == sorted(spread)
    assert spread[0] < spread[1] < spread[2]


def test_rejected_findings_are_drawn_more_often(rows):
    plain, mined = sampling_weights(rows), sampling_weights(rows, hard_negative_weight=2)
    index = next(i for i, row in enumerate(rows) if row.rejected)
    assert rows[index].case.patient_id == "p3"
    assert mined[index] / mined[index + 1] == pytest.approx(5)
    assert plain[index] == plain[index + 1]


def test_prompts_sent_again_are_drawn_more_often_up_to_a_bound(rows):
    def gain(*again):
        corrected = [replace(rows[0], sent_again=again), *rows[1:]]
        weights = sampling_weights(corrected, prompt_weight=0.5)
        return float(weights[0] / weights[1])

    assert [gain(0, 0), gain(1, 0), gain(1, 2), gain(3, 1), gain(90, 3)] == pytest.approx([1, 1.5, 2.5, 3, 3])


def test_sampler_repeats_itself_for_a_seed(rows):
    weights = sampling_weights(rows)
    first, second = (list(weighted_sampler(weights, samples=50, seed=3)) for _ in range(2))
    assert first == second
    assert len(first) == 50
    assert list(weighted_sampler(weights, seed=4))[:20] != first[:20]


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 1.0])
def test_old_cases_are_the_share_that_is_asked_for(share):
    weights = torch.tensor([1.0, 3.0, 2.0, 2.0], dtype=torch.float64)
    mixed = replayed(weights, [True, True, False, False], share)
    assert mixed.sum() == pytest.approx(8)
    assert mixed[2:].sum() == pytest.approx(8 * share)
    assert mixed[1] == pytest.approx(3 * mixed[0])
    for alike in ([True] * 4, [False] * 4):
        assert torch.equal(replayed(weights, alike, share), weights)
