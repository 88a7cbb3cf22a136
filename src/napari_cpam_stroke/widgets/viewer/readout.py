"""What lies under the mouse and which slice is shown, in words."""

from __future__ import annotations

from collections.abc import Sequence

from napari_cpam_stroke.core import LesionClass
from napari_cpam_stroke.core.slice_number import slice_number
from napari_cpam_stroke.widgets.viewer.layers import CaseLayers
from napari_cpam_stroke.widgets.viewer.orientation import PLANES


def voxel_words(layers: CaseLayers, world: Sequence[float]) -> str:
    """Return HU, position and masks under a world position (..., z, y, x); empty outside the series."""
    index = layers.index_at(world)
    if index is None:
        return ""
    volume = layers.volume
    parts = [f"HU {volume.hu[index]}"]
    if volume.geometry is not None:
        x, y, z = volume.geometry.index_to_patient([index])[0]
        parts.append(f"LPS {x:.1f} {y:.1f} {z:.1f} mm")
    marks = []
    label = int(layers.reading_mask[index])
    if label:
        marks.append(f"reading: {LesionClass(label).label}")
    if layers.ai.visible:
        ai = int(layers.turned(layers.ai.data)[index])
        marks.append(f"AI: {LesionClass(ai).label}" if ai else "AI: none")
    return "\n".join("   ".join(line) for line in (parts, marks) if line)


def place_words(layers: CaseLayers, plane: str, point: Sequence[float]) -> str:
    """Return which slice is shown; in another plane than the axial one, which row or column.

    Parameters
    ----------
    point
        World position (..., z, y, x) of the crossing point of the planes.
    """
    if plane != "axial":
        axis = PLANES[plane][0]
        here = round(float(layers.original.world_to_data(point[-3:])[axis])) + 1
        return f"{plane} {here}/{layers.volume.shape[axis]}"
    z, count = layers.slice_index, layers.volume.shape[0]
    geometry = layers.volume.geometry
    step = f", {geometry.slice_interval_mm[z]:.1f} mm" if geometry is not None else ""
    end = " from the feet" if geometry is not None and geometry.axial else ""
    return f"slice {slice_number(z, count, geometry)}/{count}{end}{step}"
