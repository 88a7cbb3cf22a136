"""A slice as LiteMedSAM looks at it."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from cpam_train.medsam.input import BRAIN, EDGE
from napari_cpam_stroke.core.windowing import apply_window


def image_of(hu: NDArray[np.int16]) -> Tensor:
    """Return a slice (Y, X) in HU as the network takes it, float32 (1, 3, EDGE, EDGE)."""
    return shown(torch.from_numpy(apply_window(hu, BRAIN)))


def shown(image: Tensor) -> Tensor:
    """Return a slice (Y, X) in [0, 1] as the network takes it, (1, 3, EDGE, EDGE): fitted into the upper left."""
    return padded(shrunk(image)).expand(1, 3, EDGE, EDGE)


def shrunk(image: Tensor) -> Tensor:
    """Return what is known of each pixel of a slice, (Y, X), on the part of the network's image that it fills."""
    size = fitted(tuple(image.shape))
    return functional.interpolate(image[None, None], size=size, mode="bilinear", antialias=True)[0, 0]


def padded(image: Tensor) -> Tensor:
    """Return (height, width) with nothing beyond it, up to (EDGE, EDGE)."""
    height, width = image.shape
    return functional.pad(image, (0, EDGE - width, 0, EDGE - height))


def fitted(shape: tuple[int, ...]) -> tuple[int, int]:
    """Return rows and columns of its image that a slice fills."""
    scale = EDGE / max(shape)
    return max(round(shape[0] * scale), 1), max(round(shape[1] * scale), 1)
