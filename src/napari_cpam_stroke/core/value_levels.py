"""How the values of a sample are spread over air, soft tissue and bone: what the checks of Hounsfield units look at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_cpam_stroke.core.volume import AIR_HU

AIR_BELOW_HU = -700
"""Air is lower; nothing else of a head is."""

RIM_BELOW_HU = -500
"""The edge of the skin beside air is between it and this; what is higher belongs to the head."""

DENSE_BONE_HU = 700
"""From here on bone is dense."""

BELOW_AIR_HU = -1150
"""Air is about -1000, with noise; lower values are padding, or no Hounsfield units."""

SOFT_TISSUE_HU = (-150, 150)
"""Fat, fluid, brain, muscle and blood, with noise."""

MIN_AIR_SHARE = 0.0005
"""Share of voxels of air below which there is none: the rest may be single spoilt pixels."""

MAX_BELOW_AIR_SHARE = 0.005
"""Share of voxels below air from which on the scale is wrong; less is metal."""

MAX_DENSE_SHARE = 0.25
"""Share of dense bone among all that is not air, where the only air is padding; a head has about 0.1."""


@dataclass(frozen=True)
class Levels:
    """Shares of a sample of HU, 0..1; padding at exactly `AIR_HU` is no air that was measured.

    Attributes
    ----------
    lowest, highest
        HU.
    others
        Voxels of the head itself; `soft` and `dense` are shares of them.
    """

    lowest: int
    highest: int
    others: int
    padding: float
    air: float
    below_air: float
    soft: float
    dense: float

    @property
    def soft_voxels(self) -> int:
        """As many voxels of the sample are as dense as soft tissue."""
        return round(self.soft * self.others)

    @property
    def without_air(self) -> bool:
        """Whether there is neither air nor padding."""
        return self.padding + self.air < MIN_AIR_SHARE

    @property
    def only_padding(self) -> bool:
        """Whether the only air is padding, and too much is dense for that to be a cut-out head."""
        return self.air < MIN_AIR_SHARE and self.dense > MAX_DENSE_SHARE


def levels_of(sample: NDArray[np.int16]) -> Levels:
    """Return how the HU of a sample, int16 of any shape, are spread."""
    others, every = _count(sample >= RIM_BELOW_HU), sample.size
    padding = _count(sample == AIR_HU)
    low, high = SOFT_TISSUE_HU
    return Levels(
        lowest=int(sample.min()),
        highest=int(sample.max()),
        others=others,
        padding=padding / every,
        air=(_count(sample < AIR_BELOW_HU) - padding) / every,
        below_air=_count(sample < BELOW_AIR_HU) / every,
        soft=(_count(sample >= low) - _count(sample > high)) / max(1, others),
        dense=_count(sample >= DENSE_BONE_HU) / max(1, others),
    )


def _count(where: NDArray[np.bool_]) -> int:
    return int(np.count_nonzero(where))
