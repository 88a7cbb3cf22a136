"""Figures of a system over its seeds, each with an interval over patients."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cpam_train.benchmark.outcome import Cases, Outcome, Slices
from cpam_train.metrics.bootstrap import Estimate, estimate, mean_of, ratio_of
from cpam_train.metrics.counts import Counts, dice, iou
from cpam_train.metrics.probability import auc
from napari_cpam_stroke.core.arrays import Floats

Group = Sequence[Outcome]
"""One system, all its seeds."""

ALIKE = 0.5
"""Probability from which a slice counts as stroke in the paper's accuracy."""


def pixel_accuracy(group: Group, split: str) -> Estimate:
    """Return the share of pixels that are right, both classes and all seeds together."""
    cases = [own for outcome in group for own in outcome.masks[split].values()]
    right = np.concatenate([c.pixels.tp + c.pixels.tn for c in cases])
    everything = np.concatenate([_total(c.pixels) for c in cases])
    return estimate(ratio_of(right, everything), [p for c in cases for p in c.patients])


def mean_overlap(group: Group, measure: str, *, names: Sequence[str] | None = None) -> Estimate:
    """Return mean Dice or IoU over the test cases that hold a class, averaged over seeds."""
    values, patients, _ = overlap_values(group, measure, names=names)
    return estimate(mean_of(values), patients)


def marked_share(group: Group, *, names: Sequence[str]) -> Estimate:
    """Return the share of test cases without a class that carry a mark of it, over all seeds."""
    own = [outcome.masks["test"][name] for outcome in group for name in names]
    marked = np.concatenate([(c.pixels.fp > 0)[~c.holds] for c in own]).astype(float)
    return estimate(mean_of(marked), [p for c in own for p in _free(c)])


def false_pixels_per_million(group: Group, *, names: Sequence[str]) -> Estimate:
    """Return marked pixels per million in test cases without a class, over all seeds."""
    own = [outcome.masks["test"][name] for outcome in group for name in names]
    marked = np.concatenate([c.pixels.fp[~c.holds] for c in own])
    everything = np.concatenate([_total(c.pixels)[~c.holds] for c in own])
    return estimate(ratio_of(1e6 * marked, everything), [p for c in own for p in _free(c)])


def overlap_values(
    group: Group, measure: str, *, names: Sequence[str] | None = None
) -> tuple[Floats, list[str], list[str]]:
    """Return for N pairs of case and class the mean over seeds (N,), 0..1, the patient, and case and class by name."""
    ratio = {"dice": dice, "iou": iou}[measure]
    values, patients, labels = [], [], []
    for name in names or list(group[0].masks["test"]):
        own = [outcome.masks["test"][name] for outcome in group]
        holds = own[0].holds
        values.append(np.mean([ratio(c.pixels)[holds] for c in own], axis=0))
        patients += _holding(own[0], own[0].patients)
        labels += [f"{case}:{name}" for case in _holding(own[0], own[0].case_ids)]
    return np.concatenate(values), patients, labels


def overlap_difference(first: Group, second: Group, *, names: Sequence[str] | None = None) -> Estimate:
    """Return mean Dice of the first minus that of the second, over the same cases."""
    a, patients, cases = overlap_values(first, "dice", names=names)
    b, _, others = overlap_values(second, "dice", names=names)
    assert cases == others  # noqa: S101 - one store, one split
    return estimate(mean_of(a - b), patients)


def slice_accuracy(group: Group, split: str, *, name: str | None = None) -> Estimate:
    """Return how many slices are rightly called stroke or not (or one class or not), over all seeds."""
    own = _slices(group, split, name)
    right = np.concatenate([(s.probability >= ALIKE) == s.present for s in own]).astype(float)
    return estimate(mean_of(right), [p for s in own for p in s.patients])


def slice_rates(group: Group, *, name: str | None = None) -> dict[str, Estimate]:
    """Return sensitivity, specificity, precision and F1 of stroke slices (or of one class) on test data, all seeds."""
    own = _slices(group, "test", name)
    called = np.concatenate([s.probability >= ALIKE for s in own])
    present = np.concatenate([s.present for s in own])
    patients = [p for s in own for p in s.patients]
    tp, fp, fn, tn = (
        x.astype(float) for x in (called & present, called & ~present, ~called & present, ~called & ~present)
    )
    return {
        "sensitivity": estimate(ratio_of(tp, tp + fn), patients),
        "specificity": estimate(ratio_of(tn, tn + fp), patients),
        "precision": estimate(ratio_of(tp, tp + fp), patients),
        "F1": estimate(ratio_of(2 * tp, 2 * tp + fp + fn), patients),
    }


def slice_auc(group: Group, *, name: str | None = None) -> Estimate:
    """Return the AUC of stroke slices (or of one class) on test data, averaged over seeds."""
    own = _slices(group, "test", name)

    def statistic(weights: Floats) -> Floats:
        return np.asarray(np.mean([auc(s.probability, s.present, weights) for s in own], axis=0))

    return estimate(statistic, own[0].patients)


def _slices(group: Group, split: str, name: str | None) -> list[Slices]:
    return [outcome.slices[split] if name is None else outcome.slices_of[split][name] for outcome in group]


def _free(cases: Cases) -> list[str]:
    """Return the patients of the cases without the class."""
    return [p for p, holds in zip(cases.patients, cases.holds, strict=True) if not holds]


def _total(c: Counts) -> Floats:
    return np.asarray(c.tp + c.fp + c.fn + c.tn)


def _holding(cases: Cases, values: Sequence[str]) -> list[str]:
    return [value for value, kept in zip(values, cases.holds, strict=True) if kept]
