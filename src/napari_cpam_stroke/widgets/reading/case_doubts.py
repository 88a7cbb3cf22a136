"""What makes a reader doubt that a series is the case it is taken for."""

from __future__ import annotations

from collections.abc import Iterator

from napari_cpam_stroke.annotations import CaseRecord
from napari_cpam_stroke.annotations.casework import named_as
from napari_cpam_stroke.core import CTVolume
from napari_cpam_stroke.review.case import READER

OTHER_PATIENT = (
    "The worklist has exactly these images already, as case {case_id} of patient {there}; this series says patient "
    "{here}. Readings belong to that case: look up which patient it is, unless another program named the patient."
)
"""A mix-up of two patients, or one patient under the pseudonyms of two programs."""

OTHER_STATE = (
    "The worklist has this series as case {there} with other pixels: since then slices came or went, or a file was "
    "changed or damaged. What you see now is a case of its own, {here}; look up which of the two is right."
)
"""Told until somebody has read the new state."""


def doubts(volume: CTVolume, record: CaseRecord) -> Iterator[str]:
    """Yield a sentence for each thing that does not fit between a series and the case it became in the store."""
    if other := _other_patient(volume, record):
        yield other
    if record.case_id != volume.case_id and named_as(record.case_id, volume.case_id) and record.head is None:
        yield OTHER_STATE.format(there=volume.case_id, here=record.case_id)


def _other_patient(volume: CTVolume, record: CaseRecord) -> str:
    """Return what a reader must know where the same images came in as another patient's before, else nothing."""
    here, there = volume.patient_id, record.patient_id
    unknown = not here or there == record.case_id or record.source != READER
    if unknown or here == there:
        return ""
    return OTHER_PATIENT.format(case_id=record.case_id, there=there, here=here)
