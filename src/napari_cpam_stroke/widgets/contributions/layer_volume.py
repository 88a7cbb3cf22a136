"""A napari layer as a CT volume: that of the open case where it is one, else what values and scale of the layer say."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_cpam_stroke.core import CTVolume, VolumeGeometry
from napari_cpam_stroke.core.hounsfield_check import hounsfield_doubts, value_notices
from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.widgets.reading.session import session_with
from napari_cpam_stroke.widgets.viewer.three_layers import CASE

if TYPE_CHECKING:
    from napari.layers import Image, Layer

INSIST = "check the rescaling, or insist with hounsfield=True"
INT16 = np.iinfo(np.int16)


def volume_of(image: Image) -> CTVolume:
    """Return an image layer as a series.

    Parameters
    ----------
    image
        (Z, Y, X) or (Y, X) in HU as they are displayed: feet first, front up, the patient's right on the left. A layer
        of an open case stands for its series, on the native frames.

    Raises
    ------
    InputError
        For colours, other dimensions, and values that no int16 holds.
    """
    session = session_with(str(image.metadata.get(CASE, "")))
    if session is not None and session.review is not None:
        return session.review.volume
    hu = _hounsfield_units(image)
    geometry = geometry_of(image, len(hu))
    return CTVolume(hu, geometry, case_id="layer", notices=tuple(value_notices(hu, geometry)))


def require_hounsfield(volume: CTVolume, layer: str, *, insist: bool) -> None:
    """Refuse values that do not look like Hounsfield units of a head, unless the user insists.

    Raises
    ------
    InputError
        With the reason and how to insist.
    """
    doubts = hounsfield_doubts(volume.notices)
    if doubts and not insist:
        why = " ".join(doubt.sentence for doubt in doubts).rstrip(".")
        raise InputError(f"Layer {layer!r}: {why}", remedy=INSIST)


def geometry_of(layer: Layer, slices: int) -> VolumeGeometry | None:
    """Return an even stack with the spacing of a layer; None where its scale says nothing."""
    spacing = spacing_mm(layer)
    if spacing is None:
        return None
    z, y, x = spacing
    positions = np.zeros((slices, 3))
    positions[:, 2] = np.arange(slices) * z
    return VolumeGeometry(positions, np.array([1.0, 0, 0]), np.array([0, 1.0, 0]), (y, x), np.full(slices, z))


def spacing_mm(layer: Layer) -> tuple[float, float, float] | None:
    """Return the step along (z, y, x) of a layer in mm; None for a picture, and where units and scale say nothing.

    A scale without units is taken as mm unless it is 1 everywhere, which is what napari gives a layer of which nothing
    is known.

    Raises
    ------
    InputError
        Where an affine matrix turns or stretches the layer besides its scale.
    """
    if layer.ndim != 3:
        return None
    if not np.allclose(layer.affine.affine_matrix, np.eye(layer.ndim + 1)):
        raise InputError(f"Layer {layer.name!r} is placed by an affine matrix", expected="a scale in mm")
    z, y, x = (abs(float(step)) for step in layer.scale)
    mm = [_mm_in(unit) for unit in layer.units]
    if None in mm:
        return None if z == y == x == 1 else (z, y, x)
    return z * (mm[0] or 0), y * (mm[1] or 0), x * (mm[2] or 0)


def _mm_in(unit: Any) -> float | None:
    """Return the millimetres of one of napari's units (pint) of length; None for pixels and all else."""
    return float((1 * unit).to("mm").magnitude) if unit.is_compatible_with("mm") else None


def _hounsfield_units(image: Image) -> NDArray[np.int16]:
    data = np.asarray(image.data[0] if image.multiscale else image.data)
    if image.rgb or data.ndim not in (2, 3):
        raise InputError(
            f"Layer {image.name!r} is no CT", got=f"shape {data.shape}", expected="grey values (Z, Y, X) or (Y, X)"
        )
    low, high = float(data.min()), float(data.max())
    if not (low >= INT16.min and high <= INT16.max):
        raise InputError(
            f"Layer {image.name!r} holds no Hounsfield units", got=f"{low:g} to {high:g}", expected="int16 in HU"
        )
    return np.ascontiguousarray(np.rint(data).astype(np.int16).reshape((-1, *data.shape[-2:])))


def with_geometry(volume: CTVolume, layer: Layer) -> CTVolume:
    """Return a volume with the spacing of another layer on the same grid, where its own says nothing."""
    return volume if volume.geometry is not None else replace(volume, geometry=geometry_of(layer, len(volume.hu)))
