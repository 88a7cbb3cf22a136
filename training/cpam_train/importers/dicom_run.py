"""Single DICOM slices of a release without positions as one case: a run in order, with gaps known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from cpam_train.importers.dicom_slice import DicomSlice
from cpam_train.importers.dicom_stack import stack_hu
from cpam_train.importers.images import require_same_shape
from cpam_train.importers.knowledge import annotate
from cpam_train.importers.record import ImportedCase, SkippedCase
from cpam_train.importers.uid_order import Run
from cpam_train.importers.value_check import unit_notices
from napari_cpam_stroke.core import CTVolume, Notice, NoticeCode
from napari_cpam_stroke.core.notice import info
from napari_cpam_stroke.errors import InputError

Labelled = tuple[DicomSlice, NDArray[np.uint8]]
"""A slice and its label mask (Y, X)."""


def read_run(case_id: str, run: Run, read: Callable[[str], Labelled], *, patient: str, author: str) -> ImportedCase:
    """Return the case of a run whose slices `read` gives by name; both classes were looked for.

    A slice that cannot be read is left out and named, and the slices beside it keep their places.

    Raises
    ------
    InputError
        If no slice of the run can be read.
    """
    read_slices: list[tuple[int, Labelled]] = []
    faults: list[SkippedCase] = []
    for number, name in enumerate(run.names):
        try:
            read_slices.append((number, _checked(name, *read(name))))
        except InputError as error:
            if len(run.names) == len(faults) + 1:
                raise
            faults.append(SkippedCase(f"slice {name} of {case_id}", str(error)))
    kept = Run(
        tuple(run.names[n] for n, _ in read_slices),
        None if run.places_mm is None else tuple(run.places_mm[n] for n, _ in read_slices),
    )
    case = _case(case_id, kept, [one for _, one in read_slices], patient=patient, author=author)
    return replace(case, left_out=tuple(faults))


def _checked(name: str, pixels: DicomSlice, mask: NDArray[np.uint8]) -> Labelled:
    require_same_shape(pixels.hu, mask, name)
    return pixels, mask


def _case(case_id: str, run: Run, labelled: list[Labelled], *, patient: str, author: str) -> ImportedCase:
    slices = [pixels for pixels, _ in labelled]
    made = replace(slices[0].acquisition, slice_places_mm=run.places_mm)
    volume = CTVolume(
        stack_hu(slices, case_id),
        None,
        case_id,
        patient_id=patient,
        notices=(*made.notices, *_order_notices(run), *unit_notices(slices)),
        acquisition=made,
    )
    mask = np.stack([labels for _, labels in labelled])
    return ImportedCase(volume, annotate(mask, ischemia="drawn", hemorrhage="drawn"), author)


def _order_notices(run: Run) -> tuple[Notice, ...]:
    """Return which slices these are, where they are several."""
    if len(run.names) == 1:
        return ()
    sentence = f"{len(run.names)} slices in the order of their instance UIDs."
    return (info(NoticeCode.SLICE_ORDER, sentence, slices=" ".join(run.names)),)
