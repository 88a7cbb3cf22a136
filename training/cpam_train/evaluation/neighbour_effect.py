"""What true neighbours are worth: the same lesion slices shown with them and alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cpam_train.data.neighbour_odds import true_sides
from cpam_train.metrics.bootstrap import Estimate, estimate, mean_of
from cpam_train.metrics.counts import count, dice
from napari_cpam_stroke.config import PreprocessConfig
from napari_cpam_stroke.core import Annotation, CTVolume, LesionClass
from napari_cpam_stroke.core.orientation import places_mm
from napari_cpam_stroke.core.preprocess import context_rows

PROBABILITY_STEPS = 255
"""Probabilities are kept in 8 bits."""


class Mapped(Protocol):
    """What is compared of a prediction."""

    @property
    def mask(self) -> NDArray[np.uint8]:
        """(Z, Y, X) labels."""

    @property
    def probabilities(self) -> NDArray[np.uint8]:
        """(2, Z, Y, X), 0..255 for 0..1."""


@dataclass(frozen=True)
class SliceEffect:
    """One class on one slice that holds it and has a true neighbour.

    Attributes
    ----------
    probability_change
        Mean over the lesion's pixels, with neighbours minus alone, -1..1.
    dice_with, dice_alone
        0..1.
    """

    patient: str
    lesion_class: LesionClass
    probability_change: float
    dice_with: float
    dice_alone: float


@dataclass(frozen=True)
class NeighbourEffect:
    """Means over slices, with intervals over patients.

    Attributes
    ----------
    dice_change
        Paired, with neighbours minus alone.
    """

    probability_change: Estimate
    dice_change: Estimate
    dice_with: Estimate
    dice_alone: Estimate

    @property
    def sentence(self) -> str:
        """The figures as one line for a person."""
        found = self.dice_change
        return (
            f"true neighbours shown on {found.cases} slices of {found.patients} patients: probability within lesions "
            f"{self.probability_change}, Dice {self.dice_with} with them, {self.dice_alone} alone, paired difference "
            f"{self.dice_change}"
        )


def slices_with_neighbour(volume: CTVolume, config: PreprocessConfig) -> NDArray[np.bool_]:
    """Return bool (Z,), native order: where the network is shown another slice than the one it judges."""
    count_of, places = volume.shape[0], places_mm(volume.geometry, volume.acquisition)
    shown = [any(true_sides(row)) for row in context_rows(count_of, config, range(count_of), places)]
    turned = volume.geometry is not None and volume.geometry.display_flips[0]
    return np.array(shown[::-1] if turned else shown, dtype=bool)


def has_effect(annotation: Annotation, volume: CTVolume, config: PreprocessConfig) -> bool:
    """Return whether some slice of a case has a true neighbour and an outlined lesion."""
    return any(lesions.any() for _, lesions in _lesion_slices(annotation, volume, config))


def compare_slices(
    with_neighbours: Mapped, alone: Mapped, annotation: Annotation, volume: CTVolume, config: PreprocessConfig
) -> list[SliceEffect]:
    """Return the effect on every slice of a case that has a true neighbour and an outlined lesion."""
    effects = []
    patient = volume.patient_id or volume.case_id
    for lesion_class, slices in _lesion_slices(annotation, volume, config):
        for z in np.flatnonzero(slices):
            inside = annotation.mask[z] == lesion_class
            first, second = (p.probabilities[lesion_class - 1, z][inside].mean() for p in (with_neighbours, alone))
            scores = [float(dice(count(p.mask[z] == lesion_class, inside))) for p in (with_neighbours, alone)]
            effects.append(SliceEffect(patient, lesion_class, float(first - second) / PROBABILITY_STEPS, *scores))
    return effects


def _lesion_slices(
    annotation: Annotation, volume: CTVolume, config: PreprocessConfig
) -> Iterator[tuple[LesionClass, NDArray[np.bool_]]]:
    """Yield each class and bool (Z,): outlined there, beside a true neighbour."""
    near = slices_with_neighbour(volume, config)
    for lesion_class in LesionClass:
        present = (annotation.mask == lesion_class).any(axis=(1, 2))
        yield lesion_class, near & annotation.mask_known[:, lesion_class - 1] & present


def summarise_effects(effects: Sequence[SliceEffect]) -> dict[str, NeighbourEffect]:
    """Return the figures of each class that occurs."""
    found = {}
    for lesion_class in LesionClass:
        own = [effect for effect in effects if effect.lesion_class == lesion_class]
        if own:
            found[lesion_class.label] = _effect(own)
    return found


def _effect(own: Sequence[SliceEffect]) -> NeighbourEffect:
    patients = [effect.patient for effect in own]
    changes, shown, alone = (
        np.array([getattr(effect, name) for effect in own])
        for name in ("probability_change", "dice_with", "dice_alone")
    )
    return NeighbourEffect(*(estimate(mean_of(v), patients) for v in (changes, shown - alone, shown, alone)))
