"""What prompts have made on one slice: a lesion, the prompts that made it, and what a hand did to it between them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_cpam_stroke.core import LesionClass
from napari_cpam_stroke.core.arrays import Mask, Region
from napari_cpam_stroke.core.editing import Edit
from napari_cpam_stroke.prompting.prompt import Prompt

EIGHT = np.ones((3, 3), dtype=bool)
"""Pixels touch at an edge or a corner, as in the components of a mask."""

Place = tuple[int, LesionClass]
"""A slice and a class: what is drawn of it there is one picture."""


@dataclass(frozen=True, eq=False)
class PackedRegion:
    """A bool (Y, X) region in an eighth of its memory: one is kept for every prompt."""

    bits: NDArray[np.uint8]
    shape: tuple[int, int]

    @classmethod
    def of(cls, region: Region) -> PackedRegion:
        """Pack a region (Y, X)."""
        rows, columns = region.shape
        return cls(np.packbits(region), (rows, columns))

    @property
    def region(self) -> Region:
        """It as it was, bool (Y, X)."""
        count = self.shape[0] * self.shape[1]
        return np.unpackbits(self.bits, count=count).astype(bool).reshape(self.shape)


@dataclass(frozen=True, eq=False)
class PromptedLesion:
    """One lesion on one slice.

    Attributes
    ----------
    number
        Tells it from others of the case.
    before
        What was drawn of it before its first prompt.
    prompts
        Oldest first.
    answer
        What an engine answered to them.
    """

    number: int
    place: Place
    before: PackedRegion
    prompts: tuple[Prompt, ...]
    answer: PackedRegion


@dataclass(frozen=True, eq=False)
class HandStrokes:
    """What a hand painted and erased since the first prompt: it stays, until a later prompt points at it."""

    painted: PackedRegion
    erased: PackedRegion

    @classmethod
    def none(cls, shape: tuple[int, int]) -> HandStrokes:
        """Return no strokes on a slice (Y, X)."""
        empty = PackedRegion.of(np.zeros(shape, dtype=bool))
        return cls(empty, empty)

    def followed(self, left: Region, drawn: Region) -> HandStrokes:
        """Take in what makes the difference between what the last prompt left and what is drawn now, both (Y, X)."""
        painted, erased = drawn & ~left, left & ~drawn
        return HandStrokes(
            PackedRegion.of((self.painted.region | painted) & ~erased),
            PackedRegion.of((self.erased.region | erased) & ~painted),
        )

    def released(self, covered: Region, *, adds: bool) -> HandStrokes:
        """Let go of the strokes that a prompt points at, bool (Y, X): it says the opposite of them."""
        if adds:
            return HandStrokes(self.painted, PackedRegion.of(without_touched(self.erased.region, covered)))
        return HandStrokes(PackedRegion.of(without_touched(self.painted.region, covered)), self.erased)


@dataclass(frozen=True, eq=False)
class Step:
    """One step of undo that prompts made.

    Attributes
    ----------
    edit
        What it changed in the mask.
    was
        uint8 (N,): the labels before, in the order of the edit.
    lesions
        What it made: one, or one for each slice of a lesion carried over several.
    hands, left
        By slice and class: the strokes of a hand so far, and what was drawn there afterwards.
    """

    edit: Edit
    was: Mask
    lesions: tuple[PromptedLesion, ...]
    hands: dict[Place, HandStrokes] = field(default_factory=dict)
    left: dict[Place, PackedRegion] = field(default_factory=dict)

    def gone(self, mask: Mask) -> bool:
        """Whether none of it is left in a (Z, Y, X) mask; never for a step that changed nothing."""
        return bool(self.edit.voxels) and np.array_equal(mask.reshape(-1)[self.edit.flat], self.was)

    def there(self, mask: Mask) -> bool:
        """Whether all of it is in a (Z, Y, X) mask; always for a step that changed nothing."""
        return np.array_equal(mask.reshape(-1)[self.edit.flat], self.edit.values)


def touched(region: Region, covered: Region) -> Region:
    """Return the connected parts of a (Y, X) region that `covered` meets."""
    if not (region & covered).any():
        return np.zeros(region.shape, dtype=bool)
    parts, _ = ndimage.label(region, structure=EIGHT)
    return np.isin(parts, np.unique(parts[region & covered])) & region


def without_touched(region: Region, covered: Region) -> Region:
    """Return a (Y, X) region without the connected parts that `covered` meets."""
    return np.asarray(region & ~touched(region, covered))
