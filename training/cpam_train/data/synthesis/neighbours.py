"""The slices above and below: repeated, drawn or real, by chance: having neighbours must not tell the source.

Single slices and whole series come from different sources with different classes. A network that is shown real
neighbours from one source only would know the class from them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cpam_train.data.synthesis.brain import Image
from cpam_train.data.synthesis.config import SynthesisConfig
from cpam_train.data.synthesis.shapes import smooth_noise
from napari_cpam_stroke.config import PreprocessConfig
from napari_cpam_stroke.core.preprocess import codes_to_hu, hu_to_codes

Codes = NDArray[np.uint8]

TISSUE_HU = (0.0, 80.0)
"""Noise is measured, and added, between these: skull and air are clipped and show none."""

NOISE_PIXELS = 1.0
"""What is finer than this is noise."""

NORMAL_QUARTILE = 0.3186
"""A quarter of normal noise of unit standard deviation is nearer to 0 than this."""

LOST_SHARE = 0.75
"""Bilinear resampling halves the variance of noise, about; this much of it is put back."""

BEND_PIXELS = 24.0
"""How wide the bumps of the displacement are."""


def show_neighbours(
    codes: Codes, preprocess: PreprocessConfig, config: SynthesisConfig, rng: np.random.Generator
) -> Codes:
    """Return a slice and its context with the context repeated, drawn, or as it is, in either order.

    Parameters
    ----------
    codes
        uint8 (k, S, S), the slice in the middle. One without context of its own comes as k times itself, and is never
        taken as it is.
    """
    chance = rng.random()
    middle = codes[len(codes) // 2]
    if chance < config.repeat_context_p:
        return np.repeat(middle[None], len(codes), axis=0)
    if chance < config.repeat_context_p + config.draw_context_p or (codes == middle).all():
        return hu_to_codes(draw_neighbours(codes_to_hu(middle, preprocess), len(codes), config, rng), preprocess)
    return codes[:: rng.choice((-1, 1))]


def draw_neighbours(hu: Image, count: int, config: SynthesisConfig, rng: np.random.Generator) -> Image:
    """Return HU (count, S, S): the slice (S, S) in the middle; one way the head grows, the other way it shrinks.

    Each step also bends the slice smoothly and gives it noise of its own.
    """
    growth = 1 + rng.uniform(*config.neighbour_growth) * rng.choice((-1, 1))
    steps = range(-(count // 2), count // 2 + 1)
    return np.stack([_moved(hu, growth**step, config, rng) if step else hu for step in steps])


def _moved(hu: Image, zoom: float, config: SynthesisConfig, rng: np.random.Generator) -> Image:
    edge = hu.shape[0]
    reach = rng.uniform(*config.neighbour_bend) * edge
    centre = (edge - 1) / 2
    bend = np.stack([smooth_noise(hu.shape, BEND_PIXELS, rng) for _ in range(2)])
    places = (np.indices(hu.shape) - centre) / zoom + centre + reach * bend
    moved: Image = ndimage.map_coordinates(hu, places, order=1, mode="nearest")
    tissue = (moved > TISSUE_HU[0]) & (moved < TISSUE_HU[1])
    return np.asarray(moved + tissue * rng.normal(0, _noise_hu(hu), hu.shape), dtype=np.float32)


def _noise_hu(hu: Image) -> float:
    """Return the standard deviation in HU of the noise that resampling takes away.

    It is measured where the slice is smoothest, so that outlines do not count.
    """
    fine = np.abs(hu - ndimage.gaussian_filter(hu, NOISE_PIXELS))[(hu > TISSUE_HU[0]) & (hu < TISSUE_HU[1])]
    return LOST_SHARE * float(np.quantile(fine, 0.25)) / NORMAL_QUARTILE if fine.size else 0.0
