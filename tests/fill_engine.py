"""An engine whose answers a test can foretell: like pixels that hang together, boxes and lassos as they are."""

from __future__ import annotations

from threading import Event

import numpy as np
from scipy import ndimage

from napari_cpam_stroke.core import CTVolume
from napari_cpam_stroke.core.arrays import Region
from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.prompting import PromptKind, PromptRequest
from napari_cpam_stroke.prompting.maps import MARK_RADIUS_MM, draw_prompt

ALIKE_HU = 6
BONE_HU = 300
THIN_MM = (2 * MARK_RADIUS_MM, 2 * MARK_RADIUS_MM)
"""With pixels as large as that a mark is the pixel under it."""
HOLE = 3
"""Pixels around what is pointed away that go with it."""


class FillEngine:
    """Answers at once, or when it is let."""

    name = "fill"

    def __init__(self) -> None:
        self.asked: list[PromptRequest] = []
        self.prepared: list[int] = []
        self.may_answer = Event()
        self.may_answer.set()

    def prepare(self, volume: CTVolume, slice_index: int) -> None:
        self.prepared.append(slice_index)

    def answer(self, request: PromptRequest) -> Region:
        self.asked.append(request)
        self.may_answer.wait(20)
        hu = request.volume.hu[request.slice_index].astype(float)
        region = request.before.copy()
        for prompt in request.prompts:
            covered = draw_prompt(prompt, hu.shape, THIN_MM)
            if not covered.any():
                raise InputError("The point lies outside the picture")
            if prompt.kind is PromptKind.POINT and hu[covered].max() > BONE_HU:
                raise InputError("The point lies on bone", remedy="point at brain")
            if not prompt.adds:
                region &= ~ndimage.binary_dilation(covered, iterations=HOLE)
            elif prompt.kind in (PromptKind.BOX, PromptKind.LASSO):
                region |= covered
            else:
                region |= like(hu, covered)
        return region


def like(hu: np.ndarray, covered: Region) -> Region:
    parts, _ = ndimage.label((np.abs(hu - hu[covered].mean()) <= ALIKE_HU) | covered)
    return np.isin(parts, np.unique(parts[covered]))
