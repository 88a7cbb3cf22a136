"""Slices of prepared MR cases, in items of the same shape as those of `SliceDataset`."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from cpam_train.brats.folder import BratsCase, BratsFolder
from cpam_train.brats.regions import CLASSES
from napari_cpam_stroke.annotations.records import Split
from napari_cpam_stroke.errors import InputError

Scalar = TypeVar("Scalar", bound=np.generic)

DEFAULT_SIZE = 192
"""Edge of a slice in pixels of 1 mm: every brain of the set fits."""


class BratsDataset(Dataset[dict[str, Tensor]]):
    """One item per slice.

    An item holds `image` float32 (4, S, S), `mask` uint8 (S, S) of `CLASSES`, `mask_known` bool (3,), `slice_label`
    int8 (3,) and `index`.

    Parameters
    ----------
    size
        Edge of the square that slices are centred in; larger ones are cut.
    """

    def __init__(self, folder: BratsFolder, *, split: Split | None = None, size: int = DEFAULT_SIZE) -> None:
        self.rows: tuple[tuple[BratsCase, int], ...] = tuple(
            (case, z) for case in folder.cases(split) for z in range(case.slices)
        )
        if not self.rows:
            raise InputError(f"BraTS folder has no slice in split {split}", remedy="import more cases")
        self._folder, self._size = folder, size

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        case, z = self.rows[index]
        images, labels = self._folder.read(case.case_id, z)
        mask = centred(labels, self._size)
        present = np.isin(np.arange(1, len(CLASSES) + 1), mask)
        return {
            "image": torch.from_numpy(centred(images, self._size)),
            "mask": torch.from_numpy(mask),
            "mask_known": torch.ones(len(CLASSES), dtype=torch.bool),
            "slice_label": torch.from_numpy(present.astype(np.int8)),
            "index": torch.tensor(index),
        }


def centred(array: NDArray[Scalar], size: int) -> NDArray[Scalar]:
    """Return (..., size, size) with the array's last two axes in the middle, cut or filled with zeros."""
    result = np.zeros((*array.shape[:-2], size, size), dtype=array.dtype)
    source, target = [], []
    for length in array.shape[-2:]:
        shared = min(length, size)
        source.append(slice((length - shared) // 2, (length - shared) // 2 + shared))
        target.append(slice((size - shared) // 2, (size - shared) // 2 + shared))
    result[..., target[0], target[1]] = array[..., source[0], source[1]]
    return result
