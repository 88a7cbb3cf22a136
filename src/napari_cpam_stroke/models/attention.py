"""The cross patch attention module (CPAM): every patch of a feature map looks at every other patch.

No public definition of the published module exists. This one embeds patches as tokens, compares them by a chosen
similarity, and adds what they gather back to the feature map through a gain that starts at zero.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from napari_cpam_stroke.config import AttentionConfig
from napari_cpam_stroke.models.padding import Padding
from napari_cpam_stroke.models.similarity import SIMILARITIES

FREQUENCIES = tuple(math.pi * k for k in (0.5, 1.0, 2.0, 4.0, 8.0))
"""Angular frequencies of the position features, over coordinates from -1 to 1."""

ODD_GAIN = 0.5
"""Start of the odd part against the even one: a patch and its mirror twin should resemble each other at first."""


class MirrorPositions(nn.Module):
    """Fourier features of (x - midline, y), as an even and an odd part in x - midline.

    The midline is the middle of the image: the network input is a square around the head.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.even = nn.Linear(3 * len(FREQUENCIES), width, bias=False)
        self.odd = nn.Linear(len(FREQUENCIES), width, bias=False)
        with torch.no_grad():
            self.odd.weight.mul_(ODD_GAIN)

    def forward(self, rows: int, columns: int) -> Tensor:
        """Return P (rows * columns, width), row by row."""
        omega = torch.tensor(FREQUENCIES, device=self.odd.weight.device)
        y = _centres(rows, omega).repeat_interleave(columns, dim=0)
        x = _centres(columns, omega).repeat(rows, 1)
        even: Tensor = self.even(torch.cat([torch.cos(x), torch.cos(y), torch.sin(y)], dim=1))
        return even + self.odd(torch.sin(x))


class CrossPatchAttention(nn.Module):
    """Y = X + gamma * upsampled(what each patch gathers from all others).

    Parameters
    ----------
    channels
        C of the feature map (B, C, H, W); any H and W.
    patch
        Edge p of a patch in pixels of the feature map; N = ceil(H / p) * ceil(W / p) tokens.
    config
        Width, heads, similarity, dropout on A, symmetry.

    Notes
    -----
    gamma is one gain per channel and starts at zero, so that an untrained CPAM-UNet equals the U-Net exactly. It is
    applied before the upsampling: the same result (both are linear) at the cost of the token grid.
    """

    def __init__(self, channels: int, patch: int, config: AttentionConfig) -> None:
        super().__init__()
        width = config.width
        self.patch, self.heads, self.dropout = patch, config.heads, config.dropout
        self.embed = nn.Conv2d(channels, width, kernel_size=patch, stride=patch)
        self.norm = nn.LayerNorm(width)
        self.positions = MirrorPositions(width)
        self.query = None if config.similarity == "linear" else nn.Linear(width, width, bias=False)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width, bias=False)
        self.asymmetry = nn.Linear(width, width, bias=False) if config.symmetry else None
        self.similarity = SIMILARITIES[config.similarity](heads=config.heads, head_width=width // config.heads)
        self.feed_forward = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width, bias=False)
        )
        self.project = nn.Sequential(nn.Conv2d(width, channels, 1, bias=False), nn.BatchNorm2d(channels))
        self.gamma = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Return Y of X, both (B, C, H, W); any H and W."""
        padding = Padding.to_multiple(x, self.patch)
        grid = padding.grid(self.patch)
        gathered = self.gather(self.tokens(padding.pad(x)), grid)
        update = self.project(gathered.reshape(len(x), *grid, -1).permute(0, 3, 1, 2))
        update = _like(update * self.gamma.view(1, -1, 1, 1), x)
        if self.patch > 1:
            update = functional.interpolate(update, scale_factor=self.patch, mode="bilinear", align_corners=False)
        return DenseGradient.pass_on(padding.crop(update).add_(x))  # in place: another full-size tensor is dear

    def attention_map(self, x: Tensor) -> Tensor:
        """Return A (B, h, N, N), float32: row i is what patch i attends to; rows sum to 1, no dropout."""
        query, key = self.compared(self.tokens(Padding.to_multiple(x, self.patch).pad(x)))
        attention: Tensor = self.similarity.attention(query, key)
        return attention

    def tokens(self, padded: Tensor) -> Tensor:
        """Return T (B, N, d) = LayerNorm(patch embedding) + positions."""
        rows, columns = (edge // self.patch for edge in padded.shape[-2:])
        weight = self.embed.weight.permute(0, 2, 3, 1).flatten(1)
        normed: Tensor = self.norm(functional.linear(patches(padded, self.patch), weight, self.embed.bias))
        return normed + self.positions(rows, columns)

    def compared(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Return queries and keys, (B, h, N, d_h)."""
        key = self._split(self.key(tokens))
        return (key if self.query is None else self._split(self.query(tokens))), key

    def gather(self, tokens: Tensor, grid: tuple[int, int]) -> Tensor:
        """Return tokens (B, N, d) after attention, residual and feed-forward; `grid` is rows and columns of tokens."""
        value = self.value(tokens)
        if self.asymmetry is not None:
            value = value + self.asymmetry(tokens - mirrored(tokens, grid))
        query, key = self.compared(tokens)
        gathered = self.similarity(query, key, self._split(value), self.dropout)
        tokens = tokens + gathered.transpose(1, 2).flatten(2)
        return tokens + self.feed_forward(tokens)

    def _split(self, tokens: Tensor) -> Tensor:
        return tokens.reshape(*tokens.shape[:2], self.heads, -1).transpose(1, 2)


