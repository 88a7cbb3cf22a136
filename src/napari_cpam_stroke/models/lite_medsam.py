"""LiteMedSAM's image encoder as the backbone of a U-Net: a TinyViT that works at full resolution.

It is timm's TinyViT with three steps that do not shrink the image, and a stem that looks at single pixels. Some sixty
times the work of EfficientNet-Lite 0 for the same slice: a GPU is wanted.
"""

from __future__ import annotations

import re
from typing import Any

from torch import Tensor
from torch.nn import functional

from napari_cpam_stroke.models.backbones import create_backbone

LITE_MEDSAM = "lite_medsam"
"""Its name as `EncoderConfig.backbone`."""

TINY_VIT = "tiny_vit_5m_224"
"""Timm's name for the network it was made of."""

REDUCTIONS = (1, 2, 4, 4)
"""How much smaller each feature map is than the input."""

PREFIX = "image_encoder."
"""Of its names in the file, which also holds a prompt encoder and a mask decoder."""

NECK = "neck."
"""What leads to the mask decoder, and has no place here."""

RENAMED = (
    (r"^patch_embed\.seq\.0\.", "patch_embed.conv1."),
    (r"^patch_embed\.seq\.2\.", "patch_embed.conv2."),
    (r"^layers\.0\.downsample\.", "stages.1.downsample."),
    (r"^layers\.1\.downsample\.", "stages.2.downsample."),
    (r"^layers\.2\.downsample\.", "stages.3.downsample."),
    (r"^layers\.", "stages."),
    (r"\.c\.", ".conv."),
)
"""From its names to timm's."""


def lite_medsam_features(channels: int) -> Any:
    """Return the network for images of so many channels, from chance; it gives four feature maps."""
    network: Any = create_backbone(TINY_VIT, features_only=True, in_chans=channels)
    stem = network.patch_embed
    for convolution in (stem.conv1.conv, stem.conv2.conv, network.stages_3.downsample.conv2.conv):
        convolution.stride = (1, 1)
    for info, reduction in zip(network.feature_info.info, REDUCTIONS, strict=True):
        info["reduction"] = reduction
    return network


def timm_weights(_: str, state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the image encoder's weights, of any shape, under timm's names."""
    own = {name.removeprefix(PREFIX): tensor for name, tensor in state.items() if name.startswith(PREFIX)}
    return {_timm_name(name): _three_wide(name, tensor) for name, tensor in own.items() if not name.startswith(NECK)}


def _timm_name(name: str) -> str:
    for pattern, replacement in RENAMED:
        name = re.sub(pattern, replacement, name)
    return name


def _three_wide(name: str, weight: Tensor) -> Tensor:
    """Return a filter of the stem (F, C, 1, 1) as one of 3 x 3 that does the same; anything else as it is."""
    stem = name.startswith("patch_embed.") and weight.ndim == 4
    return functional.pad(weight, (1, 1, 1, 1)) if stem else weight
