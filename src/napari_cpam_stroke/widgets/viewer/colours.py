"""The colours of label values in napari."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_cpam_stroke.core import LesionClass
from napari_cpam_stroke.core.labels import CLASS_COLOURS

if TYPE_CHECKING:
    from napari.utils.colormaps import DirectLabelColormap


def class_colormap(colours: dict[int, str] | None = None) -> DirectLabelColormap:
    """Return napari's colour map for label values; everything else is transparent."""
    from napari.utils.colormaps import DirectLabelColormap

    by_value: dict[int | None, str] = {None: "transparent", 0: "transparent"}
    by_value.update((colours or {int(c): CLASS_COLOURS[c.label] for c in LesionClass}).items())
    return DirectLabelColormap(color_dict=by_value)
