"""A small case with geometry, a store for it, and a prediction that needs no network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from napari_cpam_stroke.annotations import AnnotationStore, ModelRecord
from napari_cpam_stroke.core import CTVolume, VolumeGeometry
from napari_cpam_stroke.review import CaseReview

SHAPE = (8, 16, 14)


@dataclass(frozen=True)
class FakePrediction:
    mask: np.ndarray
    model: ModelRecord
    series_probabilities: dict[str, float]


@pytest.fixture
def volume() -> CTVolume:
    rng = np.random.default_rng(0)
    z = SHAPE[0]
    positions = np.c_[np.zeros(z), np.zeros(z), np.cumsum(rng.uniform(1, 8, z))]
    geometry = VolumeGeometry(positions, np.eye(3)[0], np.eye(3)[1], (0.5, 0.4), np.full(z, 5.0))
    return CTVolume(rng.integers(-1000, 1000, SHAPE, dtype=np.int16), geometry, "case", "patient")


@pytest.fixture
def store(tmp_path) -> AnnotationStore:
    with AnnotationStore.open(tmp_path / "store") as opened:
        yield opened


@pytest.fixture
def review(volume, store) -> CaseReview:
    return CaseReview(volume, store=store, author="Ada")


@pytest.fixture
def prediction() -> Callable[..., FakePrediction]:
    """A prediction of a class on some slices."""

    def make(*slices: int, label: int = 1, name: str = "default") -> FakePrediction:
        mask = np.zeros(SHAPE, np.uint8)
        for z in slices:
            mask[z, 4:8, 4:8] = label
        return FakePrediction(mask, ModelRecord(name, "1.0", "ab" * 32), {"ischemia": 0.8, "hemorrhage": 0.1})

    return make


@pytest.fixture
def draw() -> Callable[..., None]:
    """Paint as a view does: into the array, then tell the review."""

    def paint(review: CaseReview, z: int, label: int = 1, *, rows: slice = slice(0, 2)) -> None:
        review.reading[z, rows, 0:3] = label
        review.touch([z])

    return paint


@pytest.fixture
def heard() -> Callable[[CaseReview], list[tuple[str, object]]]:
    """Note every signal of a review."""

    def listen(review: CaseReview) -> list[tuple[str, object]]:
        log: list[tuple[str, object]] = []
        review.changed_mask.connect(lambda slices: log.append(("mask", slices)))
        review.changed_labels.connect(lambda: log.append(("labels", None)))
        review.changed_prediction.connect(lambda: log.append(("prediction", None)))
        review.changed_statement.connect(lambda: log.append(("statement", None)))
        review.dirty_changed.connect(lambda dirty: log.append(("dirty", dirty)))
        review.saved.connect(lambda revision: log.append(("saved", revision.number)))
        return log

    return listen
