"""What was said about the series of a store: immutable revisions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from napari_cpam_stroke.annotations.blobs import BlobFolder
from napari_cpam_stroke.annotations.database import Database
from napari_cpam_stroke.annotations.history import head_of, read_annotation, read_mask, revisions_of
from napari_cpam_stroke.annotations.records import (
    AlgorithmType,
    BlindedRead,
    Difficulty,
    Kind,
    ModelLike,
    Rejection,
    Revision,
    Status,
    TruthSource,
    model_record,
)
from napari_cpam_stroke.annotations.rows import revision_record
from napari_cpam_stroke.annotations.saving import NewRevision, require_case, require_revision, save_revision
from napari_cpam_stroke.core import Annotation
from napari_cpam_stroke.prompting.used import PromptsUsed


class RevisionHistory:
    """Revisions in, annotations out."""

    def __init__(self, database: Database, blobs: BlobFolder) -> None:
        self._database, self._blobs = database, blobs

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
        prompts: PromptsUsed | None = None,
        begun_from_prompts: bool = False,
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
            The model's mask that the reader saw, uint8 (Z, Y, X).
        branch
            True: if someone saved meanwhile, keep this beside the main line.
        prompts
            The points, boxes, scribbles and lassos that are in the annotation.
        begun_from_prompts
            True: SEMIAUTOMATIC by prompts alone; `model` was shown, and nothing of it adopted.

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
            prompts=prompts,
            begun_from_prompts=begun_from_prompts,
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
            head = head_of(session, require_case(session, case_id))
            return None if head is None else revision_record(head)

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
        """Return the model's mask that was kept with a revision, uint8 (Z, Y, X)."""
        with self._database.reading() as session:
            name = require_revision(session, revision_id).prediction_mask
        return None if name is None else np.asarray(self._blobs.read(name), dtype=np.uint8)

    def read_blinded_mask(self, revision_id: str) -> NDArray[np.uint8] | None:
        """Return the reading as it was when a blinded reader uncovered the prediction, uint8 (Z, Y, X)."""
        with self._database.reading() as session:
            name = require_revision(session, revision_id).blinded_mask
        return None if name is None else np.asarray(self._blobs.read(name), dtype=np.uint8)
