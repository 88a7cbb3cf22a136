"""Synthetic heads and a small store of them, for everything the trainer does with data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.core import Annotation, CTVolume

HeadMaker = Callable[..., tuple[NDArray[np.int16], NDArray[np.uint8]]]


def make_head(
    seed: int = 0, *, slices: int = 1, size: int = 128, lesion: int = 0
) -> tuple[NDArray[np.int16], NDArray[np.uint8]]:
    """Return HU and mask of a noisy head with its own sulci; `lesion` 0 none, 1 ischemia, 2 hemorrhage."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size] / size - 0.5
    radius = np.hypot(x / rng.uniform(0.28, 0.34), y / rng.uniform(0.34, 0.40))
    hu = np.full((slices, size, size), -1000.0)
    hu[:, radius < rng.uniform(1.06, 1.13)] = 900
    hu[:, radius < 1] = 34
    for cy, cx in rng.uniform(-0.25, 0.25, (16, 2)):
        hu[:, (np.hypot(x - cx, y - cy) < rng.uniform(0.02, 0.05)) & (radius < 0.9)] = 8
    hu[:, radius < 1] += rng.normal(0, 3, (slices, int((radius < 1).sum())))
    mask = np.zeros((slices, size, size), dtype=np.uint8)
    if lesion:
        place = np.hypot(x - 0.17, y) < 0.08
        mask[:, place] = lesion
        hu[:, place] += -12 if lesion == 1 else 35
    return hu.astype(np.int16), mask


@pytest.fixture
def head() -> HeadMaker:
    """Makes synthetic heads."""
    return make_head


@pytest.fixture
def store(tmp_path: Path) -> Iterator[AnnotationStore]:
    """An empty store."""
    with AnnotationStore.open(tmp_path / "store") as opened:
        yield opened


@pytest.fixture(scope="session")
def filled_store(tmp_path_factory: pytest.TempPathFactory) -> AnnotationStore:
    """Ten patients of two sources; do not write into it."""
    opened = AnnotationStore.open(tmp_path_factory.mktemp("filled") / "store")
    for number in range(10):
        source = "dicom" if number < 6 else "jpeg"
        slices = 1 if source == "dicom" else 3
        hu, mask = make_head(number, slices=slices, lesion=1 if source == "dicom" else 2 * (number % 2))
        name = f"{source}-{number}"
        opened.add_case(CTVolume(hu, None, name, patient_id=name), source=source)
        opened.save(name, Annotation.from_mask(mask), author="test", kind="reference")
    opened.assign_splits((0.6, 0.2, 0.2))
    return opened
