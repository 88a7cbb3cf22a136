"""Hounsfield units as files give them: whole numbers, what a header says of its unit, and of how many slices."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from napari_cpam_stroke.core.notice import Notice, NoticeCode, warning
from napari_cpam_stroke.core.value_levels import BELOW_AIR_HU
from napari_cpam_stroke.core.volume import AIR_HU

HOUNSFIELD_TYPES = frozenset({"", "HU", "HU_MOD", "HOUNSFIELD", "HOUNSFIELD UNITS"})
"""Values of RescaleType that mean Hounsfield units; where it is not given CT images hold them."""


MAX_BLENDED_SHARE = 0.05
"""Share of values between padding and air: resampling blends no more of them; a wrong scale makes all air such."""

_INT16 = np.iinfo(np.int16)


def whole_hu(values: NDArray[np.floating]) -> NDArray[np.int16]:
    """Return values of any shape as int16 HU: no number and padding far below air become air.

    Where more than `MAX_BLENDED_SHARE` lies below air and above the lowest value, that is no padding: the values stay,
    for the checks to see.
    """
    finite = np.nan_to_num(values, nan=AIR_HU)
    blended = ((finite < BELOW_AIR_HU) & (finite > finite.min(initial=0))).mean() if finite.size else 0.0
    lowest = AIR_HU if blended <= MAX_BLENDED_SHARE else _INT16.min
    return np.asarray(np.clip(np.rint(finite), lowest, _INT16.max), dtype=np.int16)


def slice_unit_notices(*, rescaled: bool, rescale_type: str) -> list[Notice]:
    """Return what one slice's header says against Hounsfield units.

    Parameters
    ----------
    rescaled
        Whether it gives RescaleSlope and RescaleIntercept.
    rescale_type
        As plain text; empty where it is not given.
    """
    found = []
    if not rescaled:
        sentence = "There is no RescaleSlope and RescaleIntercept: the values may not be Hounsfield units."
        found.append(warning(NoticeCode.RESCALE_MISSING, sentence))
    units = rescale_type.strip().upper()
    if units not in HOUNSFIELD_TYPES:
        found.append(warning(NoticeCode.NOT_HOUNSFIELD, f"RescaleType is not HU ({units}).", rescale_type=units))
    return found


def told_of_slices(notes: Iterable[Iterable[Notice]], slices: int) -> list[Notice]:
    """Return what the slices of a series tell, a group of notes each: every sentence once, and how often."""
    found: dict[str, list[Notice]] = {}
    for note in (note for group in notes for note in group):
        found.setdefault(note.sentence, []).append(note)
    return [counted_notice(group[0], len(group), slices) for group in found.values()]


def counted_notice(note: Notice, slices: int, of: int) -> Notice:
    """Return a notice as it is where it holds for all slices, else with the number of those it holds for."""
    if slices == of:
        return note
    data = {**note.data, "slices": slices, "of": of}
    return warning(note.code, f"{slices} of {of} slices: {note.sentence}", **data)
