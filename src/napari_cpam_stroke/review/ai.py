"""The model beside the reader: hidden or shown, adopted or not, and how far the reading has moved away from it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from napari_cpam_stroke.annotations.records import (
    AlgorithmType,
    BlindedRead,
    ModelLike,
    ModelRecord,
    Revision,
    model_record,
)
from napari_cpam_stroke.annotations.rows import prompts_from_plain, prompts_to_plain
from napari_cpam_stroke.core.arrays import Mask
from napari_cpam_stroke.core.editing import Edit, redraw
from napari_cpam_stroke.errors import GeometryMismatchError, InputError
from napari_cpam_stroke.prompting.used import PromptsUsed, joined
from napari_cpam_stroke.review.changes import Changes


class PredictionLike(Protocol):
    """What a review needs of a prediction; no network has to be loaded for that."""

    @property
    def mask(self) -> Mask:
        """uint8 (Z, Y, X)."""

    @property
    def series_probabilities(self) -> dict[str, float]:
        """Probability of each class for the whole case, 0..1."""

    @property
    def model(self) -> ModelLike:
        """Which model."""


class AiAside:
    """A prediction, and what the reader did with it.

    Attributes
    ----------
    prediction
        The newest one, also while it is hidden.
    blinded
        True while the reader must not see it.
    sitting
        The prompts since the reading was opened that made part of it.
    """

    def __init__(self, *, blinded: bool) -> None:
        self.prediction: PredictionLike | None = None
        self.blinded = blinded
        self.sitting: PromptsUsed | None = None
        self._earlier: PromptsUsed | None = None
        self._prompted_before = False
        self._began_blinded = blinded
        self._revealed_at: datetime | None = None
        self._since_reveal: Changes | None = None
        self._adopted = False
        self._model: ModelRecord | None = None
        self._against: Changes | None = None
        self._written: dict[int, Mask] = {}
        self._by_hand: dict[int, NDArray[np.bool_]] = {}

    @property
    def visible(self) -> PredictionLike | None:
        """The prediction, unless it is hidden."""
        return None if self.blinded else self.prediction

    def offer(self, prediction: PredictionLike, reading: Mask) -> None:
        """Put a new prediction beside the reading, uint8 (Z, Y, X)."""
        if prediction.mask.shape != reading.shape:
            raise GeometryMismatchError(
                "The prediction belongs to another series", got=prediction.mask.shape, expected=f"{reading.shape}"
            )
        self.prediction = prediction
        self._look(reading)

    def reveal(self, reading: Mask) -> None:
        """Show what was hidden, and remember the reading (Z, Y, X) as it is now."""
        if not self.blinded:
            return
        self.blinded = False
        self._revealed_at = datetime.now(UTC)
        self._since_reveal = Changes(reading.copy(), reading)
        self._look(reading)

    @property
    def prompts(self) -> PromptsUsed | None:
        """The prompts that made part of the reading, those of the revision it goes on from first; None without any."""
        return joined(self._earlier, self.sitting)

    @property
    def prompted(self) -> bool:
        """Whether what answers a reader's prompts made part of the reading."""
        return self._prompted_before or self.prompts is not None

    def resume(self, revision: Revision, mask: Mask | None, reading: Mask) -> None:
        """Go on from a stored revision with its model's mask (Z, Y, X): what it was begun from, and its prompts."""
        self._adopted = revision.begun_from_model
        self._earlier, self.sitting, self._prompted_before = revision.prompts, None, revision.begun_from_prompts
        self._model = revision.model
        self._against = None if mask is None else Changes(mask, reading)
        self._written = dict(enumerate(mask)) if self._adopted and mask is not None else {}
        self._by_hand = {}

    def memory(self) -> dict[str, Any]:
        """Return as JSON values what must survive a crash for the record to stay true."""
        return {
            "adopted": self._adopted,
            "prompted": self.prompted,
            "prompts": None if self.prompts is None else prompts_to_plain(self.prompts),
            "model": self._model and asdict(self._model),
            "began_blinded": self._began_blinded,
            "revealed_at": self._revealed_at and self._revealed_at.isoformat(),
        }

    def recall(self, memory: dict[str, Any]) -> None:
        """Go on after a crash; what the model's mask was, and what changed since the reveal, is not known any more."""
        model, revealed = memory["model"], memory["revealed_at"]
        self._adopted = self._adopted or memory["adopted"]
        self._prompted_before = memory.get("prompted", False)  # journals of earlier versions know no prompts,
        if "prompts" in memory:  # or that there were some and not which
            self._earlier, self.sitting = prompts_from_plain(memory["prompts"]), None
        self._model = ModelRecord(**model) if model else self._model
        self._began_blinded = memory["began_blinded"]
        self._revealed_at = revealed and datetime.fromisoformat(revealed)
        self.blinded = self._began_blinded and self._revealed_at is None

    def adopt(self, reading: Mask, slices: Sequence[int]) -> Edit:
        """Begin from the model's mask; return the edit that copies it into the reading (Z, Y, X) where no hand was."""
        prediction = self.visible
        if prediction is None:
            remedy = "reveal the prediction first" if self.blinded else "run a model first"
            raise InputError("There is no prediction to adopt", remedy=remedy)
        self._note_hand(reading)
        predicted = {z: prediction.mask[z] for z in slices}
        wanted = {
            z: np.where(self._by_hand[z], reading[z], f) if z in self._by_hand else f for z, f in predicted.items()
        }
        self._written |= predicted
        self._adopted, self._model = True, model_record(prediction.model)
        if self._against is None or self._against.reference is not prediction.mask:
            self._against = Changes(prediction.mask, reading)
        return redraw(reading, wanted)

    def follow(self, reading: Mask, slices: Sequence[int]) -> None:
        """Look at some slices of the reading (Z, Y, X) again."""
        for changes in (self._against, self._since_reveal):
            if changes is not None:
                changes.follow(reading, slices)

    @property
    def algorithm_type(self) -> AlgorithmType:
        """AUTOMATIC: the model's mask as it was; SEMIAUTOMATIC: edited, or made by prompts; MANUAL: drawn by hand."""
        if not self._adopted:
            return "SEMIAUTOMATIC" if self.prompted else "MANUAL"
        return "AUTOMATIC" if self.changed_voxels == 0 else "SEMIAUTOMATIC"

    @property
    def adopted(self) -> bool:
        """Whether the reading began from a model's mask."""
        return self._adopted

    @property
    def changed_voxels(self) -> int | None:
        """Voxels that differ from the model's mask, None without one."""
        return None if self._against is None else self._against.voxels

    @property
    def mask(self) -> Mask | None:
        """The model's mask (Z, Y, X) that the reading is compared with: the adopted one, else the visible one."""
        return None if self._against is None else self._against.reference

    @property
    def model(self) -> ModelRecord | None:
        """The model of `mask`."""
        return self._model

    @property
    def blinded_read(self) -> BlindedRead | None:
        """What is kept of a blinded read; None where the prediction was never hidden."""
        if not self._began_blinded:
            return None
        since = self._since_reveal
        if since is None:
            return BlindedRead(self._revealed_at)
        return BlindedRead(self._revealed_at, since.voxels, since.reference)

    def _look(self, reading: Mask) -> None:
        """Compare with the visible prediction, unless the reading began from an adopted one."""
        if self.visible is not None and not self._adopted:
            self._against = Changes(self.visible.mask, reading)
            self._model = model_record(self.visible.model)

    def _note_hand(self, reading: Mask) -> None:
        """Remember every voxel that is not what was adopted before: a person put it there."""
        nothing = np.zeros(reading.shape[1:], dtype=np.uint8)
        for z, drawn in enumerate(reading):
            written = self._written.get(z, nothing)
            if not np.array_equal(drawn, written):
                self._by_hand[z] = self._by_hand.get(z, False) | (drawn != written)


def all_slices(slices: Iterable[int] | None, count: int) -> tuple[int, ...]:
    """Return slice indices in order, each once; None means all."""
    if slices is None:
        return tuple(range(count))
    chosen = sorted({int(z) for z in slices})
    if chosen and not 0 <= chosen[0] <= chosen[-1] < count:
        raise InputError("There is no such slice", got=chosen, expected=f"0 to {count - 1}")
    return tuple(chosen)
