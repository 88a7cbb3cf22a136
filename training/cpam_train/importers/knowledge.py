"""From what a source says about each class to an annotation that claims no more than that."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from napari_cpam_stroke.core import Annotation
from napari_cpam_stroke.core.annotation import ABSENT, UNKNOWN, joint_label, slices_with

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
    return Annotation(mask, known, labels, joint_label(labels))
