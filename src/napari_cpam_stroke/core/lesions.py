"""Lesions as a reader counts them: connected regions with a volume in ml and a place in the patient."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_cpam_stroke.core.abc2 import Abc2, abc2_of_runs
from napari_cpam_stroke.core.components import Components, find_components
from napari_cpam_stroke.core.geometry import VolumeGeometry
from napari_cpam_stroke.core.labels import LesionClass
from napari_cpam_stroke.core.volume import CTVolume, require_mask_shape

ABC2_FROM_ML = 0.1
"""Nobody measures smaller lesions by three lengths."""


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
    abc2
        Of a hemorrhage of at least `ABC2_FROM_ML` with geometry; None for any other.
    mean_probability
        Mean over its voxels of the model's probability for its class, 0..1; None where no model ran.
    """

    lesion_class: LesionClass
    volume_ml: float | None
    first_slice: int
    last_slice: int
    centroid_zyx: tuple[float, float, float]
    centroid_lps_mm: tuple[float, float, float] | None
    voxels: int
    mean_probability: float | None = None
    abc2: Abc2 | None = None


@dataclass(frozen=True)
class LesionTable:
    """All lesions of a mask, largest first, and the total per class (None without geometry)."""

    lesions: tuple[Lesion, ...]
    volumes_ml: dict[str, float | None]


def measure_lesions(
    mask: NDArray[np.uint8], volume: CTVolume, *, probabilities: NDArray[np.uint8] | None = None
) -> LesionTable:
    """Measure each connected lesion with what every slice really stands for.

    Parameters
    ----------
    mask
        (Z, Y, X) of the volume's shape; 0 background, 1 ischemia, 2 hemorrhage. Voxels that touch at a corner belong
        together (26 neighbours).
    volume
        Gives slice intervals and positions.
    probabilities
        (2, Z, Y, X), 0..255 for 0..1, of ischemia and hemorrhage; None leaves `Lesion.mean_probability` out.

    Raises
    ------
    GeometryMismatchError
        If the shapes differ.
    """
    require_mask_shape(mask, volume)
    likely = dict(zip(LesionClass, [None, None] if probabilities is None else probabilities, strict=True))
    lesions = [lesion for c in LesionClass for lesion in _lesions_of(mask == c, c, volume, likely[c])]
    lesions.sort(key=lambda lesion: -lesion.voxels)
    return LesionTable(tuple(lesions), {c.label: class_volume_ml(mask, c, volume) for c in LesionClass})


def class_volume_ml(mask: NDArray[np.uint8], lesion_class: LesionClass, volume: CTVolume) -> float | None:
    """Return the total volume of one class of a (Z, Y, X) mask in ml, or None without geometry."""
    if volume.geometry is None:
        return None
    return float(np.count_nonzero(mask == lesion_class, axis=(1, 2)) @ volume.geometry.voxel_volumes_ml)


def _lesions_of(
    region: NDArray[np.bool_], lesion_class: LesionClass, volume: CTVolume, likely: NDArray[np.uint8] | None
) -> list[Lesion]:
    parts = find_components(region)
    row, x_first = np.divmod(parts.start, parts.shape[2])
    z, y = np.divmod(row, parts.shape[1])
    middle = np.stack([z, y, x_first + (parts.length - 1) / 2], axis=1)
    first, last = np.full(parts.count, parts.shape[0]), np.zeros(parts.count, dtype=int)
    np.minimum.at(first, parts.number, z)
    np.maximum.at(last, parts.number, z)
    centroid = _weighted_means(parts, middle)
    geometry = volume.geometry
    lps = None if geometry is None else _weighted_means(parts, geometry.index_to_patient(middle))
    ml = None if geometry is None else parts.sums(parts.length * geometry.voxel_volumes_ml[z])
    mean = None if likely is None else _mean_probabilities(parts, likely)
    abc2 = _abc2_of(parts, ml, geometry) if lesion_class is LesionClass.HEMORRHAGE else {}
    return [
        Lesion(
            lesion_class=lesion_class,
            volume_ml=None if ml is None else float(ml[i]),
            first_slice=int(first[i]),
            last_slice=int(last[i]),
            centroid_zyx=_triple(centroid[i]),
            centroid_lps_mm=None if lps is None else _triple(lps[i]),
            voxels=int(voxels),
            mean_probability=None if mean is None else float(mean[i]),
            abc2=abc2.get(i),
        )
        for i, voxels in enumerate(parts.voxels)
    ]


def _abc2_of(parts: Components, ml: NDArray[np.float64] | None, geometry: VolumeGeometry | None) -> dict[int, Abc2]:
    """Return the ABC/2 of each component that is large enough, by its number."""
    if ml is None or geometry is None:
        return {}
    found = {}
    for i in np.flatnonzero(ml >= ABC2_FROM_ML):
        runs = parts.number == i
        row, start = np.divmod(parts.start[runs], parts.shape[2])
        z, y = np.divmod(row, parts.shape[1])
        found[int(i)] = abc2_of_runs(z, y, start, parts.length[runs], geometry)
    return found


def _mean_probabilities(parts: Components, likely: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return (count,) means, 0..1, of a (Z, Y, X) probability over the voxels of each component."""
    flat = likely.reshape(-1)
    sums = [flat[voxels].sum(dtype=np.int64) for voxels in parts.each(np.ones(parts.count, dtype=bool))]
    return np.asarray(np.asarray(sums, dtype=np.float64) / (255 * parts.voxels))


def _weighted_means(parts: Components, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (count, 3) means over all voxels of each component, from the (R, 3) middle of each run."""
    return np.stack([parts.sums(parts.length * axis) for axis in points.T], axis=1) / parts.voxels[:, None]


def _triple(values: NDArray[np.float64]) -> tuple[float, float, float]:
    return float(values[0]), float(values[1]), float(values[2])
