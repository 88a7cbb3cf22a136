"""How much of a mask differs from another one, kept up to date slice by slice."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from napari_cpam_stroke.core.arrays import Mask


class Changes:
    """Voxels of a mask that differ from a reference.

    Parameters
    ----------
    reference
        (Z, Y, X), kept and never written to; None stands for an empty mask.
    mask
        The mask as it is now; `follow` looks at it again. Given as `reference` itself, nothing differs yet.
    """

    def __init__(self, reference: Mask | None, mask: Mask) -> None:
        self.reference = reference
        self._counts = np.zeros(len(mask), dtype=np.int64)
        if mask is not reference:
            self.follow(mask, range(len(mask)))

    def follow(self, mask: Mask, slices: Iterable[int]) -> None:
        """Count some slices of a (Z, Y, X) mask again."""
        for z in slices:
            before = 0 if self.reference is None else self.reference[z]
            self._counts[z] = np.count_nonzero(mask[z] != before)

    @property
    def voxels(self) -> int:
        """Number of voxels that differ."""
        return int(self._counts.sum())

    @property
    def slices(self) -> tuple[int, ...]:
        """Slices on which any voxel differs."""
        return tuple(int(z) for z in np.flatnonzero(self._counts))
