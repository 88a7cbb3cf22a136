"""Paint a lesion into Hounsfield units, keeping the slice's own noise."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from cpam_train.data.synthesis.brain import Image
from cpam_train.data.synthesis.config import SynthesisConfig
from cpam_train.data.synthesis.shapes import smooth_noise
from napari_cpam_stroke.core.arrays import Region

DETAIL_PIXELS = 2.0
"""What is finer than this is noise and stays; what is coarser is tissue and is replaced."""

EDGE_PIXELS = 0.8
"""Partial volume: how softly a lesion meets its surroundings."""

TEXTURE_HU = 3.0
"""Slow variation inside a hemorrhage."""

FLUID_HU, BONE_HU = 14.0, 60.0
"""Ischemia darkens what is between these when smoothed; fluid and bone stay as they are."""

CERTAIN_BONE_HU = 85.0
"""A pixel above this is bone even where the skull is thin; no lesion covers it."""


def draw_hemorrhage(
    hu: Image, lesion: Region, config: SynthesisConfig, rng: np.random.Generator, *, edema: bool
) -> Image:
    """Return HU of (k, S, S) neighbouring slices with a fresh bleed where `lesion` (S, S) is."""
    weight = _soft(lesion)
    level = rng.uniform(*config.hemorrhage_hu) + TEXTURE_HU * smooth_noise(lesion.shape, 8.0, rng)
    rim = _rim(lesion, rng) * rng.uniform(*config.edema_drop_hu) if edema else np.zeros_like(weight)
    changed = np.empty_like(hu)
    for k, frame in enumerate(hu):
        slow = ndimage.gaussian_filter(frame, DETAIL_PIXELS)
        detail = frame - slow
        tissue = np.clip((slow - FLUID_HU) / 6, 0, 1) * (slow < BONE_HU)
        around = frame - rim * tissue
        covered = weight * (frame < CERTAIN_BONE_HU)
        changed[k] = (1 - covered) * around + covered * (level + detail)
    return changed


def draw_ischemia(hu: Image, lesion: Region, config: SynthesisConfig, rng: np.random.Generator) -> Image:
    """Return HU of (k, S, S) neighbouring slices, darker and with less grey-white contrast where `lesion` (S, S) is."""
    weight = _soft(lesion)
    loss = rng.uniform(*config.contrast_loss)
    drop = rng.uniform(*config.ischemia_drop_hu) * (1 + 0.15 * smooth_noise(lesion.shape, 10.0, rng))
    changed = np.empty_like(hu)
    for k, frame in enumerate(hu):
        slow = ndimage.gaussian_filter(frame, DETAIL_PIXELS)
        tissue = lesion & (slow > FLUID_HU) & (slow < BONE_HU)
        mean = float(slow[tissue].mean()) if tissue.any() else 0.0
        target = np.maximum(slow + loss * (mean - slow) - drop, FLUID_HU)
        affected = weight * (slow > FLUID_HU) * (slow < BONE_HU) * (frame < CERTAIN_BONE_HU)
        changed[k] = frame + affected * (np.minimum(target, slow) - slow)
    return changed


def _soft(lesion: Region) -> Image:
    return np.asarray(ndimage.gaussian_filter(lesion.astype(np.float32), EDGE_PIXELS))


def _rim(lesion: Region, rng: np.random.Generator) -> Image:
    width = rng.uniform(2.0, 8.0)
    outside = ndimage.distance_transform_edt(~lesion)
    return np.asarray(np.clip(1 - outside / width, 0, 1) * ~lesion, dtype=np.float32)
