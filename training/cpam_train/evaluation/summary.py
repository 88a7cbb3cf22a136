"""Figures with intervals from judged cases. Background is in none of them; empty references are told apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cpam_train.evaluation.case import ClassResult
from cpam_train.metrics.bootstrap import Estimate, estimate, mean_of, median_of, ratio_of
from cpam_train.metrics.counts import dice, iou, precision, sensitivity, specificity, stacked
from cpam_train.metrics.probability import auc, brier, ece, sensitivity_at_specificity
from cpam_train.metrics.reliability import pixel_ece
from cpam_train.metrics.surface import TOLERANCES_MM

Figures = dict[str, Estimate]


@dataclass(frozen=True)
class ClassSummary:
    """Everything said about one class over a set of cases.

    Attributes
    ----------
    lesion_cases
        Masks of cases whose reference holds the class.
    empty_cases
        Marks in cases whose reference does not.
    pixels
        Probabilities of pixels against masks.
    slices, cases
        Probabilities against labels, per slice and per case.
    """

    lesion_cases: Figures = field(default_factory=dict)
    empty_cases: Figures = field(default_factory=dict)
    pixels: Figures = field(default_factory=dict)
    slices: Figures = field(default_factory=dict)
    cases: Figures = field(default_factory=dict)


def summarise_class(results: Sequence[ClassResult]) -> ClassSummary:
    """Return the figures of one class."""
    with_lesion = [r for r in results if r.mask is not None and r.mask.has_reference]
    without = [r for r in results if r.mask is not None and not r.mask.has_reference]
    labelled = [r for r in results if r.label >= 0]
    slices = [r for r in results if len(r.slice_labels)]
    return ClassSummary(
        lesion_cases=_lesion_figures(with_lesion),
        empty_cases=_empty_figures(without),
        pixels=_pixel_figures([*with_lesion, *without]),
        slices=_probability_figures(
            np.concatenate([r.slice_probabilities for r in slices]) if slices else np.zeros(0),
            np.concatenate([r.slice_labels for r in slices]) == 1 if slices else np.zeros(0, dtype=bool),
            [r.patient_id for r in slices for _ in r.slice_labels],
        ),
        cases=_probability_figures(
            np.asarray([r.probability for r in labelled]),
            np.asarray([r.label for r in labelled]) == 1,
            [r.patient_id for r in labelled],
        ),
    )


def by_group(
    results: Sequence[ClassResult], group: Callable[[ClassResult], str]
) -> Mapping[str, Sequence[ClassResult]]:
    """Return the results of each group, by name."""
    names = sorted({group(r) for r in results})
    return {name: [r for r in results if group(r) == name] for name in names}


def thickness_group(result: ClassResult) -> str:
    """Return the band of slice thickness a case belongs to."""
    mm = result.thickness_mm
    if mm is None:
        return "thickness not told"
    return "up to 2 mm" if mm <= 2 else "2 to 4 mm" if mm <= 4 else "over 4 mm"


def case_dice(result: ClassResult) -> float | None:
    """Return the Dice of a case, None where it has no reference of the class."""
    if result.mask is None or not result.mask.has_reference:
        return None
    return float(dice(result.mask.pixels))


def _lesion_figures(results: Sequence[ClassResult]) -> Figures:
    if not results:
        return {}
    masks = [r.mask for r in results if r.mask is not None]
    patients = [r.patient_id for r in results]
    counts = stacked(m.pixels for m in masks)
    by_patient, (by_slice, of_slices) = _patient_dice(results), _slice_dice(results)
    figures = {
        "dice": estimate(mean_of(dice(counts)), patients),
        "dice_median": estimate(median_of(dice(counts)), patients),
        "dice_per_slice": estimate(mean_of(by_slice), of_slices),
        "dice_per_patient": estimate(mean_of(list(by_patient.values())), list(by_patient)),
        "dice_pooled": estimate(ratio_of(2 * counts.tp, 2 * counts.tp + counts.fp + counts.fn), patients),
        "iou": estimate(mean_of(iou(counts)), patients),
        "iou_pooled": estimate(ratio_of(counts.tp, counts.tp + counts.fp + counts.fn), patients),
        "sensitivity": estimate(mean_of(sensitivity(counts)), patients),
        "precision": _mean_where(precision(counts), patients),
        "specificity": _mean_where(specificity(counts), patients),
    }
    return figures | _surface_figures(results) | _volume_figures(results) | _lesion_counts(results)


def _surface_figures(results: Sequence[ClassResult]) -> Figures:
    measured = [r for r in results if r.mask is not None and r.mask.surface is not None]
    if not measured:
        return {}
    patients = [r.patient_id for r in measured]
    distances = [r.mask.surface for r in measured if r.mask is not None and r.mask.surface is not None]
    figures = {
        f"surface_dice_{tolerance:g}mm": estimate(mean_of([d.surface_dice[i] for d in distances]), patients)
        for i, tolerance in enumerate(TOLERANCES_MM)
    }
    figures["hd95_mm_median_marked"] = _median_where([d.hd95_mm for d in distances], patients)
    figures["not_marked_at_all"] = estimate(mean_of([float(d.hd95_mm is None) for d in distances]), patients)
    return figures


def _volume_figures(results: Sequence[ClassResult]) -> Figures:
    measured = [
        (r.patient_id, r.mask.predicted_ml - r.mask.reference_ml)
        for r in results
        if r.mask is not None and r.mask.predicted_ml is not None and r.mask.reference_ml is not None
    ]
    if not measured:
        return {}
    patients, difference = [p for p, _ in measured], np.asarray([d for _, d in measured])
    return {
        "volume_difference_ml": estimate(mean_of(difference), patients),
        "absolute_volume_difference_ml": estimate(mean_of(np.abs(difference)), patients),
    }


def _lesion_counts(results: Sequence[ClassResult]) -> Figures:
    patients = [r.patient_id for r in results]
    lesions = [r.mask.lesions for r in results if r.mask is not None]
    detected, missed, false = (
        np.asarray([getattr(c, n) for c in lesions], float) for n in ("detected", "missed", "false")
    )
    return {
        "lesion_sensitivity": estimate(ratio_of(detected, detected + missed), patients),
        "lesion_f1": estimate(ratio_of(2 * detected, 2 * detected + missed + false), patients),
        "false_lesions_per_case": estimate(mean_of(false), patients),
    }


def _empty_figures(results: Sequence[ClassResult]) -> Figures:
    if not results:
        return {}
    patients = [r.patient_id for r in results]
    masks = [r.mask for r in results if r.mask is not None]
    figures = {
        "marked_share": estimate(mean_of([float(m.pixels.fp > 0) for m in masks]), patients),
        "false_lesions_per_case": estimate(mean_of([float(m.lesions.false) for m in masks]), patients),
        "false_pixels_per_million": estimate(
            ratio_of([1e6 * float(m.pixels.fp) for m in masks], [float(m.pixels.fp + m.pixels.tn) for m in masks]),
            patients,
        ),
    }
    measured = [(r.patient_id, r.mask.predicted_ml) for r in results if r.mask and r.mask.predicted_ml is not None]
    if measured:
        people, ml = [p for p, _ in measured], [v for _, v in measured]
        figures["false_ml_median"] = estimate(median_of(ml), people)
        figures["false_ml_mean"] = estimate(mean_of(ml), people)
    return figures


def _pixel_figures(results: Sequence[ClassResult]) -> Figures:
    judged = [(r.mask.reliability, r.patient_id) for r in results if r.mask is not None]
    if not judged:
        return {}
    reliabilities, patients = zip(*judged, strict=True)
    return {"ece": estimate(pixel_ece(reliabilities), patients)}


def _probability_figures(
    probability: NDArray[np.float64], present: NDArray[np.bool_], patients: Sequence[str]
) -> Figures:
    if not len(probability):
        return {}
    people = list(patients)
    return {
        "positives": Estimate(float(present.sum()), None, None, len(people), len(set(people))),
        "auc": estimate(lambda w: auc(probability, present, w), people),
        "sensitivity_at_specificity_90": estimate(
            lambda w: sensitivity_at_specificity(probability, present, 0.90, w), people
        ),
        "sensitivity_at_specificity_95": estimate(
            lambda w: sensitivity_at_specificity(probability, present, 0.95, w), people
        ),
        "ece": estimate(lambda w: ece(probability, present, w), people),
        "brier": estimate(lambda w: brier(probability, present, w), people),
    }


def _patient_dice(results: Sequence[ClassResult]) -> dict[str, float]:
    """Return the Dice of each patient's pixels together."""
    values = {}
    for patient, own in by_group(results, lambda r: r.patient_id).items():
        values[patient] = float(dice(stacked(r.mask.pixels for r in own if r.mask is not None).pooled()))
    return values


def _slice_dice(results: Sequence[ClassResult]) -> tuple[NDArray[np.float64], list[str]]:
    """Return the Dice of every slice that holds the class, and its patient."""
    judged = [(dice(r.mask.slice_pixels), r.patient_id) for r in results if r.mask is not None]
    values = np.concatenate([scores for scores, _ in judged])
    patients = [patient for scores, patient in judged for _ in scores]
    held = ~np.isnan(values)
    return values[held], [patient for patient, holds in zip(patients, held, strict=True) if holds]


def _mean_where(values: NDArray[np.float64], patients: Sequence[str]) -> Estimate:
    keep = ~np.isnan(values)
    return estimate(mean_of(values[keep]), [p for p, k in zip(patients, keep, strict=True) if k])


def _median_where(values: Sequence[float | None], patients: Sequence[str]) -> Estimate:
    kept = [(v, p) for v, p in zip(values, patients, strict=True) if v is not None]
    return estimate(median_of([v for v, _ in kept]), [p for _, p in kept])
