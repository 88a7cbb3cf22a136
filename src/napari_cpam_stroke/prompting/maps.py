"""Prompts as maps on the native pixels of their slice; where two contradict each other, the newer one counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from skimage.draw import line, polygon2mask

from napari_cpam_stroke.core.arrays import Floats, Region
from napari_cpam_stroke.prompting.prompt import Prompt, PromptKind

MARK_RADIUS_MM = 1.5
"""A point, or a scribble's line, stands for the tissue so far around it: a hand is no more precise."""

REGIONS = frozenset({PromptKind.BOX, PromptKind.LASSO})
"""Prompts that surround what they mean; the others lie on it."""


@dataclass(frozen=True, eq=False)
class PromptMaps:
    """What the prompts of one slice say of its pixels, all bool (Y, X); no pixel is both wanted and turned down.

    Attributes
    ----------
    wanted, unwanted
        Under points and scribbles for and against.
    surrounded
        In a box or lasso for: what is meant lies in here.
    removed
        In a box or lasso against: nothing in here is meant.
    """

    wanted: Region
    unwanted: Region
    surrounded: Region
    removed: Region

    @property
    def refused(self) -> Region:
        """Bool (Y, X): where nothing is meant, whoever says so."""
        return np.asarray(self.unwanted | self.removed)


def draw_maps(prompts: Sequence[Prompt], shape_yx: tuple[int, int], spacing_mm: tuple[float, float]) -> PromptMaps:
    """Return the maps of all prompts of one slice.

    Parameters
    ----------
    prompts
        Oldest first.
    spacing_mm
        Distance between rows, then between columns.
    """
    wanted, unwanted, surrounded, removed = (np.zeros(shape_yx, dtype=bool) for _ in range(4))
    for prompt in prompts:
        drawn = draw_prompt(prompt, shape_yx, spacing_mm)
        mine = _map_of(prompt, wanted, unwanted, surrounded, removed)
        if prompt.adds:
            unwanted &= ~drawn
            removed &= ~drawn
        else:
            wanted &= ~drawn
            surrounded &= ~drawn
        mine |= drawn
    return PromptMaps(wanted, unwanted, surrounded, removed)


def draw_prompt(prompt: Prompt, shape_yx: tuple[int, int], spacing_mm: tuple[float, float]) -> Region:
    """Return the pixels of a slice that one prompt covers, bool (Y, X); what lies beyond the slice is left out."""
    path = np.asarray(prompt.path, dtype=np.float64)
    if prompt.kind is PromptKind.BOX:
        low, high = path.min(axis=0), path.max(axis=0)
        path = np.array([low, (low[0], high[1]), high, (high[0], low[1])])
    if prompt.kind in REGIONS:
        return _enclosed(path, shape_yx)
    return _near(path, shape_yx, spacing_mm)


def _map_of(prompt: Prompt, wanted: Region, unwanted: Region, surrounded: Region, removed: Region) -> Region:
    if prompt.kind in REGIONS:
        return surrounded if prompt.adds else removed
    return wanted if prompt.adds else unwanted


def _enclosed(path: Floats, shape_yx: tuple[int, int]) -> Region:
    """Return what an outline encloses and what it runs over, so that the thinnest box still holds a pixel."""
    inside: Region = polygon2mask(shape_yx, path)
    _trace(inside, np.vstack([path, path[:1]]))
    return inside


def _near(path: Floats, shape_yx: tuple[int, int], spacing_mm: tuple[float, float]) -> Region:
    on_line = np.zeros(shape_yx, dtype=bool)
    _trace(on_line, path)
    if not on_line.any():
        return on_line
    reach = np.ceil(MARK_RADIUS_MM / np.asarray(spacing_mm)).astype(int)
    rows, columns = np.nonzero(on_line)
    part = (
        slice(max(rows.min() - reach[0], 0), rows.max() + reach[0] + 1),
        slice(max(columns.min() - reach[1], 0), columns.max() + reach[1] + 1),
    )
    on_line[part] = ndimage.distance_transform_edt(~on_line[part], sampling=spacing_mm) <= MARK_RADIUS_MM
    return on_line


def _trace(target: Region, path: Floats) -> None:
    """Mark the pixels a line runs over, as far as it lies in the slice."""
    corners = np.rint(path).astype(int)
    for start, end in zip(corners, corners[1:] if len(corners) > 1 else corners, strict=False):
        rows, columns = line(*start, *end)
        here = (rows >= 0) & (rows < target.shape[0]) & (columns >= 0) & (columns < target.shape[1])
        target[rows[here], columns[here]] = True
