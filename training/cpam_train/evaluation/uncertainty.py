"""Which cases a model is least sure of: those teach it most, and come first in the worklist."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.annotations.records import CaseRecord
from napari_cpam_stroke.core import CLASS_NAMES, LesionClass
from napari_cpam_stroke.inference import Prediction
from napari_cpam_stroke.inference.predictor import Predictor
from napari_cpam_stroke.progress import Progress

MIN_MASS_PIXELS = 25.0
"""Expected lesion pixels below this leave the mask part out: there is nothing to be unsure about."""

OPEN_STATUSES = ("new", "predicted", "in_review", "second_read")
"""Cases somebody still has to look at."""


@dataclass(frozen=True)
class Ranked:
    """A case and how unsure the model is of it, 0..1; the parts say why."""

    case_id: str
    uncertainty: float
    series: float
    mask: float
    probabilities: dict[str, float]


def rank_cases(
    predictor: Predictor,
    store: AnnotationStore,
    *,
    everything: bool = False,
    record: bool = True,
    progress: Progress | None = None,
) -> list[Ranked]:
    """Run a model on the cases nobody has finished and return them, least sure first, equals by name.

    Parameters
    ----------
    everything
        Also cases that are accepted, as long as they are no test cases.
    record
        Note probabilities and uncertainty in the store, where the viewer's worklist finds them.
    """
    cases = list(candidates(store.cases(), everything=everything))
    ranked = []
    for done, case in enumerate(cases, start=1):
        prediction = predictor.predict(store.read_volume(case.case_id))
        one = rank_one(case.case_id, prediction)
        if record:
            store.record_prediction(
                case.case_id,
                one.probabilities,
                predictor.card.identity,
                uncertainty=one.uncertainty,
                thresholds=prediction.series_thresholds,
                members=prediction.members,
            )
        ranked.append(one)
        if progress is not None:
            progress(done, len(cases))
    return sorted(ranked, key=lambda r: (-r.uncertainty, r.case_id))


def candidates(cases: Iterable[CaseRecord], *, everything: bool) -> Iterable[CaseRecord]:
    """Return the cases worth ranking: never test cases, whose choice would bend the judgement."""
    return (c for c in cases if c.split != "test" and (everything or c.status in OPEN_STATUSES))


def what_teaches(store: AnnotationStore, names: Collection[str]) -> dict[str, str]:
    """Return by name how much reading a case would teach, as the viewer's worklist says it, and why."""
    store.listing.bring_up_to_date()
    store.listing.weigh()
    lessons = {listed.case.case_id: listed.lesson for listed in store.listing.named(names)}
    return {
        name: f"teaches {f'{lesson.score:.2f}' if lesson.worth else '-'}: {'; '.join(lesson.reasons)}"
        for name, lesson in lessons.items()
    }


def rank_one(case_id: str, prediction: Prediction) -> Ranked:
    """Return how unsure a prediction is: the less sure of its series class and of its mask."""
    series = max(binary_uncertainty(prediction.series_probabilities[name]) for name in CLASS_NAMES)
    mask = max(mask_uncertainty(prediction, lesion_class) for lesion_class in LesionClass)
    return Ranked(case_id, max(series, mask), series, mask, dict(prediction.series_probabilities))


def binary_uncertainty(probability: float) -> float:
    """Return 1 at one half and 0 at certainty."""
    return 1 - abs(2 * probability - 1)


def mask_uncertainty(prediction: Prediction, lesion_class: LesionClass) -> float:
    """Return 1 minus the Dice the model itself expects of its mask.

    The expected Dice of a mask M under pixel probabilities p is about ``2 sum_M p / (|M| + sum p)`` (soft Dice
    confidence; Borges et al. 2024).
    """
    probability: NDArray[np.uint8] = prediction.probabilities[lesion_class - 1]
    mass = float(probability.sum(dtype=np.float64)) / 255
    marked = prediction.mask == lesion_class
    size = float(np.count_nonzero(marked))
    if size + mass < MIN_MASS_PIXELS:
        return 0.0
    inside = float(probability[marked].sum(dtype=np.float64)) / 255
    return 1 - 2 * inside / (size + mass)
