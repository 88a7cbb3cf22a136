"""Preprocessed heads on disk: what is slow to compute is kept once per case, what varies (windows, context) is not.

A file holds the 8-bit codes of `core.preprocess.resample_head`, so reading it back gives the very same network input.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cpam_train.data.slices import CaseRow
from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.config import PreprocessConfig, plain
from napari_cpam_stroke.core.head import locate_head
from napari_cpam_stroke.core.orientation import radiological_view
from napari_cpam_stroke.core.preprocess import mask_input, resample_head
from napari_cpam_stroke.files import write_whole

Pixels = NDArray[np.uint8]

AFTER_THE_GRID = ("windows", "context_slices", "context_mm", "context_windows")
"""Settings applied to what the cache holds."""

LAYOUT_VERSION = 1
"""Raised when the resampling changes, so that older files are not taken for current ones."""


@dataclass(frozen=True, eq=False)
class GridCase:
    """A case on the network's grid, feet first as inference sees it.

    Attributes
    ----------
    codes
        uint8 (Z, size, size) of `resample_head`.
    mask
        uint8 (Z, size, size) labels.
    """

    codes: Pixels
    mask: Pixels


def compute_case(store: AnnotationStore, case: CaseRow, config: PreprocessConfig) -> GridCase:
    """Preprocess a whole case as inference does: in the radiological view, with the head located over all slices."""
    geometry = store.case(case.case_id).geometry
    hu = radiological_view(store.read_frames(case.case_id), geometry)
    frame = locate_head(hu, config)
    mask = radiological_view(store.read_mask(case.revision), geometry)
    return GridCase(resample_head(hu, frame, config, range(len(hu))), mask_input(mask, frame, config))


class GridCache:
    """Files of preprocessed cases in one folder; safe to share between processes and runs.

    Parameters
    ----------
    folder
        Created on first use; may be deleted at any time between runs.
    """

    def __init__(self, folder: Path, config: PreprocessConfig) -> None:
        self._folder = Path(folder) / grid_key(config)
        self._config = config

    def case(self, store: AnnotationStore, case: CaseRow) -> GridCase:
        """Return a case, mapped from disk; it is computed and written where it is not there yet."""
        codes_path, mask_path = self._path("codes", case.content_hash), self._path("mask", case.revision)
        if not (codes_path.is_file() and mask_path.is_file()):
            fresh = compute_case(store, case, self._config)
            write_whole(codes_path, lambda file: np.save(file, fresh.codes))
            write_whole(mask_path, lambda file: np.save(file, fresh.mask))
        return GridCase(np.load(codes_path, mmap_mode="r"), np.load(mask_path, mmap_mode="r"))

    def _path(self, kind: str, key: str) -> Path:
        return self._folder / kind / key[:2] / f"{key}.npy"


def grid_key(config: PreprocessConfig) -> str:
    """Return a short name of everything in a config that changes the grid."""
    grid = {name: value for name, value in plain(config).items() if name not in AFTER_THE_GRID}
    return hashlib.sha256(repr((LAYOUT_VERSION, sorted(grid.items()))).encode()).hexdigest()[:16]