class DenseGradient(torch.autograd.Function):
    """Identity whose gradient comes back dense, in the memory format of the tensor.

    A skip is concatenated, so its gradient is a slice of a wider one; brought upstream as it is, the gradient of the
    bilinear upsampling took ten times as long in channels-last.
    """

    @staticmethod
    def forward(y: Tensor) -> Tensor:
        """Return y (B, C, H, W)."""
        return y.detach()

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor], output: Tensor) -> None:  # noqa: ARG004 - torch's signature
        """Remember the memory format of the input (B, C, H, W)."""
        ctx.format = memory_format(inputs[0])

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        """Return the gradient (B, C, H, W) without gaps."""
        return gradient.contiguous(memory_format=ctx.format)

    @classmethod
    def pass_on(cls, y: Tensor) -> Tensor:
        """Return y (B, C, H, W), for the next layer."""
        passed: Tensor = cls.apply(y)
        return passed


def memory_format(x: Tensor) -> torch.memory_format:
    """Return the memory format of (B, C, H, W)."""
    return torch.channels_last if x.is_contiguous(memory_format=torch.channels_last) else torch.contiguous_format


def _like(update: Tensor, x: Tensor) -> Tensor:
    """Return `update` in the dtype and memory format of x: a mixed sum is slow, and rounds otherwise downstream."""
    return update.to(x.dtype, memory_format=memory_format(x))


def patches(x: Tensor, edge: int) -> Tensor:
    """Return x (B, C, H, W) cut into flattened patches (B, N, edge * edge * C), row by row.

    A linear map of these is a convolution of kernel and stride `edge`, whose backward pass is slower.
    """
    batch, channels, height, width = x.shape
    cut = x.permute(0, 2, 3, 1).reshape(batch, height // edge, edge, width // edge, edge, channels)
    return cut.transpose(2, 3).reshape(batch, -1, edge * edge * channels)


def mirrored(tokens: Tensor, grid: tuple[int, int]) -> Tensor:
    """Return tokens (B, N, d) with left and right exchanged."""
    return tokens.reshape(len(tokens), *grid, -1).flip(2).flatten(1, 2)


def _centres(count: int, omega: Tensor) -> Tensor:
    """Return (count, F): omega times the centres of `count` cells over -1..1."""
    centres = (torch.arange(count, device=omega.device) + 0.5) * (2 / count) - 1
    return centres[:, None] * omega
