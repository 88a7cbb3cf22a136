"""The annotation store: cases, immutable revisions, splits; one source for the viewer and the trainer."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select

from napari_cpam_stroke.annotations import casework
from napari_cpam_stroke.annotations.blobs import BlobFolder, encode_stack
from napari_cpam_stroke.annotations.database import Database, open_database
from napari_cpam_stroke.annotations.history import read_annotation, read_mask, revisions_of
from napari_cpam_stroke.annotations.location import locate
from napari_cpam_stroke.annotations.records import (
    SPLITS,
    STATUSES,
    AlgorithmType,
    BlindedRead,
    CaseRecord,
    Difficulty,
    Kind,
    ModelLike,
    ModelRecord,
    Rejection,
    Revision,
    Split,
    Status,
    TruthSource,
    model_record,
    one_of,
)
from napari_cpam_stroke.annotations.rows import case_record, revision_record
from napari_cpam_stroke.annotations.saving import NewRevision, require_case, require_revision, save_revision
from napari_cpam_stroke.annotations.schema import CaseRow, PatientRow
from napari_cpam_stroke.annotations.splits import DEFAULT_FRACTIONS
from napari_cpam_stroke.annotations.worklist import Order, worklist
from napari_cpam_stroke.core import Annotation, CTVolume
from napari_cpam_stroke.errors import StoreError


class AnnotationStore:
    """Cases with their pixels, and everything readers and models said about them.

    Open one with `open`; it may be used from several threads and by several programs at once. On a network drive
    SQLite is not safe: there use PostgreSQL. No DICOM header and no patient identity is kept.
    """

    def __init__(self, database: Database, blobs: BlobFolder) -> None:
        self._database, self._blobs = database, blobs

    @classmethod
    def open(cls, where: str | Path, *, blobs: Path | None = None, create: bool = True) -> Self:
        """Open a store, or make a new one.

        Parameters
        ----------
        where
            A folder (SQLite), or a `postgresql://` address, which may carry the blob folder as `?blobs=/folder`.
        blobs
            Folder for the pixels; by default inside `where`.
        create
            False: refuse where there is no store yet.

        Raises
        ------
        StoreError
            If it is no store, of another version, or cannot be read; nothing was written then.
        """
        place = locate(where, blobs, create=create)
        return cls(open_database(place.url, create=create), BlobFolder(place.blobs))

    def close(self) -> None:
        """Give back all connections; needed only to free the files at once."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def bulk(self) -> Iterator[None]:
        """Do everything this thread does inside as one: all of it is kept, or after a failure none; far faster."""
        with self._database.bulk(), self._blobs.deferred():
            yield

    # cases

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

    def cases(
        self,
        *,
        split: Split | Literal["none"] | None = None,
        source: str | None = None,
        status: Status | Collection[Status] | None = None,
        reader: str | None = None,
        search: str = "",
        order: Order = "id",
        limit: int | None = None,
        offset: int = 0,
    ) -> list[CaseRecord]:
        """Return the worklist.

        Parameters
        ----------
        split
            'none' for patients who have none yet.
        status
            One, or several.
        search
            Words that must all occur in name, source, facts, authors or comments.
        order
            'suspicion' and 'uncertainty' put the highest first and cases without a prediction last.
        """
        statement = worklist(split=split, source=source, status=status, reader=reader, search=search, order=order)
        with self._database.reading() as session:
            rows = session.execute(statement.limit(limit).offset(offset or None)).all()
        return [case_record(row, row.split) for row in rows]

    def counts(self) -> dict[Status, int]:
        """Return how many cases have each status."""
        with self._database.reading() as session:
            found = dict(session.execute(select(CaseRow.status, func.count()).group_by(CaseRow.status)).tuples().all())
        return {status: found.get(status, 0) for status in STATUSES}

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
            warnings=case.warnings,
            facts=case.facts,
            pixels_lossy=case.pixels_lossy,
        )

    def set_status(self, case_id: str, status: Status) -> None:
        """Set the worklist status."""
        with self._database.writing() as session:
            casework.put_status(session, case_id, status)

    def set_reader(self, case_id: str, reader: str) -> None:
        """Assign the case to a reader; empty: to nobody."""
        with self._database.writing() as session:
            require_case(session, case_id, lock=True).reader = reader

    def record_prediction(
        self, case_id: str, probabilities: Mapping[str, float], model: ModelLike, *, uncertainty: float | None = None
    ) -> None:
        """Note a model's series probabilities (by class, 0..1) for the worklist.

        Parameters
        ----------
        uncertainty
            0..1; by default how near the least certain probability is to one half.
        """
        with self._database.writing() as session:
            casework.put_prediction(
                session, case_id, probabilities, _known(model_record(model)), uncertainty=uncertainty
            )

    # revisions

    def save(  # noqa: PLR0913  everything a revision says, by name
        self,
        case_id: str,
        annotation: Annotation,
        *,
        author: str,
        parent: str | None = None,
        model: ModelLike | None = None,
        algorithm_type: AlgorithmType = "MANUAL",
        kind: Kind = "reading",
        status: Status | None = None,
        comment: str = "",
        difficulty: Difficulty | None = None,
        truth_source: TruthSource | None = None,
        rejections: Sequence[Rejection] = (),
        prediction_mask: NDArray[np.uint8] | None = None,
        blinded: BlindedRead | None = None,
        branch: bool = False,
    ) -> Revision:
        """Keep a new revision; when this returns it survives a power cut.

        Parameters
        ----------
        parent
            The revision that was edited; None where the case had none.
        kind
            'reference' for annotations that came with the data.
        status
            By default 'in_review' for a reading of an unread case, 'accepted' for a reference, else unchanged.
        prediction_mask
            The model's mask that the reader saw.
        branch
            True: if someone saved meanwhile, keep this beside the main line.

        Raises
        ------
        RevisionConflictError
            If someone else saved after `parent`, and `branch` is False.
        GeometryMismatchError
            If the annotation has another shape than the case.
        """
        new = NewRevision(
            annotation=annotation,
            author=author,
            parent=parent,
            branch=branch,
            kind=kind,
            model=model_record(model),
            algorithm_type=algorithm_type,
            status=status,
            comment=comment,
            difficulty=difficulty,
            truth_source=truth_source,
            rejections=tuple(rejections),
            prediction_mask=prediction_mask,
            blinded=blinded,
        )
        return save_revision(self._database, self._blobs, case_id, new)

    def revisions(self, case_id: str) -> list[Revision]:
        """Return a case's history, oldest first, branches included."""
        with self._database.reading() as session:
            return [revision_record(row) for row in revisions_of(session, case_id)]

    def revision(self, revision_id: str) -> Revision:
        """Return one revision."""
        with self._database.reading() as session:
            return revision_record(require_revision(session, revision_id))

    def head(self, case_id: str) -> Revision | None:
        """Return the newest revision of the main line."""
        with self._database.reading() as session:
            head = require_case(session, case_id).head
            return None if head is None else revision_record(require_revision(session, head))

    def read_annotation(self, revision_id: str) -> Annotation:
        """Return what a revision says.

        Raises
        ------
        StoreError
            If its mask is damaged; the error names the newest older revision that is whole.
        """
        with self._database.reading() as session:
            return read_annotation(session, self._blobs, revision_id)

    def read_mask(self, revision_id: str, indices: Sequence[int] | None = None) -> NDArray[np.uint8]:
        """Return the mask on some slices (n, Y, X), or on all; only those are read, and each is verified."""
        with self._database.reading() as session:
            return read_mask(session, self._blobs, revision_id, indices)

    def read_prediction_mask(self, revision_id: str) -> NDArray[np.uint8] | None:
        """Return the model's mask that was kept with a revision."""
        with self._database.reading() as session:
            name = require_revision(session, revision_id).prediction_mask
        return None if name is None else np.asarray(self._blobs.read(name), dtype=np.uint8)

    def read_blinded_mask(self, revision_id: str) -> NDArray[np.uint8] | None:
        """Return the reading as it was when a blinded reader uncovered the prediction."""
        with self._database.reading() as session:
            name = require_revision(session, revision_id).blinded_mask
        return None if name is None else np.asarray(self._blobs.read(name), dtype=np.uint8)

    # splits

    def assign_splits(
        self, fractions: tuple[float, float, float] = DEFAULT_FRACTIONS, *, seed: int = 0
    ) -> dict[str, Split]:
        """Give every patient without a split one; nobody is ever moved.

        Parameters
        ----------
        fractions
            Of the patients: train, validation, test; held within each source and class.

        Returns
        -------
        The patients that were new.
        """
        with self._database.writing() as session:
            return casework.assign(session, fractions=fractions, seed=seed)

    def splits(self) -> dict[str, int]:
        """Return how many patients each split holds; 'none' for those without."""
        with self._database.reading() as session:
            found = Counter(split or "none" for split in session.scalars(select(PatientRow.split)))
        return {split: found[split] for split in (*SPLITS, "none")}

    def test_fingerprint(self) -> str:
        """Return a short hash of the test set's pixels: two figures are comparable only if it is the same."""
        hashes = sorted(case.content_hash for case in self.cases(split="test"))
        return hashlib.sha256("".join(hashes).encode()).hexdigest()[:16]


def _known(model: ModelRecord | None) -> ModelRecord:
    if model is None:
        raise StoreError("A prediction must say which model made it")
    return model
