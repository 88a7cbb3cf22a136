"""Ties a review to its journal: writes unsaved strokes now and then, forgets them once saved, brings them back."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any

from napari_cpam_stroke.annotations.recovery import Journal, Pending, Snapshot, recovery_folder
from napari_cpam_stroke.annotations.rows import rejections_from_json, rejections_to_json
from napari_cpam_stroke.core import LesionClass
from napari_cpam_stroke.errors import GeometryMismatchError, StoreError
from napari_cpam_stroke.review.case import CaseReview
from napari_cpam_stroke.review.statement import CaseStatement, Stated

NOTHING_KEPT = -1
"""Not a number of edits: the next run writes."""


class Autosave:
    """Call `run` (or `job`, and what it returns in a worker) from a timer of one or two seconds.

    Parameters
    ----------
    folder
        For journals; by default the program's own.
    """

    def __init__(self, review: CaseReview, *, folder: Path | None = None, journal: Journal | None = None) -> None:
        self._review = review
        self._folder = folder or recovery_folder()
        self._journal = journal or Journal(self._folder, review.volume.content_hash)
        self._kept = NOTHING_KEPT
        self._lock = Lock()
        review.saved.connect(self._on_saved)

    def job(self, *, force: bool = False) -> Callable[[], None] | None:
        """Return what to run, in any thread, to keep the strokes drawn up to now; None if there is nothing to do."""
        review = self._review
        if not review.dirty or review.edits == self._kept or not (force or self._journal.due):
            return None
        self._kept = review.edits
        snapshot = Snapshot(
            case_id=review.case_id,
            author=review.author,
            base=None if review.revision is None else review.revision.id,
            shape=review.volume.shape,
            slices={z: review.reading[z].copy() for z in review.changed_slices},
            stated=_to_plain(review.stated()) | {"ai": review.ai_memory()},
        )
        return partial(self._write, snapshot, self._kept)

    def run(self, *, force: bool = False) -> bool:
        """Do it at once; return whether anything was written."""
        job = self.job(force=force)
        if job is not None:
            job()
        return job is not None

    def pending(self) -> list[Pending]:
        """Return unsaved work of this very series that a crash left behind, newest first."""
        return Journal.pending(self._folder, self._review.volume.content_hash)

    def recover(self, pending: Pending) -> tuple[int, ...]:
        """Bring unsaved work back into the review as an unsaved edit; return the slices it touches.

        Work on an older revision opens that revision first, so that saving it never hides what came later.

        Raises
        ------
        GeometryMismatchError
            If it is of another series.
        StoreError
            If it cannot be read; then it stays where it is.
        """
        review = self._review
        if pending.content_hash != review.volume.content_hash:
            raise GeometryMismatchError(
                "The unsaved strokes belong to another series", got=pending.case_id, expected=review.case_id
            )
        try:
            stated = _from_plain(pending.stated)
            review.open_base(pending.base)
            touched = review.take_back(pending.restore(review.base_mask), stated, pending.stated["ai"])
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            raise StoreError(
                "What was stated beside unsaved strokes cannot be read", got=f"{pending.path} ({type(error).__name__})"
            ) from error
        self.run(force=True)
        pending.discard()
        return touched

    def discard(self) -> None:
        """Forget unsaved strokes: they are saved, or the reader did not want them."""
        with self._lock:
            self._kept = NOTHING_KEPT
            self._journal.discard()

    def _write(self, snapshot: Snapshot, edits: int) -> None:
        with self._lock:
            if self._kept == edits:
                self._journal.write(snapshot)

    def _on_saved(self, _revision: object) -> None:
        self.discard()


def _to_plain(stated: Stated) -> dict[str, Any]:
    statement = stated.case
    return {
        "slices": [[z, int(c), value] for (z, c), value in stated.slice_overrules.items()],
        "series": [[int(c), value] for c, value in stated.series_overrules.items()],
        "status": statement.status,
        "difficulty": statement.difficulty,
        "comment": statement.comment,
        "truth_source": statement.truth_source,
        "rejections": rejections_to_json(statement.rejections),
    }


def _from_plain(plain: dict[str, Any]) -> Stated:
    statement = CaseStatement(
        status=plain["status"],
        difficulty=plain["difficulty"],
        comment=plain["comment"],
        truth_source=plain["truth_source"],
        rejections=rejections_from_json(plain["rejections"]),
    )
    slices = {(z, LesionClass(c)): value for z, c, value in plain["slices"]}
    return Stated(slices, {LesionClass(c): value for c, value in plain["series"]}, statement)
