"""Measure a volume against the analytic truth: where landmarks land, how many ml, which HU."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from hazard_suite.base import PHANTOM, Truth
from scipy import ndimage

from napari_cpam_stroke.core import CTVolume, LesionClass, VolumeGeometry, measure_lesions
from napari_cpam_stroke.samples.phantom import PLAIN_BRAIN_HU

HU_WINDOW = 60
NEAREST_MM = 1.5


@dataclass(frozen=True)
class Measured:
    landmark_mm: float
    """Largest distance of a landmark or lesion from where it analytically is."""
    excess_mm: float
    """The same beyond what the sampling itself causes: the distance found on the truth's own planes."""
    ml_error: float
    """Largest relative error of a lesion's volume."""


def measure(volume: CTVolume, truth: Truth) -> Measured:
    places, masks = locate(volume.hu, volume.geometry)
    ideal = _ideal(truth)
    errors, excesses = [], []
    for name, exact in PHANTOM.truth_lps_mm.items():
        if name not in ideal:
            continue
        error = float(np.linalg.norm(places[name] - np.array(exact))) if name in places else np.inf
        errors.append(error)
        excesses.append(error - float(np.linalg.norm(ideal[name] - np.array(exact))))
    table = measure_lesions(masks, volume)
    volumes = [table.volumes_ml[c] / ml - 1 for c, ml in PHANTOM.truth_ml.items()]
    return Measured(max(errors), max(excesses), float(np.abs(volumes).max()))


@lru_cache(maxsize=64)
def _ideal(truth: Truth) -> dict[str, np.ndarray]:
    return locate(truth.hu, truth.geometry)[0]


def locate(hu: np.ndarray, geometry: VolumeGeometry) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return the centre (LPS mm) of each body that is found by its HU, and a mask of the two lesions."""
    bodies = {lesion.lesion_class.label: lesion.hu for lesion in PHANTOM.lesions}
    bodies |= {name: value for name, (_, value) in PHANTOM.landmarks.items()}
    mask = np.zeros(hu.shape, np.uint8)
    found = {}
    for name, value in bodies.items():
        inside = _body(hu, value)
        if inside is None:
            continue
        index = np.argwhere(inside)
        weight = geometry.slice_interval_mm[index[:, 0]]
        found[name] = np.average(geometry.index_to_patient(index), axis=0, weights=weight)
        if name in ("ischemia", "hemorrhage"):
            mask[inside] = LesionClass[name.upper()]
    return found, mask


def _body(hu: np.ndarray, value: float) -> np.ndarray | None:
    """Return the connected region around half the contrast to brain whose typical HU is `value`."""
    middle = (value + PLAIN_BRAIN_HU) / 2
    labels, _ = ndimage.label(hu > middle if value > PLAIN_BRAIN_HU else hu < middle)
    best, off = 0, float(HU_WINDOW)
    sizes = np.bincount(labels.ravel())
    for number, box in enumerate(ndimage.find_objects(labels), start=1):
        if sizes[number] > 20:
            typical = np.median(hu[box][labels[box] == number])
            if abs(typical - value) < off:
                best, off = number, abs(typical - value)
    return labels == best if best else None


def largest_hu_error(volume: CTVolume, truth: Truth) -> float:
    """Return the largest difference of any pixel, slices matched by the place where they were scanned."""
    order = np.argsort(truth.geometry.positions_mm @ truth.geometry.normal)
    if volume.shape != truth.hu.shape:
        return np.inf
    return float(np.abs(volume.hu.astype(int) - truth.hu[order]).max())
