"""Lesions that a reader keeps as they are: prompts leave them alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from napari_cpam_stroke.core.arrays import Mask, Region
from napari_cpam_stroke.core.editing import component_voxels


class KeptLesions:
    """Voxels that no prompt changes, as long as they are drawn.

    Parameters
    ----------
    mask
        uint8 (Z, Y, X), edited in place by others.
    """

    def __init__(self, mask: Mask) -> None:
        self._mask = mask
        self._flat = np.zeros(0, dtype=np.int64)

    def toggle(self, at: Sequence[int]) -> bool | None:
        """Keep the component under voxel `at` (z, y, x), or let prompts change it again.

        Returns
        -------
        Whether it is kept now; None where nothing is drawn there.
        """
        drawn = component_voxels(self._mask, at)
        if not drawn.size:
            return None
        here = int(np.ravel_multi_index([int(i) for i in at], self._mask.shape))
        if here in self._flat:
            self._flat = np.setdiff1d(self._flat, drawn)
            return False
        self._flat = np.union1d(self._flat, drawn)
        return True

    def on_slice(self, z: int) -> Region:
        """Return bool (Y, X): what is kept on a slice; what was erased since is not."""
        size = self._mask[z].size
        kept = np.zeros(size, dtype=bool)
        kept[self._flat[(self._flat >= z * size) & (self._flat < (z + 1) * size)] - z * size] = True
        return np.asarray(kept.reshape(self._mask[z].shape) & (self._mask[z] > 0))
