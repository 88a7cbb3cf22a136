"""What a candidate must show against the model it would follow, on the same test cases, before it is installed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from cpam_train.evaluation.case import ClassResult
from cpam_train.evaluation.compare import main_difference, require_same_cases
from cpam_train.evaluation.run import Evaluation
from cpam_train.evaluation.summary import by_group
from cpam_train.metrics.bootstrap import Estimate, estimate
from cpam_train.metrics.probability import ece
from cpam_train.metrics.reliability import pixel_ece

FEW_PATIENTS = 10
"""With fewer test patients whose reference holds a class, a gain in that class may be chance."""

SOURCE_PATIENTS = 3
"""With fewer, a source is looked at together with the others only."""


@dataclass(frozen=True)
class Margins:
    """How much is asked for, in Dice where both models draw masks and the class is outlined, else in AUC of slices.

    Attributes
    ----------
    gain
        The whole interval of the gain in at least one class lies above this.
    loss
        The whole interval of every class lies above minus this.
    source_loss
        No source loses more than this in a class.
    calibration
        Calibration error may rise by no more than this.
    """

    gain: float = 0.0
    loss: float = 0.05
    source_loss: float = 0.1
    calibration: float = 0.02


@dataclass(frozen=True)
class Asked:
    """What is asked for, and why a person takes the candidate though it does not show all of it; empty: nobody does."""

    margins: Margins = field(default_factory=Margins)
    insist: str = ""


@dataclass(frozen=True)
class Demand:
    """One thing that is asked for: in words, what was found, and whether it is met."""

    words: str
    found: str
    met: bool

    def __str__(self) -> str:
        return f"{self.words} ({self.found})"


def demands_on(candidate: Evaluation, current: Evaluation, margins: Margins) -> tuple[Demand, ...]:
    """Return all that is asked of a candidate, met or not.

    Raises
    ------
    InputError
        If the two models did not judge the same cases.
    """
    require_same_cases(candidate, current)
    differences = {n: main_difference(results, current.results[n]) for n, results in candidate.results.items()}
    judged = {name: d for name, d in differences.items() if d is not None and d.value is not None}
    return (
        _enough_cases(candidate),
        _gain(judged, margins),
        *(_no_loss(name, difference, margins) for name, difference in judged.items()),
        *_sources(candidate, current, margins),
        *_calibration(candidate, current, margins),
        *_false_marks(candidate, current),
    )


def _enough_cases(candidate: Evaluation) -> Demand:
    held = {
        name: len({r.patient_id for r in results if r.label == 1 or (r.mask is not None and r.mask.has_reference)})
        for name, results in candidate.results.items()
    }
    words = f"at least {FEW_PATIENTS} test patients with each class"
    return Demand(
        words, ", ".join(f"{name} {n}" for name, n in held.items()), met=min(held.values(), default=0) >= FEW_PATIENTS
    )


def _gain(judged: dict[str, Estimate], margins: Margins) -> Demand:
    found = ", ".join(f"{name} {_signed(d)}" for name, d in judged.items()) or "nothing that both models judge"
    met = any(_low(d) > margins.gain for d in judged.values())
    return Demand(f"a gain in one class, with its whole interval above {margins.gain:g}", found, met)


def _no_loss(name: str, difference: Estimate, margins: Margins) -> Demand:
    words = f"{name}: the whole interval of the difference above {-margins.loss:g}"
    return Demand(words, _signed(difference), _low(difference) > -margins.loss)


def _sources(candidate: Evaluation, current: Evaluation, margins: Margins) -> list[Demand]:
    """Return one demand for each source with enough patients in which a class can be compared."""
    demands = []
    for name, results in candidate.results.items():
        before = by_group(current.results[name], lambda r: r.source)
        for source, own in by_group(results, lambda r: r.source).items():
            difference = main_difference(tuple(own), tuple(before[source]))
            if difference is None or difference.value is None or difference.patients < SOURCE_PATIENTS:
                continue
            words = f"{name} of {source}: no more than {margins.source_loss:g} worse"
            demands.append(Demand(words, _signed(difference), difference.value >= -margins.source_loss))
    return demands


def _calibration(candidate: Evaluation, current: Evaluation, margins: Margins) -> list[Demand]:
    demands = []
    for name, results in candidate.results.items():
        difference = _calibration_difference(results, current.results[name])
        if difference is None or difference.value is None:
            continue
        words = f"{name}: calibration error no more than {margins.calibration:g} higher"
        demands.append(Demand(words, _signed(difference), difference.value <= margins.calibration))
    return demands


def _calibration_difference(first: Sequence[ClassResult], second: Sequence[ClassResult]) -> Estimate | None:
    """Return the difference of the error of pixels where both models draw masks, else of slices."""
    masks = [(a.mask, b.mask, a.patient_id) for a, b in zip(first, second, strict=True)]
    pairs = [(a.reliability, b.reliability, patient) for a, b, patient in masks if a is not None and b is not None]
    if pairs:
        of_first, of_second = pixel_ece([a for a, _, _ in pairs]), pixel_ece([b for _, b, _ in pairs])
        return estimate(lambda w: of_first(w) - of_second(w), [patient for _, _, patient in pairs])
    slices = [(a, b) for a, b in zip(first, second, strict=True) if len(a.slice_labels)]
    if not slices:
        return None
    present = np.concatenate([a.slice_labels for a, _ in slices]) == 1
    new, old = (np.concatenate([pair[i].slice_probabilities for pair in slices]) for i in (0, 1))
    patients = [a.patient_id for a, _ in slices for _ in a.slice_labels]
    return estimate(lambda w: ece(new, present, w) - ece(old, present, w), patients)


def _false_marks(candidate: Evaluation, current: Evaluation) -> list[Demand]:
    """Return one demand for each class, over the cases that are free of it."""
    demands = []
    for name, results in candidate.results.items():
        masks = [(a.mask, b.mask) for a, b in zip(results, current.results[name], strict=True)]
        free = [(a.lesions.false, b.lesions.false) for a, b in masks if a and b and not a.has_reference]
        if not free:
            continue
        new, old = (sum(column) for column in zip(*free, strict=True))
        words = f"{name}: no more false marks in cases without it"
        demands.append(Demand(words, f"{new} against {old}", met=new <= old))
    return demands


def _low(difference: Estimate) -> float:
    """Return the lower end of the interval; one patient gives none, and so no certainty."""
    return -np.inf if difference.low is None else difference.low


def _signed(difference: Estimate) -> str:
    if difference.value is None:
        return "-"
    if difference.low is None or difference.high is None:
        return f"{difference.value:+.3f}, no interval"
    return f"{difference.value:+.3f} [{difference.low:+.3f}, {difference.high:+.3f}]"
