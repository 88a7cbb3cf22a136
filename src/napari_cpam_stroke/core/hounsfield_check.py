"""Are these values Hounsfield units of a head? The one rule for DICOM, NIfTI and pictures alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_cpam_stroke.core.notice import Notice, NoticeCode, warning
from napari_cpam_stroke.core.volume import AIR_HU

SAMPLE_STRIDE = 4
"""Every fourth row and column is looked at."""

AIR_BELOW_HU = -700
"""Air is lower; nothing else of a head is."""

RIM_BELOW_HU = -500
"""The edge of the skin beside air is between it and this; what is higher belongs to the head."""

BONE_ABOVE_HU = 300
"""Every head has bone above this."""

DENSE_BONE_HU = 700
"""From here on bone is dense."""

BELOW_AIR_HU = -1150
"""Air is about -1000, with noise; lower values are padding, or no Hounsfield units."""

SOFT_TISSUE_HU = (-150, 150)
"""Fat, fluid, brain, muscle and blood, with noise."""

TISSUE_MODE_HU = (-130, 90)
"""The commonest soft value of a head lies here: brain is 20 to 50, fat about -100."""

MODE_RANGE_HU, MODE_SMOOTHING_HU = (RIM_BELOW_HU, 500), 21
"""Where the commonest soft value is looked for, and over how many values counts are averaged."""

MIN_SAMPLE = 1_000
"""Fewer voxels that are not air tell nothing."""

MIN_AIR_SHARE = 0.0005
"""Share of voxels of air below which there is none: the rest may be single spoilt pixels."""

USUAL_AIR_SHARE = 0.01
"""Where most slices have so much air, one without any is another slice's scale."""

MAX_BELOW_AIR_SHARE = 0.005
"""Share of voxels below air from which on the scale is wrong; less is metal."""

MIN_SOFT_SHARE = 0.3
"""Share of soft tissue among all that is not air; even a series of the skull base has more."""

MAX_DENSE_SHARE = 0.25
"""Share of dense bone among all that is not air, where the only air is padding; a head has about 0.1."""

MAX_DENSE_SHARE_WITH_AIR = 0.33
"""The same where there is air."""

NEAR_SLICES = 3
"""A slice is compared with as many below it and above it."""

VALLEY_SHARE = 0.4
"""A slice with fewer soft voxels than this share of those of a slice near it on both sides is on another scale."""

MIN_SLICE_SAMPLE = 200
"""Fewer soft voxels on a slice tell nothing of the slices beside it."""

HOUNSFIELD_DOUBTS = frozenset(
    {
        NoticeCode.NOT_HOUNSFIELD,
        NoticeCode.RESCALE_MISSING,
        NoticeCode.VALUES_UNLIKE_A_HEAD,
        NoticeCode.SLICE_VALUES_UNLIKE,
    }
)
"""Notices that say that values may be no Hounsfield units: no model runs on them unasked."""

COMPUTED = frozenset({NoticeCode.COMPUTED_PICTURE, NoticeCode.BURNED_IN_MARKS})
"""Notices that say that a picture is no plain CT, whatever its values."""


@dataclass(frozen=True)
class _Levels:
    """Shares of a sample of HU, 0..1; padding at exactly `AIR_HU` is no air that was measured."""

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


def value_notices(hu: NDArray[np.int16], *, kept: tuple[int, int] | None = None) -> list[Notice]:
    """Return why values may not be Hounsfield units of a head: a notice for the whole, or one for single slices.

    Parameters
    ----------
    hu
        int16 (Z, Y, X).
    kept
        Lowest and highest HU that the source kept (a window saved in 8 bits); None: all of it.
    """
    sample = hu[:, ::SAMPLE_STRIDE, ::SAMPLE_STRIDE]
    whole = _levels(sample)
    why = _window_fault(sample, kept) if kept is not None else _fault(whole) or _mode_fault(sample)
    if why:
        sentence = f"The values ({whole.lowest} to {whole.highest}) do not look like Hounsfield units of a head: {why}."
        values = {"lowest": whole.lowest, "highest": whole.highest}
        return [warning(NoticeCode.VALUES_UNLIKE_A_HEAD, sentence, **values, why=why)]
    return [] if kept is not None else _slice_notices(sample)


def hounsfield_doubts(notices: Iterable[Notice]) -> tuple[Notice, ...]:
    """Return the notices that say that values may be no Hounsfield units, each code once."""
    found: dict[NoticeCode, Notice] = {}
    for notice in notices:
        if notice.code in HOUNSFIELD_DOUBTS:
            found.setdefault(notice.code, notice)
    return tuple(found.values())


def doubt_sentences(notices: Iterable[Notice]) -> tuple[str, ...]:
    """Return why pictures may be no plain CT in Hounsfield units: doubtful values first, then what was computed."""
    notices = tuple(notices)
    computed = [notice for notice in notices if notice.code in COMPUTED]
    return tuple(notice.sentence for notice in (*hounsfield_doubts(notices), *computed))


def _levels(sample: NDArray[np.int16]) -> _Levels:
    others = int((sample >= RIM_BELOW_HU).sum())
    low, high = SOFT_TISSUE_HU
    return _Levels(
        lowest=int(sample.min()),
        highest=int(sample.max()),
        others=others,
        padding=float((sample == AIR_HU).mean()),
        air=float(((sample < AIR_BELOW_HU) & (sample != AIR_HU)).mean()),
        below_air=float((sample < BELOW_AIR_HU).mean()),
        soft=float(((sample >= low) & (sample <= high)).sum()) / max(1, others),
        dense=float((sample >= DENSE_BONE_HU).sum()) / max(1, others),
    )


def _fault(levels: _Levels) -> str:
    """Return what speaks against Hounsfield units in a whole series; empty where nothing does."""
    enough = levels.others >= MIN_SAMPLE
    faults = {
        "there is no air (-1000)": levels.padding + levels.air < MIN_AIR_SHARE,
        f"{levels.below_air:.0%} of them lie far below air (-1000)": levels.below_air >= MAX_BELOW_AIR_SHARE,
        "there is no bone": levels.highest < BONE_ABOVE_HU,
        "the only air (-1000) is padding": enough and _only_padding(levels),
        f"{levels.dense:.0%} of what is not air is denser than bone": enough
        and levels.dense > MAX_DENSE_SHARE_WITH_AIR,
        f"only {levels.soft:.0%} of what is not air is as dense as soft tissue": enough
        and levels.soft < MIN_SOFT_SHARE,
    }
    return next((words for words, holds in faults.items() if holds), "")


def _only_padding(levels: _Levels) -> bool:
    return levels.air < MIN_AIR_SHARE and levels.dense > MAX_DENSE_SHARE


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


def _slice_notices(sample: NDArray[np.int16]) -> list[Notice]:
    """Return the notice of slices whose scale is not that of the others; empty where all agree."""
    if len(sample) < 2:
        return []
    levels = [_levels(one) for one in sample]
    usual = float(np.median([each.air for each in levels]))
    soft = [each.soft_voxels for each in levels]
    odd = [z for z, each in enumerate(levels) if _stands_out(each, usual) or _in_valley(soft, z)]
    if not odd:
        return []
    named = ", ".join(str(z + 1) for z in odd[:8]) + (" and others" if len(odd) > 8 else "")
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


def _stands_out(levels: _Levels, usual_air: float) -> bool:
    if levels.below_air >= MAX_BELOW_AIR_SHARE:
        return True
    if usual_air < USUAL_AIR_SHARE or levels.others == 0:
        return False
    return levels.padding + levels.air < MIN_AIR_SHARE or _only_padding(levels)
