"""CaseReview: the one mutable state of an open case, which views watch and change, and its way into the store."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from napari_cpam_stroke.annotations import AnnotationStore, CaseRecord, Revision
from napari_cpam_stroke.annotations.records import Status
from napari_cpam_stroke.core import Annotation, CTVolume
from napari_cpam_stroke.errors import StoreError
from napari_cpam_stroke.review.changes import Changes
from napari_cpam_stroke.review.draft import Draft, Saved, Stored
from napari_cpam_stroke.review.state import ReadingState
from napari_cpam_stroke.review.statement import Stated, statement_of

READER = "reader"
"""Source of cases that came in through the viewer."""


class CaseReview(ReadingState):
    """A reading that can be saved, and opened again.

    Slow steps come in pairs so that a window stays alive: `draft` and `finish` are quick and belong where the reader
    works, `commit` may run in any thread; so do `show` and `fetch`. `save` does both at once.

    Parameters
    ----------
    store
        None: nothing is kept; it may be set later.
    author
        Who reads.
    blinded
        True: predictions stay hidden until `reveal`.
    """

    saved: ClassVar[Signal] = Signal(object)
    """A `Revision` that is on the disk."""

    def __init__(
        self, volume: CTVolume, *, store: AnnotationStore | None = None, author: str = "", blinded: bool = False
    ) -> None:
        super().__init__(volume, blinded=blinded)
        self.store = store
        self.author = author
        self._revision: Revision | None = None
        self._case_id = volume.case_id

    @property
    def revision(self) -> Revision | None:
        """The revision that is open, None before the first one."""
        return self._revision

    @property
    def base_mask(self) -> NDArray[np.uint8] | None:
        """The mask (Z, Y, X) of that revision, not to be written to; None before the first one."""
        return self._changes.reference

    @property
    def case_id(self) -> str:
        """The store's name of this case; the volume's until it is known."""
        return self._case_id

    def register(self) -> CaseRecord:
        """Keep the series itself in the store, once; slow the first time (any thread)."""
        store = self._store()
        record = store.find(self.volume.content_hash) or store.add_case(self.volume, source=READER)
        self._case_id = record.case_id
        return record

    def history(self) -> list[Revision]:
        """Return all revisions of this case, oldest first."""
        record = None if self.store is None else self.store.find(self.volume.content_hash)
        return [] if record is None else self._store().revisions(record.case_id)

    # saving

    def save(self, *, branch: bool = False) -> Revision:
        """Keep the reading as a new revision; it is on the disk when this returns.

        Raises
        ------
        RevisionConflictError
            If someone else saved since this case was opened; `branch=True` keeps both.
        """
        return self.finish(self.commit(self.draft(), branch=branch))

    def draft(self) -> Draft:
        """Return the reading as it is now; quick."""
        known = self._known | (self.status == "accepted")
        slices, series = self._labels.to_keep(known)
        return Draft(
            shape=self.volume.shape,
            base=self._changes.reference,
            changed={z: self.reading[z].copy() for z in self.changed_slices},
            mask_known=known,
            slice_labels=slices,
            series_labels=series,
            stated=self.stated(),
            author=self.author,
            parent=None if self._revision is None else self._revision.id,
            algorithm_type=self.algorithm_type,
            model=self._ai.model,
            prediction_mask=self._ai.mask,
            blinded=self._ai.blinded_read,
            prompts=self._ai.prompts,
            begun_from_prompts=self._ai.prompted and not self._ai.adopted,
        )

    def commit(self, draft: Draft, *, branch: bool = False) -> Saved:
        """Write a draft into the store (any thread)."""
        mask, statement = draft.mask(), draft.stated.case
        revision = self._store().save(
            self.register().case_id,
            Annotation(mask, draft.mask_known, draft.slice_labels, draft.series_labels),
            author=draft.author,
            parent=draft.parent,
            model=draft.model,
            algorithm_type=draft.algorithm_type,
            status=_status_to_keep(statement.status),
            comment=statement.comment,
            difficulty=statement.difficulty,
            truth_source=statement.truth_source,
            rejections=statement.rejections,
            prediction_mask=draft.prediction_mask,
            blinded=draft.blinded,
            prompts=draft.prompts,
            begun_from_prompts=draft.begun_from_prompts,
            branch=branch,
        )
        return Saved(revision, mask, draft)

    def finish(self, done: Saved) -> Revision:
        """Go on from what was saved; edits made meanwhile stay unsaved."""
        self._revision = done.revision
        self._changes = Changes(done.mask, self.reading)
        kept = statement_of(done.revision)
        if self._statement == done.draft.stated.case:
            self._statement = kept
        self._stated_before = replace(done.draft.stated, case=kept)
        self.saved.emit(done.revision)
        self._announce(self.changed_statement)
        return done.revision

    # opening

    def fetch(self, revision_id: str | None = None) -> Stored | None:
        """Read a revision, by default the newest one of this case (any thread)."""
        store = self._store()
        if revision_id is None:
            record = store.find(self.volume.content_hash)
            revision_id = None if record is None else record.head
        if revision_id is None:
            return None
        revision = store.revision(revision_id)
        return Stored(revision, store.read_annotation(revision_id), store.read_prediction_mask(revision_id))

    def show(self, stored: Stored) -> Revision:
        """Make a stored revision the open one; unsaved edits are gone."""
        revision, annotation = stored.revision, stored.annotation
        changed = self._replace_mask(annotation.mask)
        self._known = annotation.mask_known.copy()
        self._revision, self._statement = revision, statement_of(revision)
        self._changes = Changes(annotation.mask, annotation.mask)
        self._ai.resume(revision, stored.prediction_mask, self.reading)
        self._labels.follow(self.reading, changed)
        self._labels.adopt(annotation.slice_labels, annotation.series_labels)
        self._stated_before = self.stated()
        self._follow(changed)
        self._announce(self.changed_labels, self.changed_statement)
        return revision

    def show_under(self, stored: Stored) -> Revision:
        """Make a stored revision the open one, and lay over it what was edited before it came."""
        edited = {z: self.reading[z].copy() for z in self.changed_slices}
        stated, pointed = self.stated(), self._ai.sitting
        revision = self.show(stored)
        self.note_prompts(pointed)
        mask = self.reading.copy()
        for z, drawn in edited.items():
            mask[z] = np.where(drawn > 0, drawn, mask[z])
        self.take_back(mask, stated.over(self.stated()), self.ai_memory())
        return revision

    def restore(self, stored: Stored) -> tuple[int, ...]:
        """Bring an older revision's mask back as an edit of the open one; nothing in the history is lost."""
        changed = self._replace_mask(stored.annotation.mask)
        if changed:
            self.touch(changed)
        return changed

    def open_base(self, revision_id: str | None) -> None:
        """Open the revision that unsaved work began from, unless it is open."""
        if revision_id is not None and (self._revision is None or self._revision.id != revision_id):
            stored = self.fetch(revision_id)
            if stored is not None:
                self.show(stored)

    def take_back(self, mask: NDArray[np.uint8], stated: Stated, ai: dict[str, Any]) -> tuple[int, ...]:
        """Bring an unsaved mask (Z, Y, X) back as an edit; `ai` is the `ai_memory` of that moment."""
        self._ai.recall(ai)
        self._labels.slice_overrules = dict(stated.slice_overrules)
        self._labels.series_overrules = dict(stated.series_overrules)
        self._statement = stated.case
        changed = self._replace_mask(mask)
        self.touch(changed)
        self._announce(self.changed_labels, self.changed_statement)
        return changed

    def _replace_mask(self, mask: NDArray[np.uint8]) -> tuple[int, ...]:
        shown = self._labels.drawn
        changed = tuple(
            z
            for z, drawn in enumerate(mask)
            if (shown[z] or drawn.any()) and not np.array_equal(drawn, self.reading[z])
        )
        for z in changed:
            self.reading[z] = mask[z]
        return changed

    def _store(self) -> AnnotationStore:
        if self.store is None:
            raise StoreError("This review has no store to keep anything in", remedy="choose a folder for the store")
        return self.store


def _status_to_keep(status: Status) -> Status | None:
    """Return the status to save; None leaves a case that was never given one to the store's rule."""
    return None if status in {"new", "predicted"} else status
