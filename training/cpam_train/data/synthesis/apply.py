"""Decide by chance what happens to one training slice, and do it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cpam_train.data.synthesis.brain import find_brain
from cpam_train.data.synthesis.config import SynthesisConfig
from cpam_train.data.synthesis.draw import draw_hemorrhage, draw_ischemia
from cpam_train.data.synthesis.mirror import heal
from cpam_train.data.synthesis.shapes import blob, crescent, wedge
from napari_cpam_stroke.config import PreprocessConfig
from napari_cpam_stroke.core import LesionClass
from napari_cpam_stroke.core.annotation import ABSENT, PRESENT
from napari_cpam_stroke.core.arrays import Region
from napari_cpam_stroke.core.preprocess import codes_to_hu, hu_to_codes

MIN_PIXELS = 25
"""A drawn lesion smaller than this is not drawn at all."""

BLOB_SHARE = (0.004, 0.12)
"""Area of a bleed inside the brain as a share of the brain."""

LACUNE_SHARE = (0.003, 0.03)
"""Area of a small deep ischemia."""

CRESCENT_SHARE = (0.02, 0.07)
"""Widest point of a bleed along the skull as a share of the image edge."""

WEDGE_P = 0.7
"""Share of drawn ischemias that are territories; the rest are small and deep."""


@dataclass(frozen=True, eq=False)
class Sample:
    """One training slice on the network's grid.

    Attributes
    ----------
    codes
        uint8 (k, S, S): the slice and its context, before windows.
    mask
        uint8 (S, S) of the slice.
    mask_known, labels
        Per class (ischemia, hemorrhage).
    """

    codes: NDArray[np.uint8]
    mask: NDArray[np.uint8]
    mask_known: tuple[bool, bool]
    labels: tuple[int, int]


def synthesise(
    sample: Sample, preprocess: PreprocessConfig, config: SynthesisConfig, rng: np.random.Generator
) -> Sample:
    """Return the sample, perhaps with its ischemia mirrored away, or a lesion drawn in.

    Only classes whose mask is known are touched, so that nothing is claimed about the others.
    """
    chances = rng.random(3)
    healing = (
        preprocess.align_midline and sample.labels[0] == PRESENT and sample.mask_known[0] and chances[0] < config.heal_p
    )
    ischemia = sample.labels[0] == ABSENT and sample.mask_known[0] and chances[1] < config.ischemia_p
    hemorrhage = sample.labels[1] == ABSENT and sample.mask_known[1] and chances[2] < config.hemorrhage_p
    if not (healing or ischemia or hemorrhage):
        return sample
    hu = codes_to_hu(sample.codes, preprocess)
    brain = find_brain(hu[len(hu) // 2])
    if not brain.any():
        return sample
    if healing:
        hu, sample = _healed(hu, sample, brain)
    if ischemia:
        shape = wedge(brain, rng) if rng.random() < WEDGE_P else blob(brain, rng, share=LACUNE_SHARE)
        if shape.sum() >= MIN_PIXELS:
            hu = draw_ischemia(hu, shape, config, rng)
            sample = _marked(sample, shape, LesionClass.ISCHEMIA)
    if hemorrhage:
        hu, sample = _bled(hu, sample, brain, config, rng)
    return replace(sample, codes=hu_to_codes(hu, preprocess))


def _healed(hu: NDArray[np.float32], sample: Sample, brain: Region) -> tuple[NDArray[np.float32], Sample]:
    healthy = heal(hu, sample.mask == LesionClass.ISCHEMIA, brain)
    if healthy is None:
        return hu, sample
    mask = np.where(sample.mask == LesionClass.ISCHEMIA, np.uint8(0), sample.mask)
    return healthy, replace(sample, mask=mask, labels=(ABSENT, sample.labels[1]))


def _bled(
    hu: NDArray[np.float32], sample: Sample, brain: Region, config: SynthesisConfig, rng: np.random.Generator
) -> tuple[NDArray[np.float32], Sample]:
    along_skull = bool(rng.random() < config.crescent_share)
    if along_skull:
        edge = brain.shape[0]
        shape = crescent(brain, rng, thickness=(CRESCENT_SHARE[0] * edge, CRESCENT_SHARE[1] * edge))
    else:
        shape = blob(brain, rng, share=BLOB_SHARE)
    if shape.sum() < MIN_PIXELS:
        return hu, sample
    edema = not along_skull and bool(rng.random() < config.edema_p)
    return draw_hemorrhage(hu, shape, config, rng, edema=edema), _marked(sample, shape, LesionClass.HEMORRHAGE)


def _marked(sample: Sample, shape: Region, kind: LesionClass) -> Sample:
    labels = list(sample.labels)
    labels[kind - 1] = PRESENT
    return replace(sample, mask=np.where(shape, np.uint8(kind), sample.mask), labels=(labels[0], labels[1]))
