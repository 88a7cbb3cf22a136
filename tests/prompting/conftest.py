"""A head of one slice with a faint lesion, and what a reader says of it."""

from __future__ import annotations

import numpy as np
import pytest

from napari_cpam_stroke.core import CTVolume, LesionClass, VolumeGeometry
from napari_cpam_stroke.prompting import Prompt, PromptKind, PromptRequest

SPACING = (0.9, 0.9)
SHAPE = (256, 256)
LESION = {"centre": (110, 100), "rows": 22, "columns": 16}


def ellipse(centre: tuple[float, float], rows: float, columns: float) -> np.ndarray:
    y, x = np.ogrid[: SHAPE[0], : SHAPE[1]]
    return ((y - centre[0]) / rows) ** 2 + ((x - centre[1]) / columns) ** 2 <= 1


@pytest.fixture
def lesion() -> np.ndarray:
    return ellipse(**LESION)


@pytest.fixture
def volume(lesion: np.ndarray) -> CTVolume:
    """Brain of 32 HU with 4 HU of noise in a ring of bone; an infarct 8 HU darker."""
    brain, skull = ellipse((128, 128), 95, 85), ellipse((128, 128), 102, 92)
    noise = np.random.default_rng(0).normal(0, 4, SHAPE)
    hu = np.where(brain, 32 - 8 * lesion + noise, np.where(skull, 900, -1000))
    geometry = VolumeGeometry(np.zeros((1, 3)), np.eye(3)[0], np.eye(3)[1], SPACING, np.array([5.0]))
    return CTVolume(hu[None].astype(np.int16), geometry, case_id="head")


def point(row: float, column: float, *, adds: bool = True) -> Prompt:
    return Prompt(PromptKind.POINT, 0, ((row, column),), adds)


def box(top: float, left: float, bottom: float, right: float, *, adds: bool = True) -> Prompt:
    return Prompt(PromptKind.BOX, 0, ((top, left), (bottom, right)), adds)


def scribble(*path: tuple[float, float], adds: bool = True) -> Prompt:
    return Prompt(PromptKind.SCRIBBLE, 0, path, adds)


def lasso(*path: tuple[float, float], adds: bool = True) -> Prompt:
    return Prompt(PromptKind.LASSO, 0, path, adds)


def asked(volume: CTVolume, *prompts: Prompt, before: np.ndarray | None = None, **more: object) -> PromptRequest:
    start = np.zeros(volume.shape[1:], dtype=bool) if before is None else before
    return PromptRequest(volume, 0, more.pop("lesion_class", LesionClass.ISCHEMIA), prompts, start, **more)


def dice(a: np.ndarray, b: np.ndarray) -> float:
    return 2 * float((a & b).sum()) / float(a.sum() + b.sum())
