"""What true neighbours change, slice by slice, paired."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from cpam_train.evaluation.neighbour_effect import (
    compare_slices,
    has_effect,
    slices_with_neighbour,
    summarise_effects,
)
from napari_cpam_stroke.config import PreprocessConfig
from napari_cpam_stroke.core import Acquisition, Annotation, CTVolume, VolumeGeometry

CONFIG = PreprocessConfig(context_slices=3, context_mm=5.0)


def run(places, *, patient="p"):
    hu = np.zeros((len(places), 10, 10), np.int16)
    return CTVolume(hu, None, f"case-{patient}", patient, acquisition=Acquisition(slice_places_mm=places))


def lesions(slices, on):
    mask = np.zeros((slices, 10, 10), np.uint8)
    mask[on, 2:6, 2:6] = 1
    return mask


def predicted(mask, probability):
    """A prediction that is `probability` within the true lesion and marks `mask`."""
    maps = np.zeros((2, *mask.shape), np.uint8)
    maps[0, :, 2:6, 2:6] = round(probability * 255)
    return SimpleNamespace(mask=mask, probabilities=maps)


def test_only_slices_with_a_true_neighbour_and_a_lesion_count():
    volume = run((0.0, 5.0, 10.0, 40.0))
    annotation = Annotation.from_mask(lesions(4, [1, 3]))
    shifted = np.roll(annotation.mask, 2, axis=2)
    effects = compare_slices(predicted(shifted, 0.4), predicted(annotation.mask, 0.6), annotation, volume, CONFIG)
    (effect,) = effects
    assert effect.probability_change == pytest.approx(-0.2, abs=0.005)
    assert (effect.dice_with, effect.dice_alone) == (0.5, 1.0)
    assert (effect.patient, effect.lesion_class) == ("p", 1)


def test_figures_are_paired_and_by_patient():
    effects = []
    for patient, change in (("a", 0.1), ("b", 0.3)):
        annotation = Annotation.from_mask(lesions(3, [0, 1, 2]))
        found = predicted(annotation.mask, 0.5 + change), predicted(annotation.mask, 0.5)
        effects += compare_slices(*found, annotation, run((0.0, 5.0, 10.0), patient=patient), CONFIG)
    figures = summarise_effects(effects)
    assert set(figures) == {"ischemia"}
    assert figures["ischemia"].probability_change.value == pytest.approx(0.2, abs=0.005)
    assert (figures["ischemia"].probability_change.cases, figures["ischemia"].probability_change.patients) == (6, 2)
    assert figures["ischemia"].dice_change.value == 0
    assert "6 slices of 2 patients" in figures["ischemia"].sentence


@pytest.mark.parametrize(("on", "places", "there"), [([3], (0.0, 5.0, 10.0, 40.0), False), ([0], (0.0, 5.0), True)])
def test_a_case_without_such_a_slice_needs_no_second_prediction(on, places, there):
    assert has_effect(Annotation.from_mask(lesions(len(places), on)), run(places), CONFIG) is there


def test_slices_from_head_to_feet_are_counted_in_their_own_order():
    positions = np.zeros((3, 3))
    positions[:, 2] = [0.0, -5.0, -40.0]
    turned = VolumeGeometry(positions, [1, 0, 0], [0, -1, 0], (1.0, 1.0), np.full(3, 5.0))
    volume = CTVolume(np.zeros((3, 10, 10), np.int16), turned, "case")
    assert turned.display_flips[0]
    assert slices_with_neighbour(volume, CONFIG).tolist() == [True, True, False]
