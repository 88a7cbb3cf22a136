"""What a run learns from as one short hash: the same only where all its slices are, masks and labels included."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby

from cpam_train.data.slices import CaseRow, SliceRow
from napari_cpam_stroke.annotations import AnnotationStore

FINGERPRINT_LENGTH = 16
"""Hexadecimal digits, as of a store's test set."""


def fingerprint(store: AnnotationStore, parts: Iterable[Sequence[SliceRow]], is_new: Callable[[SliceRow], bool]) -> str:
    """Return a short hash of slices in their order: pixels, masks, what is known of them, and what draws them.

    Neither names nor revision numbers go in, so that a store that was filled again in the same way gives the same.

    Parameters
    ----------
    parts
        Slices that train, slices that validate.
    is_new
        Whether a slice counts as new (`data.new_since`).
    """
    content = hashlib.sha256()
    patients: dict[str, int] = {}
    for part in parts:
        content.update(b"part")
        for case, rows in groupby(part, key=lambda row: row.case):
            patient = patients.setdefault(case.patient_id, len(patients))
            _add_case(content, store, case, patient)
            for row in rows:
                drawn = (row.rejected, row.prompts, row.sent_again, is_new(row))
                content.update(repr((row.z, row.mask_known, row.labels, *drawn)).encode())
    return content.hexdigest()[:FINGERPRINT_LENGTH]


def _add_case(content: hashlib._Hash, store: AnnotationStore, case: CaseRow, patient: int) -> None:
    content.update(repr((case.content_hash, patient, case.source, case.head_first, case.places_mm)).encode())
    content.update(store.read_annotation(case.revision).mask.tobytes())
