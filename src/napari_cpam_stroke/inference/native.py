"""Network output to native pixels on the device that made it: `core.preprocess.to_native`, in torch."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from napari_cpam_stroke.core.head import HeadFrame
from napari_cpam_stroke.inference.prediction import PROBABILITY_STEPS


class NativeGrid:
    """Where every native pixel of a series lies on the network's grid.

    Parameters
    ----------
    frame
        Square around the head, from `locate_head`.
    size
        Edge of the network's grid in pixels.
    shape_yx
        Native rows and columns.
    """

    def __init__(self, frame: HeadFrame, *, size: int, shape_yx: tuple[int, int]) -> None:
        matrix, offset = frame.grid_to_native(size)
        back = np.linalg.inv(matrix)
        y, x = np.meshgrid(*(np.arange(n) for n in shape_yx), indexing="ij")
        points = (np.stack([y, x], axis=-1) - offset) @ back.T
        inside = ((points >= 0) & (points <= size - 1)).all(axis=-1)
        self._grid = torch.from_numpy((points[..., ::-1] * (2 / (size - 1)) - 1).astype(np.float32))
        self._inside = torch.from_numpy(inside)

    def to_bytes(self, maps: Tensor) -> Tensor:
        """Return probabilities (n, K, size, size) as uint8 (n, K, Y, X) in 0..255; 0 outside the square."""
        grid = self._grid.to(maps.device).expand(len(maps), -1, -1, -1)
        native = functional.grid_sample(maps.float(), grid, mode="bilinear", align_corners=True)
        return (native * self._inside.to(maps.device) * PROBABILITY_STEPS).round_().to(torch.uint8)
