"""From what a source says about each class to an annotation that claims no more than that."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from napari_cpam_stroke.core import CLASS_NAMES, Annotation, LesionClass
from napari_cpam_stroke.core.annotation import ABSENT, UNKNOWN, joint_label, slices_with

Knowledge = Literal["drawn", "absent", "unknown"]
"""drawn: outlined wherever it is; absent: the source excludes it; unknown: the source does not say."""


def knowledge_of(classes: Iterable[LesionClass | None], unknown: Sequence[str] = ()) -> dict[str, Knowledge]:
    """Return what masks that speak of `classes` say: nothing of the others, nor of those the user calls unknown."""
    drawn = {kind.label for kind in classes if kind is not None} - set(unknown)
    return {name: "drawn" if name in drawn else "unknown" for name in CLASS_NAMES}


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
