"""Slice and series classes: what the mask shows, unless the reader says otherwise."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from napari_cpam_stroke.core import LesionClass, VolumeGeometry
from napari_cpam_stroke.core.annotation import ABSENT, PRESENT, UNKNOWN, joint_label, slices_with
from napari_cpam_stroke.core.arrays import Mask
from napari_cpam_stroke.core.slice_number import slice_number
from napari_cpam_stroke.errors import InputError

Labels = NDArray[np.int8]
KeyT = TypeVar("KeyT")


class CaseLabels:
    """Labels of a case that follow its mask.

    Parameters
    ----------
    slices
        How many there are.
    geometry
        Tells how slices are numbered for a reader.

    Attributes
    ----------
    present
        bool (Z, 2): whether the mask shows each class on each slice.
    slice_overrules, series_overrules
        What the reader stated against, or without, the mask.
    """

    def __init__(self, slices: int, geometry: VolumeGeometry | None = None) -> None:
        self._geometry = geometry
        self.present = np.zeros((slices, len(LesionClass)), dtype=bool)
        self.slice_overrules: dict[tuple[int, LesionClass], int] = {}
        self.series_overrules: dict[LesionClass, int] = {}

    def follow(self, mask: Mask, slices: Iterable[int]) -> bool:
        """Look at some slices of the mask (Z, Y, X) again; return whether a class came or went."""
        chosen = list(slices)
        before = self.present[chosen]
        for z in chosen:
            self.present[z] = slices_with(mask[z : z + 1])[0] if mask[z].any() else False
        return bool((before != self.present[chosen]).any())

    def overrule_slice(self, z: int, lesion_class: LesionClass, value: int | None) -> None:
        """State a class for a slice; None takes the statement back."""
        if not 0 <= z < len(self.present):
            raise InputError("There is no such slice", got=z, expected=f"0 to {len(self.present) - 1}")
        _set(self.slice_overrules, (z, LesionClass(lesion_class)), value)

    def overrule_series(self, lesion_class: LesionClass, value: int | None) -> None:
        """State a class for the whole case; None takes the statement back."""
        _set(self.series_overrules, LesionClass(lesion_class), value)

    def adopt(self, slice_labels: Labels, series_labels: Labels) -> None:
        """Take stored labels, slices (Z, 2) and series (2,), as stated where they differ from the mask or say more."""
        self.slice_overrules.clear()
        self.series_overrules.clear()
        for z, column in np.argwhere((slice_labels != UNKNOWN) & (slice_labels != self.present)):
            self.slice_overrules[int(z), LesionClass(int(column) + 1)] = int(slice_labels[z, column])
        shown = self.series_labels
        for column in np.flatnonzero((series_labels != UNKNOWN) & (series_labels != shown)):
            self.series_overrules[LesionClass(int(column) + 1)] = int(series_labels[column])

    @property
    def drawn(self) -> NDArray[np.bool_]:
        """Return bool (Z,): slices with any lesion."""
        return np.asarray(self.present.any(axis=1))

    @property
    def slice_labels(self) -> Labels:
        """int8 (Z, 2): 1 present, 0 absent, as shown to the reader."""
        labels = self.present.astype(np.int8)
        for (z, lesion_class), value in self.slice_overrules.items():
            labels[z, lesion_class - 1] = value
        return labels

    @property
    def series_labels(self) -> Labels:
        """int8 (2,): the same for the whole case."""
        return self._with_series_overrules(joint_label(self.slice_labels))

    def to_keep(self, known: NDArray[np.bool_]) -> tuple[Labels, Labels]:
        """Return slice and series labels for the record: unknown where nobody looked.

        Parameters
        ----------
        known
            bool (Z, 2): where the mask was drawn or checked.
        """
        slices = np.where(known | self.present, self.present, UNKNOWN).astype(np.int8)
        for (z, lesion_class), value in self.slice_overrules.items():
            slices[z, lesion_class - 1] = value
        return slices, self._with_series_overrules(joint_label(slices))

    @property
    def conflicts(self) -> tuple[str, ...]:
        """One sentence for each statement that the mask contradicts; slices by number."""
        sentences = []
        for (z, lesion_class), value in sorted(self.slice_overrules.items()):
            if value != self.present[z, lesion_class - 1]:
                number = slice_number(z, len(self.present), self._geometry)
                sentences.append(f"Slice {number} {_contradiction(lesion_class, value)}.")
        from_slices = joint_label(self.slice_labels)
        for lesion_class, value in sorted(self.series_overrules.items()):
            if value != from_slices[lesion_class - 1]:
                sentences.append(f"The series {_contradiction(lesion_class, value)}.")
        return tuple(sentences)

    def _with_series_overrules(self, labels: Labels) -> Labels:
        for lesion_class, value in self.series_overrules.items():
            labels[lesion_class - 1] = value
        return labels


def _set(overrules: dict[KeyT, int], key: KeyT, value: int | None) -> None:
    if value is None:
        overrules.pop(key, None)
    elif value in {ABSENT, PRESENT}:
        overrules[key] = int(value)
    else:
        raise InputError("A label must be stated as present or absent", got=value, expected="1, 0 or None")


def _contradiction(lesion_class: LesionClass, value: int) -> str:
    if value == PRESENT:
        return f"is labelled {lesion_class.label}, but none is drawn"
    return f"is labelled free of {lesion_class.label}, but some is drawn"
