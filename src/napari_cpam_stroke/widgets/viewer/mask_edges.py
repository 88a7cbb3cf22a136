"""Masks with a double edge, a coloured line and a dark one inside it: one of the two is seen on any grey of the CT."""

from __future__ import annotations

from types import MethodType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_cpam_stroke.core import LesionClass
from napari_cpam_stroke.core.labels import CLASS_COLOURS
from napari_cpam_stroke.widgets.viewer.colours import class_colormap

if TYPE_CHECKING:
    from napari.layers import Labels

DARK, DARK_COLOUR = max(LesionClass) + 1, "#000000"
"""Value on the screen, never in a mask, of the dark inner line."""

FILL_FROM = DARK
"""Added to a class: its inside on the screen, see-through."""

FILLED_LINE, DARK_LINE = 1, 1
"""Widths in voxels: of the coloured line round a filled mask, and of the dark one inside every coloured one."""


def with_edges(labels: NDArray[np.uint8], *, line: int, dark: int, fill: bool) -> NDArray[np.uint8]:
    """Return what is shown of one plane of a mask.

    Parameters
    ----------
    labels
        uint8 (rows, columns); 0 background, 1 ischemia, 2 hemorrhage.
    line, dark
        Width of the coloured line, just inside the outline, and of the dark line inside that, in voxels.
    fill
        Whether what is left inside is shown.

    Returns
    -------
    uint8 of the same shape: 0 nothing, 1 and 2 the coloured lines, `DARK`, `FILL_FROM` + class the inside.
    """
    shown = np.zeros_like(labels)
    for lesion_class, box in zip(LesionClass, ndimage.find_objects(labels, max_label=len(LesionClass)), strict=True):
        if box is None:
            continue
        part = labels[box] == lesion_class
        inner = ndimage.binary_erosion(part, iterations=line)
        inside = ndimage.binary_erosion(inner, iterations=dark) if dark else inner
        values = np.where(inner, DARK, lesion_class)
        values[inside] = FILL_FROM + lesion_class if fill else 0
        shown[box][part] = values[part]
    return shown


def edge_mask(layer: Labels, fill_opacity: float) -> None:
    """Let a Labels layer of a case show its masks with edges, filled where its `contour` is 0, else as outlines.

    napari asks the layer itself for the contour of what it is about to draw, a part of a plane or all of it.
    """

    def contour(_: Labels, labels: NDArray[np.uint8], data_slice: tuple[slice, ...]) -> NDArray[np.uint8] | None:
        if labels.ndim != 2:
            return None
        axial = labels.shape == layer.data.shape[-2:]  # across slices voxels are too coarse for a second line
        line, fill = int(layer.contour) or FILLED_LINE, not layer.contour
        around = line + DARK_LINE
        grown = tuple(slice(max(s.start - around, 0), s.stop + around) for s in data_slice)
        shown = with_edges(labels[grown], line=line if axial else 1, dark=DARK_LINE if axial else 0, fill=fill)
        rows, columns = (slice(s.start - g.start, s.stop - g.start) for s, g in zip(data_slice, grown, strict=True))
        return shown[rows, columns]

    layer._calculate_contour = MethodType(contour, layer)  # noqa: SLF001 - napari names no public way
    layer.opacity = 1.0
    set_fill_opacity(layer, fill_opacity)


def set_fill_opacity(layer: Labels, opacity: float) -> None:
    """Make the inside of filled masks more or less see-through, 0..1; their edges stay as they are."""
    solid = {int(c): CLASS_COLOURS[c.label] for c in LesionClass}
    clear = {FILL_FROM + value: f"{colour}{round(opacity * 255):02x}" for value, colour in solid.items()}
    layer.colormap = class_colormap({**solid, DARK: DARK_COLOUR, **clear})
