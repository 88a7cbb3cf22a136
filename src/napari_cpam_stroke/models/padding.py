"""Sizes that do not divide: pad evenly on both sides, so that the midline stays in the middle, and crop back."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True)
class Padding:
    """Where an H x W image lies inside its padded copy."""

    top: int
    left: int
    height: int
    width: int
    padded_height: int
    padded_width: int

    @classmethod
    def to_multiple(cls, x: Tensor, multiple: int) -> Padding:
        """Return the padding of x (B, C, H, W) to multiples of `multiple`."""
        height, width = x.shape[-2:]
        tall, wide = -(-height // multiple) * multiple, -(-width // multiple) * multiple
        return cls((tall - height) // 2, (wide - width) // 2, height, width, tall, wide)

    @property
    def needed(self) -> bool:
        """Whether the image does not divide as it is."""
        return (self.height, self.width) != (self.padded_height, self.padded_width)

    def grid(self, patch: int) -> tuple[int, int]:
        """Return the number of patches along rows and columns."""
        return self.padded_height // patch, self.padded_width // patch

    def pad(self, x: Tensor) -> Tensor:
        """Return x (B, C, H, W) with zeros around it."""
        if not self.needed:
            return x
        right = self.padded_width - self.width - self.left
        bottom = self.padded_height - self.height - self.top
        return functional.pad(x, (self.left, right, self.top, bottom))

    def crop(self, y: Tensor, *, halvings: int = 0) -> Tensor:
        """Return the part of y (B, C, H, W) over the image; y is coarser than the padded image by 2**halvings."""
        if not self.needed:
            return y
        step = 2**halvings
        top, left = self.top // step, self.left // step
        return y[..., top : top - (-self.height // step), left : left - (-self.width // step)]


def with_mirror(x: Tensor, *, mirror: bool) -> Tensor:
    """Return x (B, C, H, W), followed by its left-right mirror image as C more channels where wanted."""
    return torch.cat([x, x.flip(-1)], dim=1) if mirror else x
