"""A reader's prompts on one case: which lesion each belongs to, what is asked, and which voxels the answer changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import distance_transform_edt
from scipy.spatial import KDTree

from napari_cpam_stroke.core import CTVolume, LesionClass
from napari_cpam_stroke.core.arrays import Mask, Region
from napari_cpam_stroke.core.boxes import smallest_box
from napari_cpam_stroke.core.editing import Edit, redraw
from napari_cpam_stroke.core.editing.box import pixel_spacing
from napari_cpam_stroke.core.editing.edit import BACKGROUND
from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.prompting.engine import PromptRequest
from napari_cpam_stroke.prompting.kept import KeptLesions
from napari_cpam_stroke.prompting.lesion import HandStrokes, PackedRegion, Place, PromptedLesion, Step, touched
from napari_cpam_stroke.prompting.maps import REGIONS, draw_prompt
from napari_cpam_stroke.prompting.prompt import Prompt
from napari_cpam_stroke.prompting.used import MOST_PROMPTS, PromptsUsed, UsedPrompt

SAME_LESION_MM = 15.0
"""A prompt this near to the lesion made last goes on with it; one farther away begins another."""

BESIDE_MM = 5.0
"""A point or scribble this near to what is drawn already goes on with that: it is the rim that a mask has missed."""


@dataclass(frozen=True, eq=False)
class Asked:
    """A question to an engine, and what its answer will need; nothing has changed yet.

    Attributes
    ----------
    lesion
        Number of the lesion it is about.
    hand
        What stays of a hand's strokes whatever the answer is.
    here
        What was drawn of the class on the slice when it was asked.
    steps
        How many prompts stood when it was asked.
    """

    request: PromptRequest
    lesion: int
    hand: HandStrokes
    here: PackedRegion
    steps: int

    @property
    def place(self) -> Place:
        """Slice and class."""
        return (self.request.slice_index, self.request.lesion_class)


class Sitting:
    """The prompts of one open case.

    Parameters
    ----------
    volume
        The case.
    mask
        uint8 (Z, Y, X), edited in place by others: by a hand, by undo, and by what `take` returns.

    Attributes
    ----------
    kept
        What prompts leave alone.

    Notes
    -----
    Whoever holds the mask says when one of its steps was undone or done again; whether that was a prompt's is read from
    the mask. A prompt that changed nothing is no step of the mask: it goes and comes with the one before.
    """

    def __init__(self, volume: CTVolume, mask: Mask) -> None:
        self.volume, self._mask = volume, mask
        self.kept = KeptLesions(mask)
        self._steps: list[Step] = []
        self._standing = 0
        self._numbers = 0

    @property
    def drew(self) -> bool:
        """Whether any prompt that stands changed the mask."""
        return any(step.edit.voxels for step in self._steps[: self._standing])

    @property
    def lesions(self) -> tuple[PromptedLesion, ...]:
        """Every lesion as the prompts that stand have made it; the one that was prompted last comes last."""
        newest: dict[int, PromptedLesion] = {}
        for step in self._steps[: self._standing]:
            for lesion in step.lesions:
                newest.pop(lesion.number, None)
                newest[lesion.number] = lesion
        return tuple(newest.values())

    def used(self, engine: str) -> PromptsUsed | None:
        """Return the prompts that made part of the mask, for its record; None where none did.

        Parameters
        ----------
        engine
            What answered them, as `PromptsUsed` takes it.
        """
        if not self.drew:
            return None
        given = [UsedPrompt(lesion.place[1], prompt) for lesion in self.lesions for prompt in lesion.prompts]
        return PromptsUsed(engine, tuple(given[-MOST_PROMPTS:]))

    def prompts_on(self, z: int) -> tuple[Prompt, ...]:
        """Return the prompts that stand on a slice."""
        return tuple(prompt for lesion in self.lesions if lesion.place[0] == z for prompt in lesion.prompts)

    def undone(self) -> bool:
        """Follow one step of undo in the mask; return whether it took a prompt back."""
        last = next((n for n in range(self._standing, 0, -1) if self._steps[n - 1].edit.voxels), 0)
        if not last or not self._steps[last - 1].gone(self._mask):
            return False
        self._standing = last - 1
        return True

    def redone(self) -> bool:
        """Follow one step of redo in the mask; return whether a prompt came again."""
        if self._standing == len(self._steps) or not self._steps[self._standing].there(self._mask):
            return False
        self._standing += 1
        while self._standing < len(self._steps) and not self._steps[self._standing].edit.voxels:
            self._standing += 1
        return True

    def ask(self, prompt: Prompt, lesion_class: LesionClass, probabilities: Mask | None = None) -> Asked:
        """Return the question that a prompt means; nothing changes.

        Parameters
        ----------
        probabilities
            uint8 (Y, X) of the slice, as in `PromptRequest`.

        Raises
        ------
        InputError
            For a prompt that takes away where nothing is drawn.
        """
        place = (prompt.slice_index, lesion_class)
        here = self._mask[place[0]] == lesion_class
        covered = draw_prompt(prompt, (here.shape[0], here.shape[1]), pixel_spacing(self.volume))
        under = touched(here, covered)
        lesion = self._meant(place, prompt, covered | under)
        if lesion is not None:
            before, prompts, number = lesion.before.region, (*lesion.prompts, prompt), lesion.number
        elif prompt.adds or under.any():
            before, prompts, number = self._begun(here, prompt, covered, under), (prompt,), self._numbers
        else:
            raise InputError(
                f"There is no {lesion_class.label} to take away there", remedy="point at it, or choose its class first"
            )
        request = PromptRequest(self.volume, *place, prompts, before, probabilities)
        hand = self._hand(place).released(covered, adds=prompt.adds)
        return Asked(request, number, hand, PackedRegion.of(here), self._standing)

    def stands(self, asked: Asked) -> bool:
        """Whether the prompts are still those that a question was asked with."""
        return asked.steps == self._standing

    def drawn(self, asked: Asked, answer: Region) -> Region:
        """Return bool (Y, X): what the class would look like on the slice with an answer."""
        labels = self._mask[asked.place[0]]
        here = labels == asked.place[1]
        hand = self._stayed(asked, here)
        made = (answer | self._others(asked, here) | hand.painted.region) & ~hand.erased.region
        free = ((labels == BACKGROUND) | here) & ~self.kept.on_slice(asked.place[0])
        return np.asarray(np.where(free, made, here))

    def take(self, asked: Asked, answer: Region) -> Edit:
        """Let an answer (Y, X) stand; return the edit that draws it: apply it before anything else is asked."""
        return self.take_all([(asked, answer)])

    def take_all(self, answers: Sequence[tuple[Asked, Region]]) -> Edit:
        """Let answers (Y, X) on several slices stand as one step; each slice and class may come once."""
        slices: dict[int, Mask] = {}
        hands, left, lesions = {}, {}, []
        for asked, answer in answers:
            z, lesion_class = asked.place
            here = self._mask[z] == lesion_class
            made = self.drawn(asked, answer)
            drawn = slices.setdefault(z, self._mask[z].copy())
            drawn[here & ~made], drawn[made & ~here] = BACKGROUND, int(lesion_class)
            hands[asked.place], left[asked.place] = self._stayed(asked, here), PackedRegion.of(made)
            lesions.append(self._made(asked, answer))
        edit = redraw(self._mask, slices)
        if edit.voxels:
            del self._steps[self._standing :]  # as in the mask: what was taken back cannot come again
        self._steps.insert(self._standing, Step(edit, self._mask.reshape(-1)[edit.flat], tuple(lesions), hands, left))
        self._standing += 1
        self._numbers = max([self._numbers, *(lesion.number + 1 for lesion in lesions)])
        return edit

    def carried(self, request: PromptRequest, *, number: int = 0) -> Asked:
        """Return the question for a lesion that comes from a neighbouring slice; `number` tells several apart."""
        place = (request.slice_index, request.lesion_class)
        here = PackedRegion.of(self._mask[place[0]] == place[1])
        return Asked(request, self._numbers + number, self._hand(place), here, self._standing)

    # inside

    def _made(self, asked: Asked, answer: Region) -> PromptedLesion:
        request = asked.request
        before, drawn = PackedRegion.of(request.before), PackedRegion.of(answer)
        return PromptedLesion(asked.lesion, asked.place, before, request.prompts, drawn)

    def _left(self, place: Place) -> Step | None:
        """Return the newest step that stands on a slice and class."""
        return next((step for step in reversed(self._steps[: self._standing]) if place in step.left), None)

    def _hand(self, place: Place) -> HandStrokes:
        here = self._mask[place[0]] == place[1]
        step = self._left(place)
        if step is None:
            return HandStrokes.none(here.shape)
        return step.hands[place].followed(step.left[place].region, here)

    def _stayed(self, asked: Asked, here: Region) -> HandStrokes:
        """Return the strokes of a hand that stay, those drawn while the engine worked among them."""
        return asked.hand.followed(asked.here.region, here)

    def _others(self, asked: Asked, here: Region) -> Region:
        """Return what is drawn of the class beside the lesion, which an answer leaves as it is."""
        own = asked.request.before | self._hand(asked.place).painted.region
        others = np.zeros(here.shape, dtype=bool)
        for lesion in self.lesions:
            if lesion.place == asked.place:
                target = own if lesion.number == asked.lesion else others
                target |= lesion.answer.region
        return np.asarray(here & (others | ~own))

    def _meant(self, place: Place, prompt: Prompt, pointed_at: Region) -> PromptedLesion | None:
        """Return the lesion that a prompt goes on with: the one it points at, else the last one where it is near."""
        ours = [lesion for lesion in reversed(self.lesions) if lesion.place == place]
        hit = next((each for each in ours if (each.answer.region & pointed_at).any()), None)
        drawn = (self._mask[place[0]] == place[1]) & pointed_at
        if hit is not None or not ours or drawn.any():
            return hit
        return ours[0] if self._distance_mm(ours[0], prompt) <= SAME_LESION_MM else None

    def _begun(self, here: Region, prompt: Prompt, covered: Region, under: Region) -> Region:
        """Return what is drawn, bool (Y, X), of the lesion that a first prompt means: under it, or just beside it."""
        if under.any() or not prompt.adds or prompt.kind in REGIONS or not covered.any():
            return under
        reach = np.ceil(BESIDE_MM / np.asarray(pixel_spacing(self.volume))).astype(int)
        box = tuple(
            slice(max(part.start - r, 0), part.stop + r) for part, r in zip(smallest_box(covered), reach, strict=True)
        )
        near = np.zeros(here.shape, dtype=bool)
        near[box] = distance_transform_edt(~covered[box], sampling=pixel_spacing(self.volume)) <= BESIDE_MM
        return touched(here, near)

    def _distance_mm(self, lesion: PromptedLesion, prompt: Prompt) -> float:
        """Return how far a prompt lies from a lesion and the prompts that made it."""
        spacing = np.asarray(pixel_spacing(self.volume))
        places = [np.argwhere(lesion.answer.region), *(np.asarray(each.path) for each in lesion.prompts)]
        distances, _ = KDTree(np.concatenate(places) * spacing).query(np.asarray(prompt.path) * spacing)
        return float(np.min(distances))
