"""What was drawn since it was last asked, whichever way it was edited."""

from __future__ import annotations

import numpy as np

from napari_cpam_stroke.core.arrays import Mask


class Strokes:
    """Compares a mask that others edit in place with what it was.

    Parameters
    ----------
    mask
        uint8 (Z, Y, X); what is drawn already counts as a change at first.
    """

    def __init__(self, mask: Mask) -> None:
        self._mask = mask
        self._shadow = np.zeros(mask.shape, dtype=np.uint8)  # zeros_like would touch every page

    def changed_slices(self) -> list[int]:
        """Return the slices that changed since this was last asked."""
        changed = [z for z, mask in enumerate(self._mask) if not np.array_equal(mask, self._shadow[z])]
        for z in changed:
            rows = (self._mask[z] != self._shadow[z]).any(axis=1)  # memory never written to is dear to touch
            self._shadow[z, rows] = self._mask[z, rows]
        return changed
