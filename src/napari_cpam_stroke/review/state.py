"""The reading itself: mask, labels, findings, the model beside it; everything but the store."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from psygnal import Signal

from napari_cpam_stroke.annotations import Rejection
from napari_cpam_stroke.annotations.records import (
    DIFFICULTIES,
    STATUSES,
    TRUTH_SOURCES,
    AlgorithmType,
    Difficulty,
    Reason,
    Status,
    TruthSource,
)
from napari_cpam_stroke.core import CTVolume, Lesion, LesionClass, LesionTable
from napari_cpam_stroke.core.arrays import Mask
from napari_cpam_stroke.core.editing import Edit
from napari_cpam_stroke.prompting.used import PromptsUsed
from napari_cpam_stroke.review.ai import AiAside, PredictionLike, all_slices
from napari_cpam_stroke.review.changes import Changes
from napari_cpam_stroke.review.findings import erasing, measure_drawn
from napari_cpam_stroke.review.labels import CaseLabels, Labels
from napari_cpam_stroke.review.statement import CaseStatement, Stated, StatedField


class ReadingState:
    """A reader's view of one case.

    Signals are sent in the thread that made the change.

    Attributes
    ----------
    volume
        The case.
    reading
        uint8 (Z, Y, X), edited in place: by `apply` and `adopt_prediction`, or by anyone who then calls `touch`.
    edits
        Counts changes of any kind, to tell one state from the next.
    """

    changed_mask: ClassVar[Signal] = Signal(tuple)
    """The slices whose mask was touched."""
    changed_labels: ClassVar[Signal] = Signal()
    changed_prediction: ClassVar[Signal] = Signal()
    """A prediction came, was revealed or hidden."""
    changed_statement: ClassVar[Signal] = Signal()
    """Status, difficulty, comment, source of truth or rejected findings."""
    dirty_changed: ClassVar[Signal] = Signal(bool)

    def __init__(self, volume: CTVolume, *, blinded: bool = False) -> None:
        self.volume = volume
        self.reading: Mask = np.zeros(volume.shape, dtype=np.uint8)
        self._labels = CaseLabels(volume.shape[0], volume.geometry)
        self._known = np.zeros(self._labels.present.shape, dtype=bool)
        self._ai = AiAside(blinded=blinded)
        self._statement = CaseStatement()
        self._table: LesionTable | None = None
        self._changes = Changes(None, self.reading)
        self._stated_before = self.stated()
        self._was_dirty = False
        self.edits = 0

    # mask

    def touch(self, slices: Iterable[int] | None = None) -> None:
        """Say that the reading was edited on some slices (None: on any); labels, counts and table follow."""
        touched = all_slices(slices, len(self.reading))
        self._known[list(touched)] = True
        self._follow(touched)

    def apply(self, edit: Edit | Callable[[Mask], Edit]) -> tuple[int, ...]:
        """Make an edit of `core.editing`, or one a function makes of the reading (Z, Y, X); return slices touched."""
        done = edit if isinstance(edit, Edit) else edit(self.reading)
        done.apply_to(self.reading)
        if done.slices:
            self.touch(done.slices)
        return done.slices

    @property
    def changed_voxels(self) -> int:
        """Voxels changed since the revision that is open (since an empty mask before the first one)."""
        return self._changes.voxels

    @property
    def changed_slices(self) -> tuple[int, ...]:
        """Slices changed since then."""
        return self._changes.slices

    @property
    def dirty(self) -> bool:
        """Whether anything differs from the revision that is open."""
        return self._changes.voxels > 0 or self.stated() != self._stated_before

    @property
    def table(self) -> LesionTable:
        """Lesions of the reading, measured when asked for after a change."""
        if self._table is None:
            self._table = measure_drawn(self.reading, self.volume, self._labels.drawn)
        return self._table

    # labels

    @property
    def slice_labels(self) -> Labels:
        """int8 (Z, 2), columns ischemia, hemorrhage: from the mask unless overruled."""
        return self._labels.slice_labels

    @property
    def series_labels(self) -> Labels:
        """int8 (2,): from the slices unless overruled."""
        return self._labels.series_labels

    @property
    def conflicts(self) -> tuple[str, ...]:
        """Sentences on labels that the mask contradicts; slices counted from 1."""
        return self._labels.conflicts

    def overrule_slice(self, z: int, lesion_class: LesionClass, value: int | None) -> None:
        """State that a slice shows a class (1) or not (0), whatever the mask says; None: follow the mask again."""
        self._labels.overrule_slice(z, lesion_class, value)
        self._announce(self.changed_labels)

    def overrule_series(self, lesion_class: LesionClass, value: int | None) -> None:
        """State it for the whole series."""
        self._labels.overrule_series(lesion_class, value)
        self._announce(self.changed_labels)

    # the model beside it

    @property
    def prediction(self) -> PredictionLike | None:
        """The newest prediction; None while it is hidden from a blinded reader."""
        return self._ai.visible

    @property
    def blinded(self) -> bool:
        """Whether predictions are hidden until `reveal`."""
        return self._ai.blinded

    def set_prediction(self, prediction: PredictionLike) -> None:
        """Put a prediction beside the reading, which stays as it is."""
        self._ai.offer(prediction, self.reading)
        self.changed_prediction.emit()

    def reveal(self) -> None:
        """End the blinded read; the moment and what is changed afterwards are kept with the next revision."""
        if self.blinded:
            self._ai.reveal(self.reading)
            self.changed_prediction.emit()

    def adopt_prediction(
        self, slices: Iterable[int] | None = None, *, write: Callable[[Edit], object] | None = None
    ) -> tuple[int, ...]:
        """Copy the visible prediction into the reading, but not where the reader has edited.

        Adopted is not checked: those slices count as looked at only when edited, or when the case is accepted.

        Parameters
        ----------
        slices
            Only these.
        write
            How the edit gets into the reading, for a view that can undo; None: as it is.

        Returns
        -------
        The slices that changed.
        """
        edit = self._ai.adopt(self.reading, all_slices(slices, len(self.reading)))
        edit.apply_to(self.reading) if write is None else write(edit)
        self._follow(edit.slices)
        return edit.slices

    @property
    def changed_from_prediction(self) -> int | None:
        """Voxels that differ from the adopted prediction, else from the visible one; None without any."""
        return self._ai.changed_voxels

    @property
    def algorithm_type(self) -> AlgorithmType:
        """AUTOMATIC: the model's mask untouched; SEMIAUTOMATIC: edited, or made by prompts; MANUAL: drawn by hand."""
        return self._ai.algorithm_type

    @property
    def begun_from_model(self) -> bool:
        """Whether a model's mask was adopted."""
        return self._ai.adopted

    def note_prompts(self, used: PromptsUsed | None) -> None:
        """Say which prompts made part of the reading since it was opened; None: those taken back, or none yet."""
        self._ai.sitting = used

    def ai_memory(self) -> dict[str, Any]:
        """Return what a journal must keep about the model beside the reading, as JSON values."""
        return self._ai.memory()

    # what is stated of the case

    status = StatedField[Status]("Where the case stands in the worklist.", STATUSES, "status")
    difficulty = StatedField[Difficulty | None]("How hard the reader found it.", DIFFICULTIES, "difficulty")
    truth_source = StatedField[TruthSource | None]("What the reading rests on.", TRUTH_SOURCES, "source of truth")
    comment = StatedField[str]("Free text of the reader.")

    @property
    def statement(self) -> CaseStatement:
        """All of them."""
        return self._statement

    def state(self, name: str, value: object) -> None:
        """Set one of them by name."""
        changed = replace(self._statement, **{name: value})  # type: ignore[arg-type]
        if changed != self._statement:
            self._statement = changed
            self._announce(self.changed_statement)

    @property
    def rejections(self) -> tuple[Rejection, ...]:
        """Findings turned down, with reasons."""
        return self._statement.rejections

    def reject_finding(self, lesion: Lesion, reason: Reason) -> Edit:
        """Note why a finding (of the reading or of the model) is none.

        Returns
        -------
        The edit that erases it from the reading, not applied yet: a view that can undo applies it itself.
        """
        rejection = Rejection(lesion.lesion_class, lesion.centroid_zyx, reason)
        if rejection not in self.rejections:
            self.state("rejections", (*self.rejections, rejection))
        return erasing(self.reading, lesion)

    def withdraw_rejection(self, rejection: Rejection) -> None:
        """Take a rejection back; the mask stays as it is."""
        self.state("rejections", tuple(kept for kept in self.rejections if kept != rejection))

    # inside

    def stated(self) -> Stated:
        """Return all that is stated beside the mask, to compare with later."""
        return Stated(dict(self._labels.slice_overrules), dict(self._labels.series_overrules), self._statement)

    def _follow(self, slices: tuple[int, ...]) -> None:
        self._table = None
        relabelled = self._labels.follow(self.reading, slices)
        self._changes.follow(self.reading, slices)
        self._ai.follow(self.reading, slices)
        self.changed_mask.emit(slices)
        if relabelled:
            self.changed_labels.emit()
        self._announce()

    def _announce(self, *signals: Any) -> None:
        self.edits += 1
        for signal in signals:
            signal.emit()
        if self.dirty != self._was_dirty:
            self._was_dirty = not self._was_dirty
            self.dirty_changed.emit(self._was_dirty)
