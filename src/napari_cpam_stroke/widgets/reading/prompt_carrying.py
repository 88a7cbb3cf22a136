"""Carrying a lesion to the slices beside it: one by one, each looked at, or all at once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from qtpy.QtCore import QObject

from napari_cpam_stroke.core import LesionClass
from napari_cpam_stroke.core.arrays import Region
from napari_cpam_stroke.errors import CpamError
from napari_cpam_stroke.progress import Cancelled
from napari_cpam_stroke.prompting import PromptEngine, PromptKind, PromptRequest
from napari_cpam_stroke.prompting.carrying import Carried, carried_request, carry_on, carry_once
from napari_cpam_stroke.prompting.lesion import touched
from napari_cpam_stroke.widgets.parts.background import sentence
from napari_cpam_stroke.widgets.reading.prompt_tools import PromptTools

NOTHING_TO_CARRY = "Nothing of the drawn class is on this slice to carry on."
DRAWN_ALREADY = "The class is drawn here already; point at it to correct it."
PROPOSED = "Proposal: the same key accepts it and goes on, a prompt corrects it, Esc drops it."
NOT_SEEN = "It is not seen on the slices beside it."


class PromptCarrying(QObject):
    """The proposals of one room: at most one is shown, and nothing is drawn before it is accepted."""

    def __init__(self, prompts: PromptTools, *, says: Callable[[str], object]) -> None:
        super().__init__(prompts)
        self._prompts, self._reading, self._says = prompts, prompts.reading, says
        self.proposal: Carried | None = None
        self._reading.adding.connect(self._accept)
        prompts.changed.connect(self._on_changed)

    def step(self, towards_head: int) -> None:
        """Accept what is proposed here, and propose the lesion on the next slice up (1) or down (-1)."""
        source = self._source()
        layers = self._reading.layers
        if source is None or layers is None:
            return
        target = source.slice_index + (-towards_head if layers.flips[0] else towards_head)
        try:
            request = self._request(source, target)
        except CpamError as error:
            self._says(sentence(error))
            return
        if self._drawn(request.lesion_class, target, request.before):
            layers.go_to_slice(target)
            self._says(DRAWN_ALREADY)
            return
        blocked = self._blocked(request.lesion_class, target, request.before)
        self._reading.answers.ask(
            lambda engine, _: carry_once(engine, request, source, blocked), self._propose, self._refuse
        )

    def everywhere(self) -> None:
        """Draw the lesion on the slices above and below until it ends, as one step of undo."""
        source = self._source()
        if source is None:
            return
        blocked = partial(self._blocked, source.request.lesion_class)

        def both_ways(engine: PromptEngine, cancelled: Cancelled) -> list[Carried]:
            return [found for way in (1, -1) for found in carry_on(engine, source, way, blocked, cancelled)]

        self._reading.answers.ask(both_ways, self._take_all, self._refuse)

    def _source(self) -> Carried | None:
        """Return the lesion that is carried on from the slice that is shown; without one, say so."""
        prompts, sitting, layers = self._prompts, self._reading.sitting, self._reading.layers
        if not prompts.allowed() or sitting is None or layers is None:
            return None
        if prompts.kind is None:
            prompts.take(PromptKind.POINT)
        z = layers.slice_index
        if not self._accept(z):
            self.proposal = None
        here = layers.reading_mask[z] == prompts.label
        lesion = next((each for each in reversed(sitting.lesions) if each.place == (z, prompts.label)), None)
        region = here if lesion is None else touched(here, lesion.answer.region)
        if not region.any():
            self._says(NOTHING_TO_CARRY)
            return None
        made = () if lesion is None else lesion.prompts
        request = PromptRequest(layers.volume, z, prompts.label, made, np.zeros_like(region))
        return Carried(z, region, request)

    def _request(self, source: Carried, target: int) -> PromptRequest:
        asked = source.request
        return carried_request(
            asked.volume, asked.lesion_class, source.region, asked.prompts, (source.slice_index, target),
            self._reading.probabilities(target, asked.lesion_class),
        )  # fmt: skip

    def _drawn(self, lesion_class: LesionClass, z: int, region: Region) -> bool:
        layers = self._reading.layers
        return layers is not None and bool((region & (layers.reading_mask[z] == lesion_class)).any())

    def _blocked(self, lesion_class: LesionClass, z: int, region: Region) -> Region:
        """Return what cannot become part of a lesion: other classes, what is kept, all where it is drawn already."""
        sitting, layers = self._reading.sitting, self._reading.layers
        if sitting is None or layers is None or self._drawn(lesion_class, z, region):
            return np.ones_like(region)
        labels = layers.reading_mask[z]
        return np.asarray(((labels > 0) & (labels != lesion_class)) | sitting.kept.on_slice(z))

    def _propose(self, carried: Carried) -> None:
        if self._reading.layers is not None:
            self.proposal = carried
            self._reading.layers.go_to_slice(carried.slice_index)
            self._reading.show_contour(carried.slice_index, carried.region)
            self._says(PROPOSED)

    def _refuse(self, error: Exception) -> None:
        self._says(sentence(error))

    def _accept(self, z: int) -> bool:
        """Draw what is proposed where that is on slice `z`; return whether it was."""
        proposal, sitting = self.proposal, self._reading.sitting
        if proposal is None or sitting is None or proposal.slice_index != z:
            return False
        self.proposal = None
        self._reading.show_contour(z, None)
        self._reading.apply(sitting.take(sitting.carried(proposal.request), proposal.region))
        return True

    def _take_all(self, found: list[Carried]) -> None:
        sitting = self._reading.sitting
        if sitting is None or not found:
            self._says(NOT_SEEN)
            return
        answers = [(sitting.carried(each.request, number=n), each.region) for n, each in enumerate(found)]
        self._reading.apply(sitting.take_all(answers))
        self._says(f"Carried to {len(found)} slices.")

    def _on_changed(self) -> None:
        if self._prompts.kind is None:
            self.proposal = None
