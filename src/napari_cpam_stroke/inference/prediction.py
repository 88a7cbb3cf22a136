"""What a model found in one series; thresholds may be changed without running it again. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from napari_cpam_stroke.bundles import ModelIdentity
from napari_cpam_stroke.core.components import find_components
from napari_cpam_stroke.core.labels import CLASS_NAMES, LesionClass
from napari_cpam_stroke.errors import InputError, nearest

Decision = Literal["absent", "refer", "present"]
"""Of one class in a whole series; refer: too near the threshold, a reader must decide."""

PROBABILITY_STEPS = 255
"""Probabilities are kept in 8 bits: 0..255 stands for 0..1."""


@dataclass(frozen=True, eq=False)
class Prediction:
    """Result of one model on one series, on its native frames.

    Attributes
    ----------
    mask
        uint8 (Z, Y, X): 0 background, 1 ischemia, 2 hemorrhage.
    probabilities
        uint8 (2, Z, Y, X), 0..255 for 0..1, classes in the order of `CLASS_NAMES`.
    slice_probabilities
        float32 (Z, 2), calibrated.
    series_probabilities
        Per class: mean of the model card's number of highest slice probabilities.
    thresholds, min_lesion_ml
        Per class, as applied to `mask`.
    series_thresholds, refer_band
        Per class, from the model card: from where on a class counts as present, and where a reader must decide.
    members
        Per class what each network of an ensemble says of the series by itself; empty where one network answered.
    moved_from
        The thresholds of the model, where a reader has moved them since; None where they are as it has them.
    voxel_volumes_ml
        (Z,) volume of a voxel per slice; None without geometry, then no lesion is too small.
    device, precision
        Where it ran, and in which number format.
    """

    mask: NDArray[np.uint8]
    probabilities: NDArray[np.uint8]
    slice_probabilities: NDArray[np.float32]
    series_probabilities: dict[str, float]
    model: ModelIdentity
    device: str
    precision: str
    seconds: float
    thresholds: dict[str, float]
    min_lesion_ml: dict[str, float]
    series_thresholds: dict[str, float]
    refer_band: dict[str, tuple[float, float]] = field(default_factory=dict)
    voxel_volumes_ml: NDArray[np.float64] | None = None
    warnings: tuple[str, ...] = ()
    moved_from: dict[str, float] | None = None
    members: dict[str, tuple[float, ...]] = field(default_factory=dict)

    @property
    def own_thresholds(self) -> dict[str, float]:
        """Per class: the pixel probability that the model itself was validated with."""
        return self.thresholds if self.moved_from is None else self.moved_from

    @property
    def decisions(self) -> dict[str, Decision]:
        """Per class: present, absent, or so close to the threshold that the model refers the case to a reader."""
        return {name: self._decide(name) for name in CLASS_NAMES}

    def with_thresholds(self, thresholds: Mapping[str, float]) -> Prediction:
        """Return the same prediction cut at other pixel probabilities; the model does not run again.

        Raises
        ------
        InputError
            For a class that does not exist or a threshold outside 0..1.
        """
        for name, value in thresholds.items():
            if name not in CLASS_NAMES:
                raise InputError(
                    f"There is no class {name!r}{nearest(name, CLASS_NAMES)}", expected=", ".join(CLASS_NAMES)
                )
            if not 0 <= value <= 1:
                raise InputError(f"The threshold of {name} is a probability", got=value, expected="0 to 1")
        chosen = {**self.thresholds, **thresholds}
        mask = mask_from_probabilities(
            self.probabilities, chosen, min_lesion_ml=self.min_lesion_ml, voxel_volumes_ml=self.voxel_volumes_ml
        )
        return replace(self, mask=mask, thresholds=chosen, moved_from=self.own_thresholds)

    def _decide(self, name: str) -> Decision:
        probability = self.series_probabilities[name]
        if name in self.refer_band and self.refer_band[name][0] <= probability <= self.refer_band[name][1]:
            return "refer"
        return "present" if probability >= self.series_thresholds[name] else "absent"


def mask_from_probabilities(
    probabilities: NDArray[np.uint8],
    thresholds: Mapping[str, float],
    *,
    min_lesion_ml: Mapping[str, float],
    voxel_volumes_ml: NDArray[np.float64] | None,
) -> NDArray[np.uint8]:
    """Return a label mask (Z, Y, X) of (2, Z, Y, X) probabilities.

    A pixel over both thresholds gets the likelier class. Lesions smaller than their class allows are dropped (26
    neighbours, per-slice volumes) where the volume of a voxel is known.
    """
    ischemia, hemorrhage = (_level(thresholds[name]) for name in CLASS_NAMES)
    mask = np.zeros(probabilities.shape[1:], dtype=np.uint8)
    for labels, first, second in zip(mask, *probabilities, strict=True):
        if first.max(initial=0) >= ischemia:
            labels[first >= ischemia] = LesionClass.ISCHEMIA
        if second.max(initial=0) >= hemorrhage:
            labels[(second >= hemorrhage) & ((labels == 0) | (second > first))] = LesionClass.HEMORRHAGE
    if voxel_volumes_ml is not None:
        for lesion_class in LesionClass:
            _drop_small(mask, lesion_class, min_lesion_ml[lesion_class.label], voxel_volumes_ml)
    return mask


def _level(threshold: float) -> int:
    """Return the lowest 8-bit probability that reaches a threshold; a probability of 0 never does."""
    return max(1, int(np.ceil(threshold * PROBABILITY_STEPS - 1e-6)))


def _drop_small(
    mask: NDArray[np.uint8], lesion_class: LesionClass, smallest_ml: float, voxel_volumes_ml: NDArray[np.float64]
) -> None:
    if smallest_ml <= 0:
        return
    lesions = find_components(mask == lesion_class)
    volumes = lesions.sums(lesions.length * voxel_volumes_ml[lesions.run_slices])
    mask.reshape(-1)[lesions.flat_indices(volumes < smallest_ml)] = 0
