"""Small pictures of series, for the list of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from napari_cpam_stroke.config import BRAIN
from napari_cpam_stroke.core import apply_window
from napari_cpam_stroke.core.orientation import radiological_view
from napari_cpam_stroke.dicom import SeriesEntry, read_series
from napari_cpam_stroke.errors import CpamError
from napari_cpam_stroke.progress import Cancelled

THUMBNAIL = 56
"""Longest edge in pixels."""

MOST_THUMBNAILS = 12


def thumbnails(entries: Sequence[SeriesEntry], cancelled: Cancelled) -> dict[str, NDArray[np.uint8]]:
    """Return uint8 (Y, X) pictures of the middle slices, by series key; series that cannot be read have none."""
    found = {}
    for entry in entries[:MOST_THUMBNAILS]:
        if entry.verdict != "refused" and entry.frames and not cancelled():
            try:
                found[entry.key] = _thumbnail(entry)
            except CpamError:
                continue
    return found


def _thumbnail(entry: SeriesEntry) -> NDArray[np.uint8]:
    middle = len(entry.frames) // 2
    geometry = entry.geometry
    if geometry is not None:
        here = slice(middle, middle + 1)
        geometry = replace(geometry, positions_mm=geometry.positions_mm[here], thickness_mm=geometry.thickness_mm[here])
    volume = read_series(replace(entry, frames=entry.frames[middle : middle + 1], slices=1, geometry=geometry))
    shown = radiological_view(volume.hu, entry.geometry)[0]
    step = max(1, max(shown.shape) // THUMBNAIL)
    return (apply_window(shown[::step, ::step], BRAIN) * 255).astype(np.uint8)
