"""Corrections of a mask as pure functions: each returns an `Edit` and leaves the mask as it is.

Indices are (z, y, x) of the native frames. Edits never touch the other class unless `overwrite` says so.
"""

from napari_cpam_stroke.core.editing.between import fill_between
from napari_cpam_stroke.core.editing.brush import fill_in_range, keep_in_range, paint
from napari_cpam_stroke.core.editing.carry import Midline, copy_slice, find_midline, mirror_component
from napari_cpam_stroke.core.editing.edit import Box, Edit, redraw
from napari_cpam_stroke.core.editing.grow import grow
from napari_cpam_stroke.core.editing.parts import component_voxels, erase_component, remove_islands, swap_class
from napari_cpam_stroke.core.editing.smooth import smooth

__all__ = [
    "Box",
    "Edit",
    "Midline",
    "component_voxels",
    "copy_slice",
    "erase_component",
    "fill_between",
    "fill_in_range",
    "find_midline",
    "grow",
    "keep_in_range",
    "mirror_component",
    "paint",
    "redraw",
    "remove_islands",
    "smooth",
    "swap_class",
]
