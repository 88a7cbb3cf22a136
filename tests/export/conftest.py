"""A small head with drawn findings, as a model and as a reader would have it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_cpam_stroke.bundles import ModelIdentity, per_class
from napari_cpam_stroke.core import CTVolume, NoticeCode, VolumeGeometry
from napari_cpam_stroke.core.notice import info, warning
from napari_cpam_stroke.export import CaseResult
from napari_cpam_stroke.inference import Prediction

SHAPE = (6, 40, 32)
NOTICES = (warning(NoticeCode.SLICES_MISSING, "A slice is <missing>."), info(NoticeCode.KERNEL, "Kernel soft."))


@pytest.fixture
def volume() -> CTVolume:
    """Prone, so that native and radiological order differ; steps of 4 and 8 mm; pixels 1.0 x 0.5 mm."""
    along = np.array([0.0, 4, 8, 16, 24, 28])
    positions = np.array([10.0, 20.0, -5.0]) + along[:, None] * np.array([0.0, 0.0, 1.0])
    geometry = VolumeGeometry(positions, np.r_[-1.0, 0, 0], np.r_[0, -1.0, 0], (1.0, 0.5), np.full(6, 4.0))
    hu = np.random.default_rng(0).normal(35, 3, SHAPE).astype(np.int16)
    return CTVolume(hu, geometry, case_id="0123456789ab", notices=NOTICES)


@pytest.fixture
def mask() -> np.ndarray:
    mask = np.zeros(SHAPE, np.uint8)
    mask[1:4, 10:20, 4:12] = 1
    mask[3, 30:34, 20:26] = 2
    return mask


@pytest.fixture
def prediction(volume: CTVolume, mask: np.ndarray) -> Prediction:
    slices = np.linspace(0.05, 0.95, 12, dtype=np.float32).reshape(6, 2)
    return Prediction(
        mask=mask,
        probabilities=np.zeros((2, *SHAPE), np.uint8),
        slice_probabilities=slices,
        series_probabilities={"ischemia": 0.81234, "hemorrhage": 0.5},
        model=ModelIdentity("tiny", "2.0", "ab" * 32),
        device="cpu",
        precision="float32",
        seconds=1.23456,
        thresholds={"ischemia": 0.4, "hemorrhage": 0.6},
        min_lesion_ml=per_class(0.0),
        series_thresholds=per_class(0.5),
        refer_band={"hemorrhage": (0.4, 0.6)},
        voxel_volumes_ml=volume.geometry.voxel_volumes_ml,
        warnings=("Memory ran out: one slice at a time.",),
    )


@pytest.fixture
def result(volume: CTVolume, prediction: Prediction) -> CaseResult:
    return CaseResult.of_prediction(volume, prediction)


@pytest.fixture
def bare(volume: CTVolume, mask: np.ndarray) -> CaseResult:
    """Drawn by a reader on a series without geometry; no model ran."""
    return CaseResult(replace(volume, geometry=None), mask, "MANUAL", author="Reader <1>")
