"""What a model said on validation slices, small enough to keep: histograms of pixels and logits of the image head."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from cpam_train.metrics.curve import BestThreshold, best_threshold


class Origin(NamedTuple):
    """Where a slice comes from."""

    case: str
    patient: str


@dataclass(frozen=True, eq=False)
class Record:
    """Results of N slices and K classes.

    Attributes
    ----------
    histogram
        int64 (N, K, 2, BINS): probabilities outside and inside the reference; (N, 0, 2, BINS) from a classifier.
    known
        bool (N, K): the reference mask says something about the class.
    labels
        int8 (N, K): -1 unknown, 0 absent, 1 present.
    logits
        float32 (N, K): log odds of the image-level probability, as the predictor calibrates them.
    index
        int64 (N,) position in the data set.
    """

    histogram: NDArray[np.int64]
    known: NDArray[np.bool_]
    labels: NDArray[np.int8]
    logits: NDArray[np.float32]
    index: NDArray[np.int64]

    def thresholds(self) -> list[BestThreshold | None]:
        """Return the best threshold per class, None for a class without reference."""
        return [best_threshold(self.histogram[self.known[:, k], k]) for k in range(self.histogram.shape[1])]

    def aucs(self) -> list[float]:
        """Return the slice-level AUC per class; NaN where a class is always or never present."""
        return [_auc(self.logits[:, k], self.labels[:, k]) for k in range(self.logits.shape[1])]


def joined(records: list[Record]) -> Record:
    """Return many records as one; a slice met twice (padding of several processes) counts once."""
    merged = [np.concatenate([getattr(r, f.name) for r in records]) for f in fields(Record)]
    _, first = np.unique(merged[-1], return_index=True)
    return Record(*(m[first] for m in merged))


def _auc(logits: NDArray[np.float32], labels: NDArray[np.int8]) -> float:
    known = labels >= 0
    if len(np.unique(labels[known])) < 2:
        return float("nan")
    return float(roc_auc_score(labels[known], logits[known]))
