"""Which prompts can be meant: those on soft tissue of the head."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_cpam_stroke.config import PreprocessConfig
from napari_cpam_stroke.core.arrays import Region
from napari_cpam_stroke.core.brain import BONE_HU
from napari_cpam_stroke.core.head import locate_head
from napari_cpam_stroke.core.volume import CTVolume
from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.prompting.engine import PromptRequest
from napari_cpam_stroke.prompting.maps import REGIONS, draw_prompt
from napari_cpam_stroke.prompting.prompt import Prompt
from napari_cpam_stroke.prompting.spacing import in_plane_spacing

HALF = 0.5
"""Of the pixels under a point or scribble, more than this share decides what it lies on."""


def admit(request: PromptRequest) -> None:
    """Refuse prompts that cannot be meant.

    Raises
    ------
    InputError
        For no prompt at all, one of another slice, one that lies outside the image or the head, and one that calls
        bone a lesion; one plain sentence with what to do instead.
    """
    if not request.prompts:
        raise InputError("Nothing was pointed at", expected="a point, box, scribble or lasso")
    if request.before.shape != request.volume.shape[1:]:
        raise InputError(
            "The mask so far is not on the slice's pixels",
            got=request.before.shape,
            expected=f"{request.volume.shape[1:]}",
        )
    for prompt in request.prompts:
        _refuse_other_slice(prompt, request.slice_index)
    head = head_of_slice(request.volume, request.slice_index)
    bone = request.volume.hu[request.slice_index] > BONE_HU
    for prompt in request.prompts:
        _refuse_nowhere(prompt, request.volume, head, bone)


def head_of_slice(volume: CTVolume, slice_index: int) -> Region:
    """Return what lies inside the head, bool (Y, X); the whole slice where no head is found."""
    frame: NDArray[np.int16] = volume.hu[slice_index : slice_index + 1]
    head: Region = locate_head(frame, PreprocessConfig(align_midline=False)).head[0]
    return head


def _refuse_other_slice(prompt: Prompt, slice_index: int) -> None:
    if prompt.slice_index != slice_index:
        raise InputError(
            f"This {prompt.kind.value} is on another slice than the one that is asked for",
            got=f"slice {prompt.slice_index}",
            expected=f"slice {slice_index}",
        )


def _refuse_nowhere(prompt: Prompt, volume: CTVolume, head: Region, bone: Region) -> None:
    word, remedy = prompt.kind.value, "point at soft tissue of the head"
    drawn = draw_prompt(prompt, volume.shape[1:], in_plane_spacing(volume))
    if not drawn.any():
        raise InputError(f"This {word} lies outside the image", remedy=remedy)
    if prompt.kind in REGIONS:
        if not (drawn & head).any():
            raise InputError(f"This {word} holds nothing of the head", remedy=remedy)
        if prompt.adds and not (drawn & head & ~bone).any():
            raise InputError(f"This {word} holds nothing but bone", remedy=remedy)
        return
    if head[drawn].mean() < HALF:
        raise InputError(f"This {word} lies outside the head", remedy=remedy)
    if prompt.adds and bone[drawn].mean() > HALF:
        raise InputError(f"This {word} lies on bone", remedy=remedy)
