"""From what a source says about each class to an annotation that claims no more than that."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from napari_cpam_stroke.core import CLASS_NAMES, Annotation
from napari_cpam_stroke.core.annotation import ABSENT, PRESENT, UNKNOWN, slices_with

Knowledge = Literal["drawn", "absent", "unknown"]
"""drawn: outlined wherever it is; absent: the source excludes it; unknown: the source does not say."""


def annotate(mask: NDArray[np.uint8], *, ischemia: Knowledge, hemorrhage: Knowledge) -> Annotation:
    """Return the annotation of a (Z, Y, X) mask under what the source knows of each class."""
    present = slices_with(mask)
    known = np.zeros(present.shape, dtype=bool)
    labels = np.full(present.shape, UNKNOWN, dtype=np.int8)
    for column, knowledge in enumerate((ischemia, hemorrhage)):
        known[:, column] = knowledge != "unknown"
        if knowledge == "drawn":
            labels[:, column] = present[:, column]
        elif knowledge == "absent":
            labels[:, column] = ABSENT
    return Annotation(mask, known, labels, series_from_slices(labels))


def series_from_slices(labels: NDArray[np.int8]) -> NDArray[np.int8]:
    """Return the labels of the case: present if on any slice, absent if absent on all, else unknown."""
    series = np.full(len(CLASS_NAMES), UNKNOWN, dtype=np.int8)
    series[(labels == ABSENT).all(axis=0)] = ABSENT
    series[(labels == PRESENT).any(axis=0)] = PRESENT
    return series
