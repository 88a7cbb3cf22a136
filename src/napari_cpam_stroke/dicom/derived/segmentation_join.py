"""Several segmentations of one series as one mask, where they do not contradict each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np

from napari_cpam_stroke.core import CTVolume, LesionClass
from napari_cpam_stroke.core.label_map import LabelMap
from napari_cpam_stroke.core.mask_reading import MaskReading, left_out_notice
from napari_cpam_stroke.core.notice import Notice, NoticeCode, info
from napari_cpam_stroke.dicom.derived.segmentation_reader import segmentation_reading
from napari_cpam_stroke.dicom.headers.plain import plain_text
from napari_cpam_stroke.errors import InputError, UntouchedMaskError

Named = tuple[str, MaskReading]


def joined_segmentations(
    paths: Sequence[Path], volume: CTVolume, *, labels: LabelMap | None = None, take_automatic: bool = True
) -> MaskReading:
    """Return one reading of all the segmentations of a series.

    Classes add up, and so do lesions of one class that lie apart; the same mask twice counts once. Untouched masks of
    models beside drawn ones are left out where `take_automatic` is False.

    Raises
    ------
    InputError
        If two say different things of the same voxels, or one says that a class is absent that another draws.
    As `segmentation_reading`.
    """
    readings: list[Named] = []
    untouched: list[tuple[str, UntouchedMaskError]] = []
    for path in paths:
        try:
            reading = segmentation_reading(path, volume, labels=labels, take_automatic=take_automatic)
        except UntouchedMaskError as error:
            untouched.append((plain_text(path.name), error))
        else:
            readings.append((plain_text(path.name), reading))
    if not readings:
        raise untouched[0][1]
    for first, second in combinations(readings, 2):
        _require_agreement(first, second)
    return _sum([reading for _, reading in readings], [left_out_notice(str(error), name) for name, error in untouched])


def _sum(readings: Sequence[MaskReading], left_out: Sequence[Notice]) -> MaskReading:
    mask = np.maximum.reduce([reading.mask for reading in readings])
    notices = [notice for reading in readings for notice in reading.notices]
    if len(readings) > 1:
        sentence = f"{len(readings)} segmentations of the series were joined."
        notices.append(info(NoticeCode.MASKS_JOINED, sentence, segmentations=len(readings)))
    makers = tuple(dict.fromkeys(maker for reading in readings for maker in reading.makers))
    drawn = frozenset[LesionClass]().union(*(reading.drawn for reading in readings))
    return replace(readings[0], mask=mask, drawn=drawn, notices=(*notices, *left_out), makers=makers)


def _require_agreement(first: Named, second: Named) -> None:
    """Refuse two masks of which one must be wrong."""
    (one, a), (other, b) = first, second
    if np.array_equal(a.mask, b.mask):
        return
    classes = int(np.count_nonzero((a.mask > 0) & (b.mask > 0) & (a.mask != b.mask)))
    if classes:
        raise _contradiction(one, other, f"{classes} voxels are ischemia in one and hemorrhage in the other")
    for lesion_class in sorted(a.drawn & b.drawn):
        here, there = a.mask == lesion_class, b.mask == lesion_class
        shared = int(np.count_nonzero(here & there))
        if np.array_equal(here, there):
            continue
        if shared or not here.any() or not there.any():
            sizes = f"{np.count_nonzero(here)} and of {np.count_nonzero(there)} voxels"
            raise _contradiction(one, other, f"{lesion_class.label} of {sizes}, {shared} shared")


def _contradiction(one: str, other: str, got: str) -> InputError:
    return InputError(
        f"Two segmentations of the series contradict each other: {one} and {other}",
        got=got,
        expected="lesions that lie apart, or the same mask",
        remedy="leave only the one that counts in the folder",
    )
