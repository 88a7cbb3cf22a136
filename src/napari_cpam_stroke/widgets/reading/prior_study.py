"""Another study of the open case's patient, to be looked at beside it: found, read, linked slice by slice."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from napari_cpam_stroke.core import CTVolume
from napari_cpam_stroke.core.slice_link import LinkedSlice, SliceLink, Stack
from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.progress import Cancelled, Progress
from napari_cpam_stroke.widgets.parts.background import Job, sentence
from napari_cpam_stroke.widgets.reading.opening import NO_SERIES, NONE_FIT
from napari_cpam_stroke.widgets.reading.room_store import RoomStore
from napari_cpam_stroke.widgets.reading.state import RoomState

if TYPE_CHECKING:
    from napari_cpam_stroke.annotations import ListedCase

PSEUDONYM = re.compile(r"[0-9a-f]{12}")
"""What stands for a patient whom the header names; other words are names of groups."""

ANOTHER_PATIENT = "That series is of another patient: it is not shown beside this case."
SAME_SERIES = "That is the series of the open case itself."
READING = "Reading the prior study..."

Read = Callable[[Progress, Cancelled], CTVolume]


@dataclass(frozen=True, eq=False)
class FoundStudy:
    """A series that was read, and how its slices belong to those of the open case.

    Attributes
    ----------
    patient_known
        Whether both are known to be of one patient; False where one of them does not say.
    """

    volume: CTVolume
    link: SliceLink
    patient_known: bool


class PriorStudy(QObject):
    """The prior study of the open case. It is only looked at: no layer, no entry in the store, gone with the case.

    Attributes
    ----------
    others
        What the store has of the same patient, the newest first.
    found
        What is shown, None without one.
    shift
        Slices by which a person corrected the link, positive towards the head.
    note
        Why nothing is shown, or what is under way; empty where there is nothing to say.

    Signals
    -------
    offered
        `others` is another list.
    changed
        Of `found`, `shift` or `note`.
    """

    offered = Signal()
    changed = Signal()

    def __init__(self, state: RoomState, *, store: RoomStore) -> None:
        super().__init__(state)
        self._state, self._store = state, store
        self.others: tuple[ListedCase, ...] = ()
        self.found: FoundStudy | None = None
        self.shift, self.note = 0, ""
        self._asking: Job | None = None
        self._reading: Job | None = None
        state.case_opened.connect(self._on_case)
        state.case_closed.connect(self._on_case)

    def look(self) -> None:
        """Ask the store, in the background, what else it has of the patient; asked once the store knows the case."""
        store, review = self._store.open(), self._state.review
        self._stop(self._asking)
        if store is None or review is None:
            return
        name = review.case_id
        self._asking = Job(lambda *_: store.listing.others_of_patient(name), self._state)
        self._asking.done.connect(self._on_others)
        self._asking.failed.connect(self._state.fail)

    def show_stored(self, case_id: str) -> None:
        """Show a case of the store."""
        store = self._store.open()
        if store is not None:
            self._read(lambda *_: store.read_volume(case_id))

    def show_folder(self, folder: Path) -> None:
        """Show the series that a folder proposes; the store is told nothing of it."""

        def read(progress: Progress, cancelled: Cancelled) -> CTVolume:
            from napari_cpam_stroke.dicom import read_series, scan_folder

            report = scan_folder(folder, progress=progress, cancelled=cancelled)
            if report.proposed is None:
                raise InputError(NONE_FIT if report.series else NO_SERIES)
            return read_series(report.proposed, progress=progress, cancelled=cancelled)

        self._read(read)

    def clear(self) -> None:
        """Show none, and keep nothing of what was read."""
        self._stop(self._reading)
        self._reading = None
        self._put(None)

    def move(self, steps: int) -> None:
        """Correct the link by whole slices, no further than the study goes."""
        here, there = self.slice_at(self.shift), self.slice_at(self.shift + steps)
        if here is not None and there is not None and here.index != there.index:
            self.shift += steps
            self.changed.emit()

    def reset(self) -> None:
        """Link by height again."""
        self.shift = 0
        self.changed.emit()

    @property
    def linked(self) -> LinkedSlice | None:
        """What belongs beside the slice in front."""
        return self.slice_at(self.shift)

    def slice_at(self, shift: int) -> LinkedSlice | None:
        """Return what belongs beside the slice in front with a link shifted by some slices; None without a study."""
        layers = self._state.layers
        if layers is None or self.found is None:
            return None
        shown = layers.turned_index((layers.slice_index, 0, 0))[0]
        return self.found.link.slice_at(int(shown), shift)

    def _read(self, read: Read) -> None:
        """Read a study in place of the one shown; what belongs to a case that was left is never shown."""
        self._stop(self._reading)
        review = self._state.review
        if review is None:
            return
        case = review.volume

        def find(progress: Progress, cancelled: Cancelled) -> FoundStudy | str:
            return _compared(case, read(progress, cancelled))

        self._put(None, note=READING)
        self._reading = self._state.start("Reading the prior study", find, self._on_found, self._on_failed)

    def _on_found(self, found: FoundStudy | str) -> None:
        if isinstance(found, str):
            self._put(None, note=found)
        else:
            self._put(found)

    def _on_failed(self, error: Exception) -> None:
        self._put(None, note=sentence(error))

    def _on_others(self, others: tuple[ListedCase, ...]) -> None:
        if others != self.others:
            self.others = others
            self.offered.emit()

    def _on_case(self) -> None:
        self._stop(self._asking)
        self.clear()
        self._on_others(())

    def _put(self, found: FoundStudy | None, *, note: str = "") -> None:
        self.found, self.shift, self.note = found, 0, note
        self.changed.emit()

    @staticmethod
    def _stop(job: Job | None) -> None:
        if job is not None and job.running:
            job.cancel()


def same_patient(case: CTVolume, other: CTVolume) -> bool | None:
    """Return whether two series are of one patient; None where one of them does not say."""
    if case.patient_id and case.patient_id == other.patient_id:
        return True
    return False if all(map(_names_patient, (case, other))) else None


def _names_patient(volume: CTVolume) -> bool:
    """Whether a header named the patient; the store calls a patient whom nothing names after the case."""
    return PSEUDONYM.fullmatch(volume.patient_id) is not None and not volume.case_id.startswith(volume.patient_id)


def _compared(case: CTVolume, other: CTVolume) -> FoundStudy | str:
    """Return a study linked to a case, or the sentence that says why it is not shown beside it."""
    if other.content_hash == case.content_hash:
        return SAME_SERIES
    same = same_patient(case, other)
    if same is False:
        return ANOTHER_PATIENT
    return FoundStudy(other, SliceLink(Stack.of(case), Stack.of(other)), patient_known=bool(same))
