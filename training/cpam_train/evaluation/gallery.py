"""The few slices worth looking at: the worst of each class, the typical, and the loudest false alarms."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cpam_train.evaluation.case import ClassResult
from napari_cpam_stroke.core import CTVolume

PER_KIND = 6
"""Pictures kept of each kind and class."""


@dataclass(frozen=True, eq=False)
class Picture:
    """One slice with what should be marked and what was.

    Attributes
    ----------
    rank
        Lower is shown first.
    hu
        int16 (Y, X).
    reference, predicted
        bool (Y, X) of the class.
    """

    rank: float
    title: str
    hu: NDArray[np.int16]
    reference: NDArray[np.bool_]
    predicted: NDArray[np.bool_]


@dataclass
class Gallery:
    """Pictures by (class, kind), kind being 'worst', 'best' or 'false alarm'."""

    pictures: dict[tuple[str, str], list[Picture]] = field(default_factory=dict)

    def offer(
        self,
        result: ClassResult,
        volume: CTVolume,
        reference: NDArray[np.uint8],
        predicted: NDArray[np.uint8],
        dice: float | None,
    ) -> None:
        """Keep the slice of a case that says most, if the case is among the most telling so far.

        Parameters
        ----------
        reference, predicted
            (Z, Y, X) labels.
        dice
            Of the class, 0..1; None where the reference does not hold it.
        """
        if result.mask is None:
            return
        marked, true = predicted == result.lesion_class, reference == result.lesion_class
        if dice is None:
            size = int(marked.sum())
            if size:
                self._keep(result, "false alarm", -float(size), f"{size} voxels marked", volume, true, marked)
            return
        self._keep(result, "worst", dice, f"Dice {dice:.2f}", volume, true, marked)
        self._keep(result, "best", -dice, f"Dice {dice:.2f}", volume, true, marked)

    def _keep(
        self,
        result: ClassResult,
        kind: str,
        rank: float,
        note: str,
        volume: CTVolume,
        true: NDArray[np.bool_],
        marked: NDArray[np.bool_],
    ) -> None:
        kept = self.pictures.setdefault((result.lesion_class.label, kind), [])
        if len(kept) == PER_KIND and rank >= kept[-1].rank:
            return
        z = int(np.argmax((true | marked).sum(axis=(1, 2))))
        title = f"{result.source}, slice {z + 1} of {volume.shape[0]}: {note}"
        kept.append(Picture(rank, title, volume.hu[z].copy(), true[z].copy(), marked[z].copy()))
        kept.sort(key=lambda picture: picture.rank)
        del kept[PER_KIND:]
