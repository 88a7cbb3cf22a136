"""Lesions as a reader counts them: connected regions with a volume in ml and a place in the patient."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from skimage.measure import label, regionprops

from napari_cpam_stroke.core.labels import LesionClass
from napari_cpam_stroke.core.volume import CTVolume
from napari_cpam_stroke.errors import GeometryMismatchError


@dataclass(frozen=True)
class Lesion:
    """One connected region of one class.

    Attributes
    ----------
    volume_ml
        None where the source gives no geometry.
    first_slice, last_slice
        Index along Z, both included.
    centroid_zyx, centroid_lps_mm
        Centre of the voxels, in indices and (None without geometry) in LPS mm.
    voxels
        Number of voxels.
    """

    lesion_class: LesionClass
    volume_ml: float | None
    first_slice: int
    last_slice: int
    centroid_zyx: tuple[float, float, float]
    centroid_lps_mm: tuple[float, float, float] | None
    voxels: int


@dataclass(frozen=True)
class LesionTable:
    """All lesions of a mask, largest first, and the total per class (None without geometry)."""

    lesions: tuple[Lesion, ...]
    volumes_ml: dict[str, float | None]


def measure_lesions(mask: NDArray[np.uint8], volume: CTVolume) -> LesionTable:
    """Measure each connected lesion with what every slice really stands for.

    Parameters
    ----------
    mask
        (Z, Y, X) of the volume's shape; 0 background, 1 ischemia, 2 hemorrhage. Voxels that touch at a corner belong
        together (26 neighbours).
    volume
        Gives slice intervals and positions.

    Raises
    ------
    GeometryMismatchError
        If the shapes differ.
    """
    if mask.shape != volume.shape:
        raise GeometryMismatchError(
            "The mask has another shape than the series", got=mask.shape, expected=f"{volume.shape}"
        )
    lesions = [lesion for c in LesionClass for lesion in _lesions_of(mask == c, c, volume)]
    lesions.sort(key=lambda lesion: -lesion.voxels)
    return LesionTable(tuple(lesions), {c.label: class_volume_ml(mask, c, volume) for c in LesionClass})


def class_volume_ml(mask: NDArray[np.uint8], lesion_class: LesionClass, volume: CTVolume) -> float | None:
    """Return the total volume of one class in ml, or None without geometry."""
    if volume.geometry is None:
        return None
    return float(np.count_nonzero(mask == lesion_class, axis=(1, 2)) @ volume.geometry.voxel_volumes_ml)


def _lesions_of(region: NDArray[np.bool_], lesion_class: LesionClass, volume: CTVolume) -> list[Lesion]:
    if not region.any():
        return []
    return [_measure(part.coords, lesion_class, volume) for part in regionprops(label(region, connectivity=3))]


def _measure(coords: NDArray[np.int64], lesion_class: LesionClass, volume: CTVolume) -> Lesion:
    centre = coords.mean(axis=0)
    geometry = volume.geometry
    lps = None if geometry is None else tuple(float(v) for v in geometry.index_to_patient(coords).mean(axis=0))
    return Lesion(
        lesion_class=lesion_class,
        volume_ml=None if geometry is None else float(geometry.voxel_volumes_ml[coords[:, 0]].sum()),
        first_slice=int(coords[:, 0].min()),
        last_slice=int(coords[:, 0].max()),
        centroid_zyx=(float(centre[0]), float(centre[1]), float(centre[2])),
        centroid_lps_mm=None if lps is None else (lps[0], lps[1], lps[2]),
        voxels=len(coords),
    )
