"""A store that a tiny network learns from within seconds, and a model that knows nothing yet."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.bundles import ModelCard, ModelEntry, Registry, save_bundle
from napari_cpam_stroke.config import AttentionConfig, PreprocessConfig, SegmenterConfig
from napari_cpam_stroke.core import Annotation, CTVolume, VolumeGeometry

EDGE, SLICES = 64, 2
BEGINNER = "beginner"
SETTINGS = "epochs=14 optim.lr=0.01 data.workers=0 data.batch_size=6 data.cache=false data.synthetic=false"
"""As they are typed into the Train dock: a training of some seconds."""


def head(number: int, lesion: int | None) -> tuple[np.ndarray, np.ndarray]:
    """HU and mask (Z, Y, X) of an oval head with sulci of its own, for heads that look alike count as one patient's.

    Lesion 1 is a dark disc, 2 a bright one, None nothing.
    """
    rng = np.random.default_rng(number)
    y, x = np.mgrid[:EDGE, :EDGE] - EDGE / 2 + 0.5
    radius = np.hypot(y / 28, x / 24)
    flat = np.where(radius < 0.9, 34, np.where(radius < 1, 900, -1000))
    for cy, cx in rng.uniform(-18, 18, (24, 2)):
        flat[np.hypot(y - cy, x - cx) < rng.uniform(1.0, 2.5)] = 26
    hu, mask = np.repeat(flat[None], SLICES, 0) + rng.normal(0, 2, (SLICES, EDGE, EDGE)), None
    mask = np.zeros(hu.shape, np.uint8)
    if lesion is not None:
        cy, cx = rng.uniform(-10, 10, 2)
        disc = np.hypot(y - cy, x - cx) < 7
        hu[:, disc] = 10 if lesion == 1 else 75
        mask[:, disc] = lesion
    return hu.astype(np.int16), mask


def volume(number: int, hu: np.ndarray) -> CTVolume:
    """A head in a place of its own."""
    z = np.arange(SLICES) * 5.0 + number
    positions = np.stack([np.zeros(SLICES), np.zeros(SLICES), z], axis=1)
    geometry = VolumeGeometry(positions, [1, 0, 0], [0, 1, 0], (3.0, 3.0), np.full(SLICES, 5.0))
    return CTVolume(hu, geometry, case_id=f"head{number:03d}", patient_id=f"patient{number:03d}")


def fill(store: AnnotationStore, numbers: dict[str, int]) -> None:
    """Add references: so many patients in each split, every third one with ischemia, hemorrhage, or neither."""
    number = 100
    for split, patients in numbers.items():
        for kind in range(patients):
            hu, mask = head(number, (1, 2, None)[kind % 3])
            case = store.add_case(volume(number, hu), source="reference", split=split)
            store.save(case.case_id, Annotation.from_mask(mask), author="reference", kind="reference")
            number += 1


def install_beginner(folder: Path) -> ModelEntry:
    """Install a network of a few thousand random weights that marks nearly every pixel, in every case both classes."""
    import torch

    from napari_cpam_stroke.models import build_model

    preprocess = PreprocessConfig(size=32)
    attention = AttentionConfig(token_grid=4, heads=1, width=8)
    network = SegmenterConfig(
        base_width=8, depth=3, attention=attention, in_channels=preprocess.channels, input_size=preprocess.size
    )
    everywhere = {"ischemia": 0.02, "hemorrhage": 0.02}
    made = datetime.now(UTC).isoformat()
    card = ModelCard(BEGINNER, network, preprocess=preprocess, thresholds=everywhere, created=made)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        weights = build_model(network).state_dict()
    save_bundle(folder, card, weights)
    return Registry().install(folder, BEGINNER)
