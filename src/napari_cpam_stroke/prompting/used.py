"""Which prompts made a reading: kept with it, and shown again to a network that is to learn from them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from napari_cpam_stroke.core.labels import LesionClass
from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.prompting.prompt import Prompt

MOST_PROMPTS = 1000
"""Of a reading; nobody gives so many, and a store must not grow with what a program sends."""

MOST_PLACES = 64
"""Of one prompt; a longer line is thinned evenly, its ends kept."""

ENGINE_LENGTH = 80
JOIN = ", "


@dataclass(frozen=True)
class UsedPrompt:
    """One prompt that stayed in a reading, and the class it was for."""

    lesion_class: LesionClass
    prompt: Prompt


@dataclass(frozen=True)
class PromptsUsed:
    """The prompts behind a reading, oldest first; what was taken back is not among them.

    Attributes
    ----------
    engine
        What answered them, by `PromptEngine.name`; several, where a reader changed it, joined by a comma.

    Raises
    ------
    InputError
        For more prompts than `MOST_PROMPTS`, or an engine's name longer than `ENGINE_LENGTH`.
    """

    engine: str
    prompts: tuple[UsedPrompt, ...]

    def __post_init__(self) -> None:
        if len(self.prompts) > MOST_PROMPTS:
            raise InputError(
                "A reading holds too many prompts", got=len(self.prompts), expected=f"at most {MOST_PROMPTS}"
            )
        if len(self.engine) > ENGINE_LENGTH:
            raise InputError(
                "The name of what answered the prompts is too long",
                got=f"{len(self.engine)} characters",
                expected=f"at most {ENGINE_LENGTH}",
            )

    @property
    def counts(self) -> dict[str, int]:
        """How many of each kind, by its word."""
        return dict(Counter(used.prompt.kind.value for used in self.prompts))

    def on(self, slice_index: int, lesion_class: LesionClass) -> tuple[Prompt, ...]:
        """Return the prompts of one slice and class, oldest first."""
        return tuple(
            used.prompt
            for used in self.prompts
            if used.lesion_class is lesion_class and used.prompt.slice_index == slice_index
        )


def joined(*several: PromptsUsed | None) -> PromptsUsed | None:
    """Return the prompts of several sittings as those of one reading, the newest `MOST_PROMPTS`; None without any."""
    known = [used for used in several if used is not None]
    if not known:
        return None
    engines = dict.fromkeys(name for used in known for name in used.engine.split(JOIN))
    prompts = tuple(prompt for used in known for prompt in used.prompts)
    return PromptsUsed(JOIN.join(engines)[:ENGINE_LENGTH], prompts[-MOST_PROMPTS:])


def thinned(path: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
    """Return at most `MOST_PLACES` of a prompt's places, to a tenth of a pixel."""
    kept = np.unique(np.linspace(0, len(path) - 1, min(len(path), MOST_PLACES)).round().astype(int))
    return tuple((round(path[i][0], 1), round(path[i][1], 1)) for i in kept)
