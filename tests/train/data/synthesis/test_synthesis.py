"""Drawn and healed lesions: the mask says where, the HU show it, the rest stays as it was."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import binary_erosion

from cpam_train.data.synthesis import Sample, SynthesisConfig, synthesise
from cpam_train.data.synthesis.brain import find_brain
from cpam_train.data.synthesis.shapes import blob, crescent, wedge
from napari_cpam_stroke.config import PreprocessConfig
from napari_cpam_stroke.core.preprocess import codes_to_hu, hu_to_codes

CONFIG = PreprocessConfig(size=128)
OFF = {"hemorrhage_p": 0.0, "ischemia_p": 0.0, "heal_p": 0.0}


def sample_of(head, *, lesion=0, known=(True, True), context=1, seed=0):
    hu, mask = head(seed, slices=context, lesion=lesion)
    labels = (int(lesion == 1), int(lesion == 2))
    return Sample(hu_to_codes(hu.astype(np.float32), CONFIG), mask[context // 2], known, labels)


def run(sample, seed=0, **chances):
    return synthesise(sample, CONFIG, SynthesisConfig(**(OFF | chances)), np.random.default_rng(seed))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("crescent_share", [0.0, 1.0])
def test_hemorrhage_is_dense_inside_its_mask_and_labelled(head, seed, crescent_share):
    before = sample_of(head)
    after = run(before, seed, hemorrhage_p=1, crescent_share=crescent_share, edema_p=0)
    hu_before, hu_after = codes_to_hu(before.codes, CONFIG)[0], codes_to_hu(after.codes, CONFIG)[0]
    lesion = after.mask == 2
    far = ~np.pad(lesion, 6)[6:-6, 6:-6]
    for _ in range(5):
        far &= np.roll(far, 1, 0) & np.roll(far, -1, 0) & np.roll(far, 1, 1) & np.roll(far, -1, 1)
    assert after.labels == (0, 1)
    assert lesion.sum() >= 25
    core = binary_erosion(lesion)
    assert not core.any() or hu_after[core].mean() > 42
    assert hu_after[lesion].mean() > hu_before[lesion].mean() + 5
    assert np.array_equal(after.codes[0][far], before.codes[0][far])


@pytest.mark.parametrize("seed", range(6))
def test_ischemia_is_darker_and_leaves_fluid_and_bone(head, seed):
    before = sample_of(head)
    after = run(before, seed, ischemia_p=1)
    hu_before, hu_after = codes_to_hu(before.codes, CONFIG)[0], codes_to_hu(after.codes, CONFIG)[0]
    lesion = after.mask == 1
    assert after.labels == (1, 0)
    assert hu_after[lesion].mean() < hu_before[lesion].mean() - 1.5
    assert np.abs(hu_after - hu_before)[hu_before > 90].max() == 0
    assert hu_after[lesion].std() > 1.5  # the slice's own noise is still there


def test_healing_takes_the_lesion_away_and_keeps_the_rest(head):
    before = sample_of(head, lesion=1)
    after = run(before, heal_p=1)
    lesion = before.mask == 1
    hu = codes_to_hu(after.codes, CONFIG)[0]
    assert after.labels == (0, 0)
    assert not after.mask.any()
    assert hu[lesion].mean() == pytest.approx(codes_to_hu(before.codes, CONFIG)[0][:, ::-1][lesion].mean(), abs=2)
    assert np.array_equal(after.codes[0][:, :60], before.codes[0][:, :60])


def test_lesions_on_both_sides_cannot_be_healed(head):
    before = sample_of(head, lesion=1)
    both = Sample(before.codes, np.maximum(before.mask, before.mask[:, ::-1]), before.mask_known, before.labels)
    after = run(both, heal_p=1)
    assert np.array_equal(after.mask, both.mask)
    assert after.labels == (1, 0)


def test_without_an_upright_grid_nothing_is_mirrored(head):
    before = sample_of(head, lesion=1)
    tilted = PreprocessConfig(size=128, align_midline=False)
    after = synthesise(before, tilted, SynthesisConfig(**(OFF | {"heal_p": 1})), np.random.default_rng(0))
    assert after is before


def test_classes_whose_mask_is_not_known_are_not_touched(head):
    before = sample_of(head, known=(False, False))
    assert run(before, hemorrhage_p=1, ischemia_p=1) is before


def test_slices_without_brain_are_left_alone():
    empty = Sample(np.zeros((1, 128, 128), np.uint8), np.zeros((128, 128), np.uint8), (True, True), (0, 0))
    assert run(empty, hemorrhage_p=1, ischemia_p=1) is empty


def test_neighbouring_slices_get_the_same_lesion(head):
    after = run(sample_of(head, context=3), hemorrhage_p=1, crescent_share=0)
    hu = codes_to_hu(after.codes, CONFIG)
    assert all(frame[after.mask == 2].mean() > 44 for frame in hu)


def test_chances_are_kept(head):
    before = sample_of(head)
    drawn = [run(before, seed, hemorrhage_p=0.3).labels[1] for seed in range(120)]
    assert 0.15 < np.mean(drawn) < 0.45


@pytest.mark.parametrize("seed", range(8))
def test_shapes_lie_in_the_brain(head, seed):
    rng = np.random.default_rng(seed)
    brain = find_brain(head(seed)[0][0].astype(np.float32).clip(-20, 100))
    assert brain.mean() > 0.2
    for shape in (blob(brain, rng, share=(0.01, 0.1)), crescent(brain, rng, thickness=(2, 8)), wedge(brain, rng)):
        assert not (shape & ~brain).any()
        assert shape.mean() < 0.3
    columns = np.flatnonzero(wedge(brain, rng).any(axis=0)) - np.argwhere(brain)[:, 1].mean()
    assert (columns > 0).all() or (columns < 0).all()
