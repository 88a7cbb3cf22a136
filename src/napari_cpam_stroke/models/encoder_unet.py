"""U-Net and CPAM-UNet on a timm backbone: its features, a light decoder, cross patch attention off or on."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from napari_cpam_stroke.config import EncoderConfig, SegmenterConfig, WeightsOrigin
from napari_cpam_stroke.errors import ConfigError
from napari_cpam_stroke.models.attention import CrossPatchAttention
from napari_cpam_stroke.models.attention_maps import AttentionMaps
from napari_cpam_stroke.models.attention_sites import attention_places, token_patch
from napari_cpam_stroke.models.backbones import check_backbone, create_backbone, to_range
from napari_cpam_stroke.models.blocks import ConvBlock, ConvNorm, FusionHead, ImageHead
from napari_cpam_stroke.models.cpam_unet import DEEP_SUPERVISION_LEVELS
from napari_cpam_stroke.models.lite_medsam import LITE_MEDSAM, lite_medsam_features
from napari_cpam_stroke.models.output import SegmenterOutput
from napari_cpam_stroke.models.padding import Padding, with_mirror
from napari_cpam_stroke.models.pretrained import PACKAGES, load_backbone, pretrained_weights

FINEST_ATTENTION_LEVEL = 2
"""Skips finer than a quarter of the input carry edges and no context: attention leaves them alone."""

RARE_LOGIT = -3.0
"""Where the mask logits start: few pixels belong to a lesion."""


class EncoderUNet(AttentionMaps):
    """U-Net whose encoder is a timm backbone, with cross patch attention on skips or bottleneck.

    The logits are made at the backbone's finest level, half the input for most, and brought to full size. Built in the
    same order with and without attention, so that one seed gives both networks the same weights.

    Attributes
    ----------
    origin
        Where the encoder's weights came from that it was built with; None: from chance.

    Raises
    ------
    BundleError
        If timm is missing, or pretrained weights cannot be had or belong to another architecture.
    ConfigError
        For a backbone that timm does not have, or settings that do not fit it.
    """

    def __init__(self, config: SegmenterConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder: Any = feature_network(config)
        self.origin = start_encoder(self.encoder, config)
        self.levels = feature_levels(self.encoder, config.encoder)
        self.edge_multiple = 2 ** self.levels[-1]
        *skips, deepest = self.encoder.feature_info.channels()
        widths, outputs = decoder_widths(config.encoder, len(skips)), config.out_channels
        self.squeeze = ConvNorm(deepest, widths[0], kernel=1)
        self.decoder = nn.ModuleList(
            ConvBlock(above + skip, width, residual=config.residual, dropout=0.0)
            for above, skip, width in zip((widths[0], *widths), reversed(skips), widths, strict=False)
        )
        decoded = widths[::-1]
        self.head: nn.Module = FusionHead(decoded, outputs) if config.fusion else nn.Conv2d(decoded[0], outputs, 1)
        sides = decoded[1 : 1 + DEEP_SUPERVISION_LEVELS] if config.deep_supervision else ()
        self.side_heads = nn.ModuleList(nn.Conv2d(width, outputs, 1) for width in sides)
        self.image_head = (
            ImageHead(widths[0], len(config.classes), hidden=None, dropout=config.dropout)
            if config.image_head
            else None
        )
        self.dropout = nn.Dropout2d(config.dropout)
        self._start_rare()
        self.attention = nn.ModuleDict(self._attention_modules(skips, widths[0]))

    def forward(self, x: Tensor) -> SegmenterOutput:
        """Return logits of x (B, C, H, W) in 0..1; any H and W."""
        padding = Padding.to_multiple(x, self.edge_multiple)
        padded = padding.pad(x)
        *skips, deepest = self._encode(padded)
        bottleneck = self._attend("bottleneck", self.levels[-1], deepest)
        decoded = self._decode(self.dropout(bottleneck), skips)
        logits = self.head(decoded if self.config.fusion else decoded[0]).float()
        masks = functional.interpolate(logits, size=padded.shape[-2:], mode="bilinear", align_corners=False)
        image = None if self.image_head is None else self.image_head(bottleneck)
        return SegmenterOutput(padding.crop(masks), self._side_logits(decoded, padding), image)

    @property
    def attention_levels(self) -> tuple[int, ...]:
        """Levels with attention: level n is coarser than the input by 2**n."""
        return tuple(sorted({level for _, level in attention_sites(self.config, self.levels)}))

    def attended(self, padded: Tensor, level: int) -> tuple[CrossPatchAttention, Tensor]:
        """Return the attention module of a level and the feature map (B, C, H, W) it sees."""
        place = next(place for place, at in attention_sites(self.config, self.levels) if at == level)
        module = self.attention[f"{place}{level}"]
        assert isinstance(module, CrossPatchAttention)  # noqa: S101 - for the type checker
        features = self._encode(padded)
        return module, features[-1] if place == "bottleneck" else features[self.levels.index(level)]

    def _attention_modules(self, skips: list[int], bottleneck: int) -> dict[str, nn.Module]:
        width_at = dict(zip(self.levels, skips, strict=False))
        return {
            f"{place}{level}": CrossPatchAttention(
                bottleneck if place == "bottleneck" else width_at[level],
                token_patch(self.config, level),
                self.config.attention,
            )
            for place, level in attention_sites(self.config, self.levels)
        }

    def _start_rare(self) -> None:
        logits = self.head.logits if isinstance(self.head, FusionHead) else self.head
        if self.config.output == "sigmoid" and isinstance(logits, nn.Conv2d) and logits.bias is not None:
            nn.init.constant_(logits.bias, RARE_LOGIT)

    def _encode(self, padded: Tensor) -> list[Tensor]:
        """Return the features, finest first, the deepest squeezed to the width of the bottleneck."""
        x = with_mirror(to_range(padded, self.config.encoder.input_range), mirror=self.config.mirror_input)
        *skips, deepest = self.encoder(x)
        return [*skips, functional.relu(self.squeeze(deepest), inplace=True)]

    def _decode(self, x: Tensor, skips: list[Tensor]) -> list[Tensor]:
        """Return decoder levels, finest first; empties `skips`, so that none outlives its use."""
        decoded: list[Tensor] = []
        for block, level in zip(self.decoder, reversed(self.levels[:-1]), strict=True):
            skip = self._attend("skips", level, skips.pop())
            x = functional.interpolate(x, size=skip.shape[-2:], mode="bilinear", align_corners=False)
            x = block(torch.cat([x, skip], dim=1))
            decoded.insert(0, x)
        return decoded

    def _side_logits(self, decoded: list[Tensor], padding: Padding) -> tuple[Tensor, ...]:
        if not self.training:
            return ()
        coarser = zip(self.side_heads, decoded[1:], self.levels[1:], strict=False)
        return tuple(padding.crop(head(x), halvings=level) for head, x, level in coarser)


def feature_network(config: SegmenterConfig) -> Any:
    """Return the backbone without its last layers, from chance.

    Raises
    ------
    ConfigError
        If timm has no such backbone, or no features of it.
    """
    encoder = config.encoder
    assert encoder.backbone is not None  # noqa: S101 - chosen by this very setting
    if encoder.backbone == LITE_MEDSAM:
        return lite_medsam_features(config.first_channels)
    check_backbone(encoder.backbone, remedy=f"for example {', '.join(PACKAGES)}")
    return create_backbone(encoder.backbone, features_only=True, in_chans=config.first_channels)


def start_encoder(network: nn.Module, config: SegmenterConfig) -> WeightsOrigin | None:
    """Load pretrained weights where the config says so; return where they came from.

    Raises
    ------
    BundleError
        If they cannot be had or belong to another architecture.
    """
    encoder = config.encoder
    assert encoder.backbone is not None  # noqa: S101 - chosen by this very setting
    weights = pretrained_weights(encoder.backbone, installed=encoder.pretrained, file=encoder.weights_file)
    if weights is None:
        return None
    load_backbone(network, weights, channels=config.first_channels)
    return weights.origin


def feature_levels(network: Any, encoder: EncoderConfig) -> tuple[int, ...]:
    """Return the level of each feature map of a backbone, finest first: coarser than the input by 2**level.

    Raises
    ------
    ConfigError
        If their sizes do not halve from one to the next (the last may be as large as the one before), or they put
        channels last.
    """
    strides = network.feature_info.reduction()
    levels = tuple(int(math.log2(stride)) for stride in strides)
    skips = levels[:-1]
    halving = (
        bool(skips) and skips == tuple(range(skips[0], skips[0] + len(skips))) and 0 <= levels[-1] - skips[-1] <= 1
    )
    if not halving or str(getattr(network, "output_fmt", "NCHW")).endswith("NHWC"):
        raise ConfigError(
            f"A U-Net cannot be built on the features of {encoder.backbone!r}",
            got=f"sizes of 1/{', 1/'.join(map(str, strides))}",
            expected="sizes that halve, channels before rows and columns",
            remedy=f"choose a convolutional backbone such as {next(iter(PACKAGES))}",
        )
    return levels


def decoder_widths(encoder: EncoderConfig, skips: int) -> tuple[int, ...]:
    """Return the channels of each decoder level, coarse to fine.

    Raises
    ------
    ConfigError
        If there are fewer than the backbone has skips.
    """
    if len(encoder.decoder_widths) < skips:
        raise ConfigError(
            f"The decoder on {encoder.backbone!r} needs a width for each skip",
            got=f"encoder.decoder_widths {list(encoder.decoder_widths)}",
            expected=f"{skips} widths",
        )
    return encoder.decoder_widths[:skips]


def attention_sites(config: SegmenterConfig, levels: tuple[int, ...]) -> list[tuple[str, int]]:
    """Return (place, level) of every attention module; none for the plain U-Net.

    Raises
    ------
    ConfigError
        If the attention settings do not fit each other, or a backbone of timm.
    """
    places = attention_places(config)
    if "encoder" in places:
        raise ConfigError(
            "Attention inside the encoder needs the U-Net's own encoder",
            got=f"encoder.backbone {config.encoder.backbone!r}",
            remedy="place attention at skips or bottleneck",
        )
    skips = [level for level in levels[:-1] if level >= FINEST_ATTENTION_LEVEL]
    at = {"skips": skips, "bottleneck": levels[-1:]}
    return [(place, level) for place in at if place in places for level in at[place]]
