"""Slices whose features are known, with prompts of simulated readers in the pixels of LiteMedSAM's image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from cpam_train.data.prompted_slices import (
    MOST_PROMPTS,
    PromptedRow,
    ReadSlices,
    pixels_of,
    simulated_reading,
    soft_tissue,
)
from cpam_train.medsam.features import FeatureCache
from cpam_train.medsam.image import image_of, padded, shrunk
from cpam_train.medsam.input import BRAIN, given
from cpam_train.medsam.network import corners_of, marks_of
from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.core.arrays import Region
from napari_cpam_stroke.prompting.spacing import in_plane_spacing

PROMPT_POINTS = 3
"""At most, of one prompt: a simulated reader's scribble has three places."""

MOST_POINTS = PROMPT_POINTS * MOST_PROMPTS


@dataclass(frozen=True, eq=False)
class _Scene:
    """What a slice shows on the network's image, both bool (height, width), and row and column spacing there, mm."""

    truth: Region
    soft: Region
    spacing: tuple[float, float]


class FeaturedDataset(ReadSlices):
    """Slices as features, with the prompts of simulated readers.

    An item holds `image` float32 (C, H, W), the features; `points` float32 (`MOST_POINTS`, 3) and `box` (4,) as
    `Answering` takes them; `mask` uint8 (EDGE, EDGE) 0 and 1, `mask_known` and `slice_label` (1,), `spacing` float32
    (2,) of rows and columns in mm, and `index`.
    """

    kind = "lesion slice"

    def __init__(
        self, store: AnnotationStore, cache: FeatureCache, rows: Sequence[PromptedRow], *, seed: int = 0
    ) -> None:
        super().__init__(rows, seed=seed)
        self._store, self._cache = store, cache

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        asked, rng = self.rows[index], self.luck(index)
        scene = self._scene(asked)
        before, prompts = simulated_reading(scene.truth, scene.soft, scene.spacing, rng)
        points, box = given(tuple(prompts), before, 1.0)
        return {
            "image": self._cache.features(asked),
            "points": marks_of(points, MOST_POINTS),
            "box": corners_of(box),
            "mask": padded(torch.from_numpy(scene.truth.astype(np.uint8))),
            "mask_known": torch.ones(1, dtype=torch.bool),
            "slice_label": torch.ones(1, dtype=torch.int8),
            "spacing": torch.tensor(scene.spacing, dtype=torch.float32),
            "index": torch.tensor(index),
        }

    def _scene(self, asked: PromptedRow) -> _Scene:
        volume, truth = pixels_of(self._store, asked)
        share = shrunk(torch.from_numpy(truth.astype(np.float32))).numpy()
        height, width = share.shape
        grey = image_of(volume.hu[0])[0, 0, :height, :width].numpy()
        rows, columns = in_plane_spacing(volume)
        spacing = (rows * truth.shape[0] / height, columns * truth.shape[1] / width)
        hu = (BRAIN.low + grey * BRAIN.width).astype(np.float32)
        return _Scene(np.asarray(share >= min(0.5, share.max())), soft_tissue(hu), spacing)
