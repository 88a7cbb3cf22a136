"""Native frames to the radiological view and back, by axis flips alone."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from napari_cpam_stroke.core.acquisition import UNKNOWN, Acquisition
from napari_cpam_stroke.core.geometry import VolumeGeometry

Scalar = TypeVar("Scalar", bound=np.generic)


def places_mm(geometry: VolumeGeometry | None, acquisition: Acquisition = UNKNOWN) -> tuple[float, ...]:
    """Return where each slice of the radiological view lies along the stack, mm, ascending; empty where nobody knows.

    Parameters
    ----------
    acquisition
        Asked where there is no geometry.
    """
    if geometry is None:
        return acquisition.slice_places_mm or ()
    along = geometry.distances_mm
    return tuple((-along[::-1] if geometry.display_flips[0] else along).tolist())


def radiological_view(array: NDArray[Scalar], geometry: VolumeGeometry | None) -> NDArray[Scalar]:
    """Return a view with feet first, anterior up and the patient's right on the left.

    Parameters
    ----------
    array
        (..., Z, Y, X) in native or in radiological order: the same flips lead there and back.

    Returns
    -------
    A view of the same memory, so that what is painted in it is painted in the native array.
    """
    if geometry is None:
        return array
    return np.flip(array, tuple(axis - 3 for axis, flip in enumerate(geometry.display_flips) if flip))
