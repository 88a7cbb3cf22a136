"""Convolution blocks of the U-Net. Full-size tensors are dear to allocate: what is fresh is changed in place."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval


class ConvNorm(nn.Sequential):
    """Convolution without bias, then batch normalisation."""

    def __init__(self, inputs: int, outputs: int, *, kernel: int = 3) -> None:
        super().__init__(nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False), nn.BatchNorm2d(outputs))


def fold_batch_norm(model: nn.Module) -> nn.Module:
    """Fold batch normalisation into the convolution before it, for a model that only predicts; returns `model`."""
    for module in model.modules():
        if not isinstance(module, ConvNorm):
            continue
        convolution, norm = module
        if isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
            module[0], module[1] = fuse_conv_bn_eval(convolution, norm), nn.Identity()
    return model


class ConvBlock(nn.Module):
    """Twice convolution, batch norm and ReLU; residual: the input is added before the last ReLU.

    Dropout2d drops whole channels of the result.
    """

    def __init__(self, inputs: int, outputs: int, *, residual: bool, dropout: float) -> None:
        super().__init__()
        self.first = ConvNorm(inputs, outputs)
        self.second = ConvNorm(outputs, outputs)
        self.shortcut: nn.Module | None = None
        if residual:
            self.shortcut = nn.Identity() if inputs == outputs else ConvNorm(inputs, outputs, kernel=1)
        self.dropout = nn.Dropout2d(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, outputs, H, W)."""
        y = self.second(functional.relu(self.first(x), inplace=True))
        if self.shortcut is not None:
            y = y.add_(self.shortcut(x))
        dropped: Tensor = self.dropout(functional.relu(y, inplace=True))
        return dropped


class UpBlock(nn.Module):
    """2x2 transposed convolution, concatenation with the skip, then a convolution block."""

    def __init__(self, inputs: int, skip: int, *, residual: bool, dropout: float) -> None:
        super().__init__()
        self.up = nn.ConvTranspose2d(inputs, skip, kernel_size=2, stride=2)
        self.block = ConvBlock(2 * skip, skip, residual=residual, dropout=dropout)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """Return (B, skip, 2H, 2W)."""
        y: Tensor = self.block(torch.cat([self.up(x), skip], dim=1))
        return y


class FusionHead(nn.Module):
    """Multi-scale feature fusion: every decoder level, brought to one width and added from coarse to fine.

    Adding while going up costs a fraction of upsampling every level to full size, and sums the same terms.
    """

    def __init__(self, widths: tuple[int, ...], outputs: int) -> None:
        super().__init__()
        self.lateral = nn.ModuleList(nn.Conv2d(width, widths[0], 1, bias=False) for width in widths)
        self.norm = nn.BatchNorm2d(widths[0])
        self.logits = nn.Conv2d(widths[0], outputs, 1)

    def forward(self, decoded: list[Tensor]) -> Tensor:
        """Return logits (B, outputs, H, W) from decoder levels, finest first."""
        fused = self.lateral[-1](decoded[-1])
        for lateral, level in zip(reversed(self.lateral[:-1]), reversed(decoded[:-1]), strict=True):
            finer = functional.interpolate(fused, scale_factor=2, mode="bilinear", align_corners=False)
            fused = finer.add_(lateral(level))
        logits: Tensor = self.logits(functional.relu(self.norm(fused), inplace=True))
        return logits


class ImageHead(nn.Module):
    """Image-level logits from the bottleneck: what is there on average, and what stands out most.

    `hidden` None: one linear layer.
    """

    def __init__(self, channels: int, classes: int, *, hidden: int | None = 128, dropout: float) -> None:
        super().__init__()
        self.layers: nn.Module = nn.Linear(2 * channels, classes)
        if hidden is not None:
            self.layers = nn.Sequential(
                nn.Linear(2 * channels, hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, classes)
            )

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, classes)."""
        logits: Tensor = self.layers(torch.cat([x.mean(dim=(2, 3)), x.amax(dim=(2, 3))], dim=1))
        return logits
