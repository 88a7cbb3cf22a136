"""A reading on its way into the store: taken quickly where the reader works, kept slowly in the background."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_cpam_stroke.annotations import BlindedRead, ModelRecord, Revision
from napari_cpam_stroke.annotations.records import AlgorithmType
from napari_cpam_stroke.core import Annotation
from napari_cpam_stroke.core.arrays import Mask
from napari_cpam_stroke.prompting.used import PromptsUsed
from napari_cpam_stroke.review.statement import Stated


@dataclass(frozen=True, eq=False)
class Draft:
    """One state of a review; later edits do not reach it.

    Attributes
    ----------
    shape
        (Z, Y, X).
    base
        Mask of the revision that was edited, never written to; None stands for an empty mask.
    changed
        Copies of the slices that differ from `base`.
    begun_from_prompts
        True where prompts and hands made all of it and no model's mask was adopted.
    """

    shape: tuple[int, int, int]
    base: Mask | None
    changed: dict[int, Mask]
    mask_known: NDArray[np.bool_]
    slice_labels: NDArray[np.int8]
    series_labels: NDArray[np.int8]
    stated: Stated
    author: str
    parent: str | None
    algorithm_type: AlgorithmType
    model: ModelRecord | None
    prediction_mask: Mask | None
    blinded: BlindedRead | None
    prompts: PromptsUsed | None
    begun_from_prompts: bool

    def mask(self) -> Mask:
        """Return the whole mask (Z, Y, X), a new array."""
        mask = np.zeros(self.shape, dtype=np.uint8)
        base = () if self.base is None else self.base
        for z, drawn in [*enumerate(base), *self.changed.items()]:
            if z in self.changed or drawn.any():
                mask[z] = drawn
        return mask


@dataclass(frozen=True, eq=False)
class Saved:
    """A draft that is on the disk."""

    revision: Revision
    mask: Mask
    draft: Draft


@dataclass(frozen=True, eq=False)
class Stored:
    """A revision read from the store, ready to be shown."""

    revision: Revision
    annotation: Annotation
    prediction_mask: Mask | None
