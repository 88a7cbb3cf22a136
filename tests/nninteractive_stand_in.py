"""A package with nnInteractive's interface: its session draws what it is given, and keeps a diary."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from napari_cpam_stroke.inference.nninteractive import SESSION, WEIGHTS_MARK, WEIGHTS_VARIABLE


class Session:
    """As its README has it: an image (1, x, y, z), a buffer (x, y, z), interactions that each answer into it."""

    def __init__(self, device: Any, *, torch_n_threads: int, do_autozoom: bool) -> None:
        self.device, self.diary, self.target_buffer = device, [], None

    def initialize_from_trained_model_folder(self, folder: str) -> None:
        if not (Path(folder) / "fold_0").is_dir():
            raise FileNotFoundError(f"no fold in {folder}")

    def set_image(self, image: np.ndarray) -> None:
        assert image.ndim == 4
        assert image.dtype == np.float32
        self.image = image
        self.diary.append("image")

    def set_target_buffer(self, target: Any) -> None:
        assert tuple(target.shape) == self.image.shape[1:]
        self.target_buffer = target

    def reset_interactions(self) -> None:
        self.target_buffer[:] = 0
        self.diary.append("reset")

    def add_initial_seg_interaction(self, initial_seg: np.ndarray, run_prediction: bool = False) -> None:
        assert initial_seg.shape == self.image.shape[1:]
        self._draw(initial_seg > 0, True)
        self.diary.append("initial")

    def add_point_interaction(self, coordinates: tuple[int, int, int], include_interaction: bool) -> None:
        places = np.ogrid[tuple(slice(0, size) for size in self.image.shape[1:])]
        near = sum((axis - at) ** 2 for axis, at in zip(places, coordinates, strict=True)) <= 36
        self._draw(near, include_interaction)
        self.diary.append(("point", coordinates, include_interaction))

    def add_bbox_interaction(self, bbox_coords: list[list[int]], include_interaction: bool) -> None:
        assert any(high - low == 1 for low, high in bbox_coords), "2D only"
        inside = np.zeros(self.image.shape[1:], dtype=bool)
        inside[tuple(slice(low, high) for low, high in bbox_coords)] = True
        self._draw(inside, include_interaction)
        self.diary.append(("box", bbox_coords, include_interaction))

    def add_scribble_interaction(self, scribble_image: np.ndarray, include_interaction: bool) -> None:
        self._draw(scribble_image > 0, include_interaction)
        self.diary.append(("scribble", scribble_image, include_interaction))

    def add_lasso_interaction(self, lasso_image: np.ndarray, include_interaction: bool) -> None:
        from scipy.ndimage import binary_fill_holes

        filled = np.stack([binary_fill_holes(plane) for plane in lasso_image > 0])
        self._draw(filled, include_interaction)
        self.diary.append(("lasso", lasso_image, include_interaction))

    def _draw(self, region: np.ndarray, adds: bool) -> None:
        self.target_buffer[region] = int(adds)


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, *, whole: bool = True) -> Path:
    """Install the package and its weights for one test; returns the weights' folder."""
    package = folder / "packages" / "nnInteractive"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    monkeypatch.syspath_prepend(folder / "packages")
    module = ModuleType(SESSION)
    module.nnInteractiveInferenceSession = Session  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, SESSION, module)
    weights = folder / "weights"
    (weights / "fold_0").mkdir(parents=True) if whole else weights.mkdir()
    (weights / WEIGHTS_MARK).write_text("{}")
    monkeypatch.setenv(WEIGHTS_VARIABLE, str(weights))
    return weights
