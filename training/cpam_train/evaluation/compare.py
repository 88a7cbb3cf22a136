"""Two models on the same cases: the paired difference, class by class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cpam_train.evaluation.case import ClassResult
from cpam_train.evaluation.run import Evaluation
from cpam_train.evaluation.summary import case_dice
from cpam_train.metrics.bootstrap import Estimate, estimate, paired_difference
from cpam_train.metrics.probability import auc
from napari_cpam_stroke.errors import InputError


@dataclass(frozen=True)
class Difference:
    """First model minus second.

    Attributes
    ----------
    dice
        Mean over cases with a reference; None without such cases.
    auc
        Of slices; None where labels do not vary.
    """

    dice: Estimate | None
    auc: Estimate | None


def compare(first: Evaluation, second: Evaluation) -> dict[str, Difference]:
    """Return the differences of two evaluations by class.

    Raises
    ------
    InputError
        If they did not judge the same cases.
    """
    require_same_cases(first, second)
    return {
        name: Difference(_dice(results, second.results[name]), _auc(results, second.results[name]))
        for name, results in first.results.items()
    }


def require_same_cases(first: Evaluation, second: Evaluation) -> None:
    """Raise InputError for two evaluations that did not judge the same cases."""
    for name, results in first.results.items():
        if [r.case_id for r in results] != [r.case_id for r in second.results[name]]:
            raise InputError("The two models were not judged on the same cases")


def main_difference(first: tuple[ClassResult, ...], second: tuple[ClassResult, ...]) -> Estimate | None:
    """Return the difference of one class over the same cases in the same order: of Dice, else of the slices' AUC."""
    return _dice(first, second) or _auc(first, second)


def _dice(first: tuple[ClassResult, ...], second: tuple[ClassResult, ...]) -> Estimate | None:
    pairs = [(case_dice(a), case_dice(b), a.patient_id) for a, b in zip(first, second, strict=True)]
    kept = [(a, b, patient) for a, b, patient in pairs if a is not None and b is not None]
    if not kept:
        return None
    return paired_difference([a for a, _, _ in kept], [b for _, b, _ in kept], [patient for _, _, patient in kept])


def _auc(first: tuple[ClassResult, ...], second: tuple[ClassResult, ...]) -> Estimate | None:
    parts = [(a, b) for a, b in zip(first, second, strict=True) if len(a.slice_labels)]
    if not parts:
        return None
    present = np.concatenate([a.slice_labels for a, _ in parts]) == 1
    of_first, of_second = (np.concatenate([pair[i].slice_probabilities for pair in parts]) for i in (0, 1))
    patients = [a.patient_id for a, _ in parts for _ in a.slice_labels]
    difference = estimate(lambda w: auc(of_first, present, w) - auc(of_second, present, w), patients)
    return None if difference.value is None else difference
