"""What every engine's answer keeps to, whatever it thinks: the reader's own marks, and what was not pointed at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy import ndimage

from napari_cpam_stroke.core.arrays import Region
from napari_cpam_stroke.prompting.admission import admit
from napari_cpam_stroke.prompting.engine import PromptRequest
from napari_cpam_stroke.prompting.maps import REGIONS, draw_maps, draw_prompt
from napari_cpam_stroke.prompting.prompt import Prompt
from napari_cpam_stroke.prompting.spacing import in_plane_spacing
from napari_cpam_stroke.prompting.zoom import Zoom, zoom_on

Draw = Callable[[PromptRequest, Region, Zoom], Region]
"""An engine's own part: takes the request, the mask so far and the square to look at; gives bool (Y, X)."""

TOUCHING = np.ones((3, 3), dtype=bool)
"""Pixels touch at an edge or a corner."""


def settle(
    request: PromptRequest, draw: Draw, *, earlier: Callable[[PromptRequest], Region], smallest_mm: float, size: int
) -> Region:
    """Return an engine's answer, bool (Y, X), made to keep to what the reader said.

    The newest prompt changes what it means and nothing else. A point or scribble for adds what is connected with it and
    one against takes away likewise; a box or lasso for is drawn anew inside, one against is emptied. After that every
    point and scribble for is inside and every one against outside; of two that contradict each other the newer counts.

    Parameters
    ----------
    draw
        Not asked where all there is to do is to take away what a box or lasso holds.
    earlier
        Gives the answer to the same request with fewer prompts, at least one.
    smallest_mm, size
        Of the square that is looked at (`zoom_on`).

    Raises
    ------
    InputError
        For prompts that cannot be meant (`admission.admit`).
    """
    admit(request)
    spacing, newest, older = in_plane_spacing(request.volume), request.prompts[-1], request.prompts[:-1]
    maps = draw_maps(request.prompts, request.before.shape, spacing)
    so_far = earlier(replace(request, prompts=older)) if older else request.before
    answer = so_far
    if newest.adds or newest.kind not in REGIONS:
        shown = maps.wanted | maps.unwanted | maps.surrounded
        zoom = zoom_on(shown, so_far, spacing_mm=spacing, smallest_mm=smallest_mm, size=size)
        drawn = np.where(zoom.covers(answer.shape), draw(request, so_far, zoom), so_far)
        meant = draw_prompt(newest, request.before.shape, spacing)
        answer = _changed(so_far, drawn, newest, meant)
    return np.asarray((answer | maps.wanted) & ~maps.refused)


def _changed(so_far: Region, drawn: Region, newest: Prompt, meant: Region) -> Region:
    """Return the mask so far with what the newest prompt, which covers `meant`, changes in it; all bool (Y, X)."""
    if newest.kind in REGIONS:
        return np.where(meant, drawn, so_far)
    if newest.adds:
        return np.asarray(so_far | _connected((drawn | meant) & ~so_far, meant))
    return np.asarray(so_far & ~_connected(so_far & (~drawn | meant), meant))


def _connected(change: Region, meant: Region) -> Region:
    """Return the parts of a change that touch what is meant."""
    parts, _ = ndimage.label(change, structure=TOUCHING)
    touched = np.unique(parts[ndimage.binary_dilation(meant, structure=TOUCHING) & change])
    return np.isin(parts, touched[touched > 0])
