"""What LiteMedSAM takes: the window and the size of its image, and prompts in that image's pixels."""

from __future__ import annotations

import numpy as np

from napari_cpam_stroke.config import Architecture, ModelConfig, PreprocessConfig, SegmenterConfig, Window
from napari_cpam_stroke.core.arrays import Region
from napari_cpam_stroke.core.boxes import smallest_box
from napari_cpam_stroke.prompting import Prompt
from napari_cpam_stroke.prompting.maps import REGIONS
from napari_cpam_stroke.prompting.used import thinned

ARCHITECTURE: Architecture = "litemedsam"
"""Its name as `SegmenterConfig.architecture`."""

EDGE = 256
"""Of the image it looks at, in pixels; the longer side of a slice fills it."""

BRAIN = Window(centre=40.0, width=80.0)
"""What brain on CT was shown to it with."""

LOOKED_AT = PreprocessConfig(windows=(BRAIN,), size=EDGE, crop_to_head=False, align_midline=False)
"""The same as settings have it."""

Mark = tuple[float, float, bool]
"""Column and row of a point, and whether it is for the lesion."""

Corners = tuple[float, ...]
"""Of a box: left, top, right, bottom."""


def is_medsam(config: ModelConfig) -> bool:
    """Whether a network's settings name LiteMedSAM."""
    return isinstance(config, SegmenterConfig) and config.architecture == ARCHITECTURE


def given(prompts: tuple[Prompt, ...], so_far: Region, scale: float) -> tuple[list[Mark], Corners | None]:
    """Return prompts as the network takes them, in pixels of its image.

    Parameters
    ----------
    so_far
        bool (Y, X). Its box stands where no prompt says what belongs to the lesion, for the mask itself is no prompt
        that the network was taught with.
    scale
        Pixels of its image for one of the slice.

    Returns
    -------
    Points x, y, and whether they are for the lesion, scribbles thinned to points; and the newest box or lasso for it as
    x, y, x, y.
    """
    points = [
        (_moved(column, scale), _moved(row, scale), prompt.adds)
        for prompt in prompts
        if prompt.kind not in REGIONS
        for row, column in thinned(prompt.path)
    ]
    around = next((prompt.path for prompt in reversed(prompts) if prompt.kind in REGIONS and prompt.adds), None)
    if around is None and so_far.any() and not any(adds for *_, adds in points):
        rows, columns = smallest_box(so_far)
        around = ((rows.start, columns.start), (rows.stop - 1, columns.stop - 1))
    if around is None:
        return points, None
    low, high = np.min(around, axis=0), np.max(around, axis=0)
    return points, tuple(_moved(float(at), scale) for at in (low[1], low[0], high[1], high[0]))


def _moved(place: float, scale: float) -> float:
    """Return a row or column of the slice in its image; a pixel's centre is at whole numbers in both."""
    return (place + 0.5) * scale - 0.5
