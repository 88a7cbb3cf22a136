"""How large a pixel is, also where the source does not say: a reader points at tissue and not at pixels."""

from __future__ import annotations

from napari_cpam_stroke.core.volume import CTVolume

USUAL_FIELD_MM = 230.0
"""Width of the field of view of most head CT; taken where the source gives no spacing. Nothing is measured by it."""


def in_plane_spacing(volume: CTVolume) -> tuple[float, float]:
    """Return mm between rows, then between columns: of the positions, else of the header, else of a usual head CT."""
    if volume.geometry is not None:
        return volume.geometry.pixel_spacing_mm
    if volume.acquisition.pixel_spacing_mm is not None:
        return volume.acquisition.pixel_spacing_mm
    edge = USUAL_FIELD_MM / max(volume.shape[1:])
    return edge, edge
