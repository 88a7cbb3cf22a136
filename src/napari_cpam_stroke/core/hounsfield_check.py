"""Are these values Hounsfield units of a head? The one rule for DICOM, NIfTI and pictures alike."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from napari_cpam_stroke.core.geometry import VolumeGeometry
from napari_cpam_stroke.core.notice import Notice, NoticeCode, warning
from napari_cpam_stroke.core.slice_scale import slice_scale_notices
from napari_cpam_stroke.core.value_levels import MAX_BELOW_AIR_SHARE, RIM_BELOW_HU, Levels, levels_of

SAMPLE_STRIDE = 4
"""Every fourth row and column is looked at."""

BONE_ABOVE_HU = 300
"""Every head has bone above this."""

TISSUE_MODE_HU = (-130, 90)
"""The commonest soft value of a head lies here: brain is 20 to 50, fat about -100."""

MODE_RANGE_HU, MODE_SMOOTHING_HU = (RIM_BELOW_HU, 500), 21
"""Where the commonest soft value is looked for, and over how many values counts are averaged."""

MIN_SAMPLE = 1_000
"""Fewer voxels that are not air tell nothing."""

MIN_SOFT_SHARE = 0.3
"""Share of soft tissue among all that is not air; even a series of the skull base has more."""

MAX_DENSE_SHARE_WITH_AIR = 0.33
"""The same where there is air."""

HOUNSFIELD_DOUBTS = frozenset(
    {
        NoticeCode.NOT_HOUNSFIELD,
        NoticeCode.RESCALE_MISSING,
        NoticeCode.VALUES_UNLIKE_A_HEAD,
        NoticeCode.SLICE_VALUES_UNLIKE,
    }
)
"""Notices that say that values may be no Hounsfield units: no model runs on them unasked."""

NO_PLAIN_CASE = frozenset({NoticeCode.COMPUTED_PICTURE, NoticeCode.BURNED_IN_MARKS, NoticeCode.MASK_IN_AIR})
"""Notices that say that a picture is no plain CT, whatever its values, or its mask none of this head."""


def value_notices(
    hu: NDArray[np.int16], geometry: VolumeGeometry | None = None, *, kept: tuple[int, int] | None = None
) -> list[Notice]:
    """Return why values may not be Hounsfield units of a head: a notice for the whole, or one for single slices.

    Parameters
    ----------
    hu
        int16 (Z, Y, X).
    geometry
        Of the series; single slices are named by their numbers in it.
    kept
        Lowest and highest HU that the source kept (a window saved in 8 bits); None: all of it.
    """
    sample = np.ascontiguousarray(hu[:, ::SAMPLE_STRIDE, ::SAMPLE_STRIDE])
    whole = levels_of(sample)
    why = _window_fault(sample, kept) if kept is not None else _fault(whole) or _mode_fault(sample)
    if why:
        sentence = f"The values ({whole.lowest} to {whole.highest}) do not look like Hounsfield units of a head: {why}."
        values = {"lowest": whole.lowest, "highest": whole.highest}
        return [warning(NoticeCode.VALUES_UNLIKE_A_HEAD, sentence, **values, why=why)]
    return [] if kept is not None else slice_scale_notices(sample, geometry)


def hounsfield_doubts(notices: Iterable[Notice]) -> tuple[Notice, ...]:
    """Return the notices that say that values may be no Hounsfield units, each code once."""
    found: dict[NoticeCode, Notice] = {}
    for notice in notices:
        if notice.code in HOUNSFIELD_DOUBTS:
            found.setdefault(notice.code, notice)
    return tuple(found.values())


def doubt_sentences(notices: Iterable[Notice]) -> tuple[str, ...]:
    """Return why a case may be no plain CT in Hounsfield units with its mask: doubtful values first."""
    notices = tuple(notices)
    others = [notice for notice in notices if notice.code in NO_PLAIN_CASE]
    return tuple(notice.sentence for notice in (*hounsfield_doubts(notices), *others))


def _fault(levels: Levels) -> str:
    """Return what speaks against Hounsfield units in a whole series; empty where nothing does."""
    enough = levels.others >= MIN_SAMPLE
    faults = {
        "there is no air (-1000)": levels.without_air,
        f"{levels.below_air:.0%} of them lie far below air (-1000)": levels.below_air >= MAX_BELOW_AIR_SHARE,
        "there is no bone": levels.highest < BONE_ABOVE_HU,
        "the only air (-1000) is padding": enough and levels.only_padding,
        f"{levels.dense:.0%} of what is not air is denser than bone": enough
        and levels.dense > MAX_DENSE_SHARE_WITH_AIR,
        f"only {levels.soft:.0%} of what is not air is as dense as soft tissue": enough
        and levels.soft < MIN_SOFT_SHARE,
    }
    return next((words for words, holds in faults.items() if holds), "")


def _mode_fault(sample: NDArray[np.int16]) -> str:
    """Return that the commonest soft value is none of a head; empty where it is, or where there is too little."""
    low, high = MODE_RANGE_HU
    inside = sample[(sample >= low) & (sample < high)]
    if inside.size < MIN_SAMPLE:
        return ""
    counts = np.bincount(inside.astype(np.intp) - low, minlength=high - low)
    smooth = np.convolve(counts, np.ones(MODE_SMOOTHING_HU), mode="same")
    mode = low + int(smooth.argmax())
    lowest, highest = TISSUE_MODE_HU
    return "" if lowest <= mode <= highest else f"the commonest soft value is {mode}, that of brain is 20 to 50"


def _window_fault(sample: NDArray[np.int16], kept: tuple[int, int]) -> str:
    """Return what speaks against a window of HU: values beyond it, or a commonest value inside it that no head has."""
    low, high = kept
    if sample.min() < low or sample.max() > high:
        return f"the source is said to keep {low} to {high}"
    return _mode_fault(sample[(sample > low) & (sample < high)])
