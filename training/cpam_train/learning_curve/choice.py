"""Which cases a simulated reader corrects next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np

from cpam_train.evaluation.uncertainty import rank_one
from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.errors import ConfigError
from napari_cpam_stroke.inference.predictor import Predictor
from napari_cpam_stroke.progress import Progress

Strategy = Literal["random", "rank"]
STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)
"""random: any case; rank: the case the model is least sure of comes first, as `cpam-train rank` orders a worklist."""


def strategies_of(names: Sequence[str]) -> list[Strategy]:
    """Return checked names of strategies.

    Raises
    ------
    ConfigError
        For one that does not exist.
    """
    wrong = [name for name in names if name not in STRATEGIES]
    if wrong:
        raise ConfigError("There is no such way to choose cases", got=wrong[0], expected=", ".join(STRATEGIES))
    return [name for name in STRATEGIES if name in names]


def shuffled(cases: Sequence[str], *, seed: int) -> list[str]:
    """Return the cases in an order that only the seed decides."""
    return [cases[i] for i in np.random.default_rng(seed).permutation(len(cases))]


def least_sure(
    cases: Sequence[str], predictor: Predictor, store: AnnotationStore, *, progress: Progress | None = None
) -> list[str]:
    """Return the cases by the model's uncertainty, least sure first, equals by name."""
    doubts = {}
    for done, case in enumerate(cases, start=1):
        doubts[case] = rank_one(case, predictor.predict(store.read_volume(case))).uncertainty
        if progress is not None:
            progress(done, len(cases))
    return sorted(cases, key=lambda case: (-doubts[case], case))
