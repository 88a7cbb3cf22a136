"""Drafts that programs left behind which no longer run: found at the start, opened or discarded one by one."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from qtpy.QtCore import QObject, Signal

from napari_cpam_stroke.annotations import AnnotationStore, Journal, Pending
from napari_cpam_stroke.annotations.recovery import recovery_folder
from napari_cpam_stroke.widgets.parts.background import Job, sentence
from napari_cpam_stroke.widgets.reading.drafts import DISCARD, Drafts
from napari_cpam_stroke.widgets.reading.moments import local_time
from napari_cpam_stroke.widgets.reading.room_store import RoomStore
from napari_cpam_stroke.widgets.reading.state import RoomState

logger = logging.getLogger(__name__)

KEEP = "keep"
DAMAGED = "This draft is damaged and cannot be opened. It is kept until you discard it."
ELSEWHERE = (
    "The store in use does not have this case. The draft is kept: choose the store it was read in, "
    "or open the series from its folder, if that is still there."
)


@dataclass(frozen=True)
class LeftDraft:
    """A draft that was left behind.

    Attributes
    ----------
    case_id
        The store's name of its case now.
    volume_ml
        Of everything drawn; None where it cannot be said.
    problem
        Why it cannot be opened; empty where it can.
    """

    pending: Pending
    case_id: str
    volume_ml: float | None
    problem: str


class LeftDrafts(QObject):
    """What crashes left behind.

    Parameters
    ----------
    open_case
        Opens a case of the store.

    Attributes
    ----------
    found
        Newest first.
    unreadable
        Files in their folder that are no drafts any more; they are kept.

    Signals
    -------
    changed
        There are others now.
    """

    changed = Signal()

    def __init__(
        self, state: RoomState, *, store: RoomStore, drafts: Drafts, open_case: Callable[[str], object]
    ) -> None:
        super().__init__(state)
        self._state, self._store, self._drafts, self._open_case = state, store, drafts, open_case
        self.found: tuple[LeftDraft, ...] = ()
        self.unreadable: tuple[Path, ...] = ()
        self._looking: Job | None = None
        self._told = False
        drafts.settled.connect(self.look)

    def look(self) -> None:
        """Look for drafts, in the background; where there are some when the room begins, the reader is told once."""
        if self._looking is not None:
            self._looking.cancel()
        store = self._store.open()
        self._looking = Job(lambda *_: _left_behind(store), self)
        self._looking.done.connect(lambda found: self._on_found(*found))
        self._looking.failed.connect(lambda error: self._state.warn(sentence(error)))

    @property
    def words(self) -> str:
        """How many there are, and of which case the newest is; empty where there are none."""
        number = len(self.found)
        if not number:
            return ""
        newest = self.found[0].pending
        when, many = local_time(newest.written), "Unsaved changes" if number == 1 else f"{number} unsaved drafts"
        return f"{many} from before: {'the newest of ' if number > 1 else ''}case {newest.case_id}, {when}."

    def open(self, draft: LeftDraft) -> None:
        """Open the case of a draft and take the draft up; one that cannot be opened says why and is kept."""
        if draft.problem:
            self._state.warn(draft.problem)
            return
        self._drafts.expect(draft.pending)
        self._open_case(draft.case_id)

    def discard(self, draft: LeftDraft) -> None:
        """Throw a draft away, once the reader has said so."""
        when = local_time(draft.pending.written)
        question = f"Discard the unsaved changes of case {draft.pending.case_id} from {when} for good?"
        if self._state.ask(question, (KEEP, DISCARD)) == DISCARD:
            draft.pending.discard()
            self.look()

    def _on_found(self, found: tuple[LeftDraft, ...], unreadable: tuple[Path, ...]) -> None:
        self.found, self.unreadable = found, unreadable
        self.changed.emit()
        if found and not self._told:
            from napari.utils.notifications import show_info

            show_info(f"{self.words} Cases lists what can be opened again.")
        self._told = True


def _left_behind(store: AnnotationStore | None) -> tuple[tuple[LeftDraft, ...], tuple[Path, ...]]:
    pending, unreadable = Journal.left_behind(recovery_folder())
    return tuple(_examined(each, store) for each in pending), tuple(unreadable)


def _examined(pending: Pending, store: AnnotationStore | None) -> LeftDraft:
    """Return what can be said of a draft; whatever is wrong with it stays its own matter."""
    try:
        return _looked_up(pending, store)
    except Exception:
        logger.warning("The draft %s cannot be examined", pending.path, exc_info=True)
        return LeftDraft(pending, pending.case_id, None, DAMAGED)


def _looked_up(pending: Pending, store: AnnotationStore | None) -> LeftDraft:
    case = None if store is None else store.find(pending.content_hash)
    if store is None or case is None:
        pending.restore(None)
        return LeftDraft(pending, pending.case_id, None, ELSEWHERE)
    mask = pending.restore(None if pending.base is None else store.read_mask(pending.base))
    if case.geometry is None:
        return LeftDraft(pending, case.case_id, None, "")
    marked = (mask > 0).sum(axis=(1, 2))
    return LeftDraft(pending, case.case_id, float(marked @ case.geometry.voxel_volumes_ml), "")
