"""What a network that listens to prompts is shown; training and inference call the same functions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from napari_cpam_stroke.config import PreprocessConfig
from napari_cpam_stroke.core.arrays import Floats32, Region
from napari_cpam_stroke.core.labels import LesionClass
from napari_cpam_stroke.core.preprocess import codes_to_hu, hu_to_codes
from napari_cpam_stroke.core.windowing import apply_window
from napari_cpam_stroke.prompting.maps import PromptMaps, draw_maps
from napari_cpam_stroke.prompting.prompt import Prompt
from napari_cpam_stroke.prompting.zoom import Zoom

PROMPT_CHANNELS = ("class", "wanted", "refused", "surrounded", "before")
"""Channels after those of the windows: which class is drawn (0 ischemia, 1 hemorrhage, all over), the maps of the
prompts, and the mask so far."""


def seen_hu(hu: NDArray[np.int16], config: PreprocessConfig) -> Floats32:
    """Return HU of any shape as a network sees them: cut to `clip_hu`, in 256 steps."""
    return codes_to_hu(hu_to_codes(np.asarray(hu, dtype=np.float32), config), config)


def zoomed_hu(hu: Floats32, zoom: Zoom, config: PreprocessConfig) -> Floats32:
    """Return a slice of `seen_hu` (Y, X) on the grid of a square, (size, size)."""
    return zoom.take(hu, outside=config.clip_hu[0])


def network_channels(
    hu: Floats32, maps: PromptMaps, before: Region | Floats32, lesion_class: LesionClass, config: PreprocessConfig
) -> Floats32:
    """Return float32 (C, size, size) in [0, 1]: the windows, then `PROMPT_CHANNELS`.

    Parameters
    ----------
    hu, maps, before
        On the grid, all (size, size).
    """
    windows = [apply_window(hu, window) for window in config.windows]
    kind = np.full(hu.shape, float(lesion_class is LesionClass.HEMORRHAGE))
    return np.stack([*windows, kind, maps.wanted, maps.refused, maps.surrounded, before]).astype(np.float32)


def zoomed_maps(prompts: Sequence[Prompt], zoom: Zoom) -> PromptMaps:
    """Return the maps of prompts of a slice, oldest first, drawn on the grid itself: the coarsest keeps every point."""
    return draw_maps([zoom.onto(prompt) for prompt in prompts], (zoom.size, zoom.size), (zoom.pixel_mm, zoom.pixel_mm))
