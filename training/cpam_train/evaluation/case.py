"""One case judged: prediction against annotation, only where the annotation says something."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cpam_train.metrics.counts import Counts, count, stacked
from cpam_train.metrics.lesionwise import LesionCounts, count_lesions
from cpam_train.metrics.reliability import Reliability, reliability
from cpam_train.metrics.surface import SurfaceDistance, surface_distance
from napari_cpam_stroke.core import Annotation, CTVolume, LesionClass


class Predicted(Protocol):
    """What is judged of a prediction."""

    @property
    def mask(self) -> NDArray[np.uint8]:
        """(Z, Y, X) labels."""

    @property
    def probabilities(self) -> NDArray[np.uint8]:
        """(2, Z, Y, X), 0..255 for 0..1, of ischemia and hemorrhage."""

    @property
    def slice_probabilities(self) -> NDArray[np.float32]:
        """(Z, 2), 0..1, columns ischemia and hemorrhage."""

    @property
    def series_probabilities(self) -> dict[str, float]:
        """Of the whole series, 0..1, by class."""


@dataclass(frozen=True, eq=False)
class MaskResult:
    """Masks of one class compared on the slices where the reference is known.

    Attributes
    ----------
    pixels
        Counts as scalars.
    slice_pixels
        The same of each slice where the reference is known, (n,).
    reliability
        Of the probabilities of pixels on the same slices.
    surface
        None without reference or without known pixel spacing.
    reference_ml, predicted_ml
        None where the source tells no voxel volume.
    """

    pixels: Counts
    slice_pixels: Counts
    lesions: LesionCounts
    reliability: Reliability
    surface: SurfaceDistance | None
    reference_ml: float | None
    predicted_ml: float | None

    @property
    def has_reference(self) -> bool:
        """Whether the reference holds the class at all."""
        return bool(self.pixels.tp + self.pixels.fn > 0)


@dataclass(frozen=True, eq=False)
class ClassResult:
    """One class of one case.

    Attributes
    ----------
    mask
        None where no slice has a known mask, or the model draws none.
    label
        Of the whole case: -1 unknown, 0 absent, 1 present.
    all_labels, all_probabilities
        (Z,) of every slice; labels -1 where unknown, probabilities 0..1.
    """

    case_id: str
    patient_id: str
    source: str
    thickness_mm: float | None
    scanner: str | None
    lesion_class: LesionClass
    mask: MaskResult | None
    label: int
    probability: float
    all_labels: NDArray[np.int8]
    all_probabilities: NDArray[np.float64]

    @property
    def slice_labels(self) -> NDArray[np.int8]:
        """(n,) labels, 0 or 1, of the slices where they are known."""
        return self.all_labels[self.all_labels >= 0]

    @property
    def slice_probabilities(self) -> NDArray[np.float64]:
        """(n,) probabilities, 0..1, of the same slices."""
        return self.all_probabilities[self.all_labels >= 0]


def judge_case(
    prediction: Predicted, annotation: Annotation, volume: CTVolume, *, source: str, masks: bool = True
) -> tuple[ClassResult, ...]:
    """Return one result per class.

    Parameters
    ----------
    masks
        False for a classifier, which draws none.
    """
    return tuple(
        _judge(lesion_class, prediction, annotation, volume, source=source, masks=masks) for lesion_class in LesionClass
    )


def voxel_volumes_ml(volume: CTVolume) -> NDArray[np.float64] | None:
    """Return (Z,) ml of a voxel, from positions or from what the source tells of single slices; None if neither."""
    if volume.geometry is not None:
        return volume.geometry.voxel_volumes_ml
    spacing, thickness = volume.acquisition.pixel_spacing_mm, volume.acquisition.slice_thickness_mm
    if spacing is None or thickness is None:
        return None
    return np.full(volume.shape[0], spacing[0] * spacing[1] * thickness / 1000)


def thickness_mm(volume: CTVolume) -> float | None:
    """Return the median slice thickness, None where nothing tells it."""
    if volume.geometry is not None:
        return float(np.median(volume.geometry.thickness_mm))
    return volume.acquisition.slice_thickness_mm


def _judge(
    lesion_class: LesionClass,
    prediction: Predicted,
    annotation: Annotation,
    volume: CTVolume,
    *,
    source: str,
    masks: bool,
) -> ClassResult:
    k = lesion_class - 1
    known = annotation.mask_known[:, k]
    return ClassResult(
        case_id=volume.case_id,
        patient_id=volume.patient_id or volume.case_id,
        source=source,
        thickness_mm=thickness_mm(volume),
        scanner=volume.acquisition.scanner,
        lesion_class=lesion_class,
        mask=_compare(prediction, annotation, lesion_class, volume) if masks and known.any() else None,
        label=int(annotation.series_labels[k]),
        probability=float(prediction.series_probabilities[lesion_class.label]),
        all_labels=annotation.slice_labels[:, k],
        all_probabilities=prediction.slice_probabilities[:, k].astype(np.float64),
    )


def _compare(prediction: Predicted, annotation: Annotation, lesion_class: LesionClass, volume: CTVolume) -> MaskResult:
    known = annotation.mask_known[:, lesion_class - 1]
    predicted, reference = (
        (mask == lesion_class) & known[:, None, None] for mask in (prediction.mask, annotation.mask)
    )
    voxels = voxel_volumes_ml(volume)
    slices = stacked(count(p, r) for p, r in zip(predicted[known], reference[known], strict=True))
    return MaskResult(
        pixels=slices.pooled(),
        slice_pixels=slices,
        lesions=count_lesions(predicted, reference),
        reliability=reliability(prediction.probabilities[lesion_class - 1][known], reference[known]),
        surface=_surface(predicted, reference, volume),
        reference_ml=None if voxels is None else float(reference.sum(axis=(1, 2)) @ voxels),
        predicted_ml=None if voxels is None else float(predicted.sum(axis=(1, 2)) @ voxels),
    )


def _surface(predicted: NDArray[np.bool_], reference: NDArray[np.bool_], volume: CTVolume) -> SurfaceDistance | None:
    """Compare outlines in space, or in the plane for a single slice; steps between slices count as their median."""
    if volume.shape[0] == 1:
        spacing = (volume.geometry or volume.acquisition).pixel_spacing_mm
        return None if spacing is None else surface_distance(predicted[0], reference[0], spacing)
    if volume.geometry is None:
        return None
    step = float(np.median(volume.geometry.slice_interval_mm))
    return surface_distance(predicted, reference, (step, *volume.geometry.pixel_spacing_mm))
