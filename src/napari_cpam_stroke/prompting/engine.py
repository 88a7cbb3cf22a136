"""What answers prompts: given a slice and what a reader pointed at, the lesion meant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from napari_cpam_stroke.core import CTVolume, LesionClass
from napari_cpam_stroke.core.arrays import Mask, Region
from napari_cpam_stroke.prompting.prompt import Prompt


@dataclass(frozen=True, eq=False)
class PromptRequest:
    """What is asked for one slice and one class.

    Attributes
    ----------
    volume
        The whole series; engines may look at the slices beside it.
    slice_index
        Index on the slice axis of the volume, from 0.
    lesion_class
        The class that is drawn.
    prompts
        All prompts of this slice, oldest first; at least one.
    before
        bool (Y, X): the mask of the class before the first prompt, itself a prompt; all False where there was none.
    probabilities
        uint8 (Y, X), 0 to 255 for 0 to 1: what a model without prompts says of the class; None where none was run.
    """

    volume: CTVolume
    slice_index: int
    lesion_class: LesionClass
    prompts: tuple[Prompt, ...]
    before: Region
    probabilities: Mask | None = None


class PromptEngine(Protocol):
    """A way to answer prompts; one instance serves one window, any thread, one request at a time."""

    @property
    def name(self) -> str:
        """What a person calls it, such as "random walker"; stored with what it drew."""
        ...

    def prepare(self, volume: CTVolume, slice_index: int) -> None:
        """Compute ahead what does not depend on prompts, so that the first answer is as fast as the tenth."""
        ...

    def answer(self, request: PromptRequest) -> Region:
        """Return the lesion meant, bool (Y, X) of the slice.

        Raises
        ------
        InputError
            For a prompt that cannot be meant (outside the image or the head), with what to do instead.
        """
        ...
