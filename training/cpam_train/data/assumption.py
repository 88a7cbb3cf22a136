"""What is assumed of a slice whose source says nothing of a class."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cpam_train.data.slices import SliceRow
from napari_cpam_stroke.core.annotation import ABSENT, UNKNOWN


def assume_absent(row: SliceRow, chance: float, rng: np.random.Generator) -> SliceRow:
    """Return the slice, with this chance (0..1) free of every class of which neither mask nor label is known.

    A slice that counts so half of the time weighs half as much in the loss as one that is known to be free.
    """
    silent = [not known and label == UNKNOWN for known, label in zip(row.mask_known, row.labels, strict=True)]
    if not any(silent) or rng.random() >= chance:
        return row
    known = tuple(k or s for k, s in zip(row.mask_known, silent, strict=True))
    labels = tuple(ABSENT if s else label for label, s in zip(row.labels, silent, strict=True))
    return replace(row, mask_known=(known[0], known[1]), labels=(labels[0], labels[1]))
