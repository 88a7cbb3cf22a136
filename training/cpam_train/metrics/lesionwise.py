"""Lesions found and lesions made up, counted one by one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from skimage.measure import label


@dataclass(frozen=True)
class LesionCounts:
    """Lesions of one class in one case; regions that touch at a corner are one lesion.

    Attributes
    ----------
    detected, missed
        Reference lesions with, and without, a marked voxel.
    false
        Marked regions without a reference voxel.
    """

    detected: int
    missed: int
    false: int


def count_lesions(predicted: NDArray[np.bool_], reference: NDArray[np.bool_]) -> LesionCounts:
    """Return the lesion counts of two bool masks (Z, Y, X)."""
    lesions, total = label(reference, connectivity=reference.ndim, return_num=True)
    marks, marked = label(predicted, connectivity=predicted.ndim, return_num=True)
    detected = len(np.unique(lesions[predicted & (lesions > 0)]))
    true_marks = len(np.unique(marks[reference & (marks > 0)]))
    return LesionCounts(detected, int(total) - detected, int(marked) - true_marks)
