"""What is known about a case: the mask, the classes, and which of it was really looked at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_cpam_stroke.core.labels import CLASS_NAMES, LesionClass
from napari_cpam_stroke.errors import InputError

UNKNOWN, ABSENT, PRESENT = -1, 0, 1
"""Values of slice and series labels."""


@dataclass(frozen=True, eq=False)
class Annotation:
    """Reference or reading of one case.

    Attributes
    ----------
    mask
        uint8 (Z, Y, X): 0 background, 1 ischemia, 2 hemorrhage.
    mask_known
        bool (Z, 2): whether the mask of that class (ischemia, hemorrhage) was drawn or checked on that slice;
        where False the mask says nothing about the class there.
    slice_labels
        int8 (Z, 2): -1 unknown, 0 absent, 1 present.
    series_labels
        int8 (2,): the same for the whole case.
    """

    mask: NDArray[np.uint8]
    mask_known: NDArray[np.bool_]
    slice_labels: NDArray[np.int8]
    series_labels: NDArray[np.int8]

    def __post_init__(self) -> None:
        """Refuse shapes that do not fit each other and label values that do not exist."""
        columns = (self.mask.shape[0], len(CLASS_NAMES))
        if self.mask.ndim != 3 or self.mask_known.shape != columns or self.slice_labels.shape != columns:
            raise InputError(
                "An annotation needs a (Z, Y, X) mask and (Z, 2) slice columns",
                got=f"{self.mask.shape}, {self.mask_known.shape}, {self.slice_labels.shape}",
            )
        if self.series_labels.shape != (len(CLASS_NAMES),):
            raise InputError("Series labels must have one entry per class", got=self.series_labels.shape)
        if self.mask.size and int(self.mask.max()) > max(LesionClass):
            raise InputError("Mask holds an unknown label", got=int(self.mask.max()), expected="0, 1 or 2")

    @classmethod
    def from_mask(cls, mask: NDArray[np.uint8]) -> Annotation:
        """Return the annotation of a mask (Z, Y, X) that was checked everywhere for every class."""
        present = slices_with(mask)
        return cls(
            mask=mask,
            mask_known=np.ones_like(present),
            slice_labels=present.astype(np.int8),
            series_labels=joint_label(present.astype(np.int8)),
        )


def joint_label(labels: NDArray[np.int8]) -> NDArray[np.int8]:
    """Return one label for several: present if any is, absent only if all are, else unknown.

    Parameters
    ----------
    labels
        int8 (N, ...): -1 unknown, 0 absent, 1 present; slices (Z, 2) give the labels (2,) of the case.
    """
    absent = np.where((labels == ABSENT).all(axis=0), ABSENT, UNKNOWN)
    return np.where((labels == PRESENT).any(axis=0), PRESENT, absent).astype(np.int8)


def slices_with(mask: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return bool (Z, 2): whether each class has a voxel on each slice."""
    return np.stack([(mask == c).any(axis=(1, 2)) for c in LesionClass], axis=1)
