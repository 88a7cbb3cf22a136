"""Prompts that readers gave and that were kept: which had to be given again, and which are shown to a network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.random import Generator
from scipy import ndimage

from napari_cpam_stroke.core import CTVolume, LesionClass
from napari_cpam_stroke.core.arrays import Region
from napari_cpam_stroke.prompting import Prompt, PromptsUsed
from napari_cpam_stroke.prompting.maps import draw_prompt
from napari_cpam_stroke.prompting.spacing import in_plane_spacing
from napari_cpam_stroke.prompting.zoom import Zoom, zoom_on

NO_PROMPTS: tuple[tuple[Prompt, ...], tuple[Prompt, ...]] = ((), ())
"""Of ischemia, of hemorrhage."""


def prompts_on(used: PromptsUsed | None, z: int) -> tuple[tuple[Prompt, ...], tuple[Prompt, ...]]:
    """Return a reading's prompts on one slice by class (ischemia, hemorrhage), oldest first."""
    return NO_PROMPTS if used is None else (used.on(z, LesionClass.ISCHEMIA), used.on(z, LesionClass.HEMORRHAGE))


def sent_again(prompts: Sequence[Prompt], drawn: Region) -> int:
    """Return how many prompts of one slice and class were corrections.

    Each connected part that was drawn needed one to begin it. What was added beyond that, and all that was taken away,
    was sent because an answer was wrong.

    Parameters
    ----------
    drawn
        bool (Y, X): the class as it was read.
    """
    adding = sum(prompt.adds for prompt in prompts)
    parts = 0 if not adding else ndimage.label(drawn, structure=np.ones((3, 3)))[1]
    return len(prompts) - min(adding, max(parts, 1))


def first_prompts(prompts: Sequence[Prompt], rng: Generator) -> tuple[Prompt, ...]:
    """Return the first of a reader's prompts, from one up to all; none where they began by taking away."""
    if not prompts or not prompts[0].adds:
        return ()
    return tuple(prompts[: int(rng.integers(1, len(prompts) + 1))])


def zoom_of(prompts: Sequence[Prompt], volume: CTVolume, smallest_mm: float, size: int) -> Zoom:
    """Return the square about prompts, given from nothing, as inference looks at it."""
    shape, spacing = volume.shape[1:], in_plane_spacing(volume)
    pointed_at = np.any([draw_prompt(prompt, shape, spacing) for prompt in prompts], axis=0)
    return zoom_on(pointed_at, np.zeros(shape, bool), spacing_mm=spacing, smallest_mm=smallest_mm, size=size)


def mirrored(prompts: Sequence[Prompt], zoom: Zoom) -> list[Prompt]:
    """Return prompts of a zoom's grid as they lie once its columns are reversed."""
    last = zoom.size - 1
    return [replace(prompt, path=tuple((row, last - column) for row, column in prompt.path)) for prompt in prompts]
