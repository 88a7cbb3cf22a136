"""The series of a store: pixels, geometry, notices, acquisition; never a DICOM header."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from napari_cpam_stroke.annotations import casework
from napari_cpam_stroke.annotations.blobs import BlobFolder
from napari_cpam_stroke.annotations.database import Database
from napari_cpam_stroke.annotations.listed_rows import keep_listed
from napari_cpam_stroke.annotations.records import (
    SPLITS,
    CaseRecord,
    Split,
    one_of,
)
from napari_cpam_stroke.annotations.saving import require_case
from napari_cpam_stroke.annotations.stacks import encode_stack
from napari_cpam_stroke.core import CTVolume


class StoredSeries:
    """Series in, slices out."""

    def __init__(self, database: Database, blobs: BlobFolder) -> None:
        self._database, self._blobs = database, blobs

    def add_case(
        self,
        volume: CTVolume,
        *,
        source: str,
        hu_range: tuple[int, int] | None = None,
        split: Split | None = None,
        group: str | None = None,
    ) -> CaseRecord:
        """Keep a series, once: the same pixels and positions again return the case that is there.

        Parameters
        ----------
        source
            Where it comes from: 'reader', 'teknofest', ...
        hu_range
            The HU that an 8-bit source kept; None: all of them.
        split
            Fixes the patient's split if none is fixed yet; else the old one stays, and the record says which.
        group
            What must stay in one split; by default the patient, or the case itself where that is not known.

        Returns
        -------
        The record. Its `case_id` differs from the volume's where the store holds other pixels under that name.
        """
        if split is not None:
            one_of(split, SPLITS, "split")
        with self._database.reading() as session:
            known = casework.find_content(session, volume.content_hash) is not None
        pixels = "" if known else self._blobs.put(encode_stack(volume.hu))
        patient = group or volume.patient_id or volume.case_id
        with self._database.writing() as session:
            case = casework.find_content(session, volume.content_hash)
            if case is None:
                casework.place_patient(session, patient, split)
                case = casework.case_row(session, volume, pixels, source=source, hu_range=hu_range, patient=patient)
                session.add(case)
                session.flush()
                keep_listed(session, case)
            elif split is not None:
                casework.place_patient(session, case.patient_id, split)
            return casework.record_of(session, case)

    def case(self, case_id: str) -> CaseRecord:
        """Return one case."""
        with self._database.reading() as session:
            return casework.record_of(session, require_case(session, case_id))

    def find(self, content_hash: str) -> CaseRecord | None:
        """Return the case with exactly these pixels and positions, None where there is none."""
        with self._database.reading() as session:
            row = casework.find_content(session, content_hash)
            return None if row is None else casework.record_of(session, row)

    def read_frames(self, case_id: str, indices: Sequence[int] | None = None) -> NDArray[np.int16]:
        """Return HU of some slices (n, Y, X), or of all; only those are read, and each is verified."""
        with self._database.reading() as session:
            pixels = require_case(session, case_id).pixels
        return np.asarray(self._blobs.read(pixels, indices), dtype=np.int16)

    def read_volume(self, case_id: str) -> CTVolume:
        """Return the whole series; it has no `source`, for the store knows no files."""
        case = self.case(case_id)
        return CTVolume(
            hu=self.read_frames(case_id),
            geometry=case.geometry,
            case_id=case.case_id,
            patient_id=case.patient_id,
            notices=case.notices,
            acquisition=case.acquisition,
            pixels_lossy=case.pixels_lossy,
        )
