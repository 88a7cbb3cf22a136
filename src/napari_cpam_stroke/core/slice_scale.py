"""Slices whose values are on another scale than those of the rest: another rescale, another offset, another window."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from napari_cpam_stroke.core.geometry import VolumeGeometry
from napari_cpam_stroke.core.notice import Notice, NoticeCode, warning
from napari_cpam_stroke.core.slice_number import slice_number
from napari_cpam_stroke.core.value_levels import MAX_BELOW_AIR_SHARE, Levels, levels_of

USUAL_AIR_SHARE = 0.01
"""Where most slices have so much air, one without any is another slice's scale."""

NEAR_SLICES = 3
"""A slice is compared with as many below it and above it."""

VALLEY_SHARE = 0.4
"""A slice with fewer soft voxels than this share of those of a slice near it on both sides is on another scale."""

MIN_SLICE_SAMPLE = 200
"""Fewer soft voxels on a slice tell nothing of the slices beside it."""


def slice_scale_notices(sample: NDArray[np.int16], geometry: VolumeGeometry | None = None) -> list[Notice]:
    """Return the notice of slices of a sample, int16 HU (Z, Y, X), whose scale is not that of the others.

    The geometry tells how slices are numbered for a reader.
    """
    if len(sample) < 2:
        return []
    levels = [levels_of(one) for one in sample]
    usual = float(np.median([each.air for each in levels]))
    soft = [each.soft_voxels for each in levels]
    odd = [z for z, each in enumerate(levels) if _stands_out(each, usual) or _in_valley(soft, z)]
    if not odd:
        return []
    numbers = sorted(slice_number(z, len(sample), geometry) for z in odd)
    named = ", ".join(str(number) for number in numbers[:8]) + (" and others" if len(odd) > 8 else "")
    sentence = (
        f"The values of {len(odd)} of {len(sample)} slices (number {named}) are not on the scale of the others: "
        "they may not be Hounsfield units."
    )
    return [warning(NoticeCode.SLICE_VALUES_UNLIKE, sentence, slices=len(odd), of=len(sample))]


def _in_valley(soft: Sequence[int], z: int) -> bool:
    """Whether slice z has far less soft tissue than slices on both sides of it: a head does not narrow and widen."""
    below, above = soft[max(0, z - NEAR_SLICES) : z], soft[z + 1 : z + 1 + NEAR_SLICES]
    beside = min(max(below, default=0), max(above, default=0))
    return beside >= MIN_SLICE_SAMPLE and soft[z] < VALLEY_SHARE * beside


def _stands_out(levels: Levels, usual_air: float) -> bool:
    if levels.below_air >= MAX_BELOW_AIR_SHARE:
        return True
    if usual_air < USUAL_AIR_SHARE or levels.others == 0:
        return False
    return levels.without_air or levels.only_padding
