"""Masks of files beside the open case: shown as the AI's, taken as the reading, or compared with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from qtpy.QtCore import QObject

from napari_cpam_stroke.core.arrays import Mask
from napari_cpam_stroke.core.label_map import LabelMap
from napari_cpam_stroke.core.mask_reading import MaskReading
from napari_cpam_stroke.errors import CpamError
from napari_cpam_stroke.review import CaseReview
from napari_cpam_stroke.widgets.reading.state import RoomState

Use = Literal["AI layer", "reading", "comparison"]
"""What becomes of a mask: shown in the AI layer, copied into the reading as one undo step, or its difference shown."""

NO_CASE = "Open the case first: a mask has its place only in its series."
DONE: dict[Use, str] = {
    "AI layer": "is shown in the AI layer; D compares it with the reading, and the next run replaces it.",
    "reading": "is the reading now; one undo takes it back.",
    "comparison": "is compared with the reading: green was added to it, pink is gone or of another class.",
}


class ImportedMasks(QObject):
    """Reads masks onto the frames of the open case.

    Parameters
    ----------
    show_difference
        Shows where the reading differs from a mask, uint8 (Z, Y, X).
    """

    def __init__(self, state: RoomState, *, show_difference: Callable[[Mask], None]) -> None:
        super().__init__(state)
        self._state, self._show_difference = state, show_difference
        self._shown: tuple[CaseReview, object, Mask] | None = None

    @property
    def mask(self) -> Mask | None:
        """The imported mask that the AI layer shows, uint8 (Z, Y, X); None where it shows a model's, or nothing."""
        review = self._state.review
        if self._shown is None or review is None:
            return None
        of, prediction, mask = self._shown
        return mask if of is review and prediction is review.prediction else None

    def take(self, path: Path, use: Use, *, labels: str = "") -> None:
        """Read a DICOM SEG or a NIfTI mask in the background, and use it; a failure is one sentence.

        Parameters
        ----------
        labels
            What labels stand for that are not understood: "Segment_1=hemorrhage, 3=ischemia".
        """
        review = self._state.review
        if review is None:
            self._state.warn(NO_CASE)
            return
        try:
            meant = LabelMap.parse(entry for entry in labels.split(",") if entry.strip())
        except CpamError as error:
            self._state.warn(str(error))
            return

        def read(*_: object) -> MaskReading:
            from napari_cpam_stroke.dicom import read_mask

            return read_mask(path, review.volume, labels=meant)

        self._state.start(f"Reading {path.name}", read, lambda found: self._use(review, found, use, path.name))

    def _use(self, review: CaseReview, found: MaskReading, use: Use, name: str) -> None:
        layers = self._state.layers
        if review is not self._state.review or layers is None:
            return
        if use == "AI layer":
            self._shown = (review, review.prediction, found.mask)
            layers.set_prediction(found.mask)
            layers.ai.visible = True
        elif use == "reading":
            layers.replace(dict(enumerate(found.mask)))
            self._state.flush()
        else:
            self._show_difference(found.mask)
        makers = "; ".join(filter(None, (maker.words for maker in found.makers)))
        what = f"{name} ({makers})" if makers else name
        self._state.said.emit(" ".join([f"{what} {DONE[use]}", *(notice.sentence for notice in found.notices)]))
