"""U-Net and CPAM-UNet: one network with cross patch attention off or on."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from napari_cpam_stroke.config import SegmenterConfig
from napari_cpam_stroke.models.attention import CrossPatchAttention
from napari_cpam_stroke.models.attention_maps import AttentionMaps
from napari_cpam_stroke.models.attention_sites import attention_places, token_patch
from napari_cpam_stroke.models.blocks import ConvBlock, FusionHead, ImageHead, UpBlock
from napari_cpam_stroke.models.output import SegmenterOutput
from napari_cpam_stroke.models.padding import Padding, with_mirror

DEEP_SUPERVISION_LEVELS = 3
"""Coarser decoder levels that get logits of their own, weighted 1/2, 1/4 and 1/8 in the loss."""

DROPOUT_LEVELS = 2
"""Spatial dropout acts on this many deepest levels: there channels are redundant, above they carry the edges."""


class CPAMUNet(AttentionMaps):
    """Residual U-Net with cross patch attention on skips, bottleneck or encoder path.

    Built in the same order with and without attention, so that one seed gives both networks the same weights; the
    attention modules hang in `attention` under names such as `skips2` (place, level).

    Raises
    ------
    ConfigError
        If the attention settings do not fit each other.
    """

    def __init__(self, config: SegmenterConfig) -> None:
        super().__init__()
        self.config = config
        self.edge_multiple = 2 ** (config.depth - 1)
        self.widths = level_widths(config)
        self.encoder = nn.ModuleList(self._encoder_blocks())
        self.decoder = nn.ModuleList(self._decoder_blocks())
        decoded, outputs = self.widths[:-1], config.out_channels
        self.head: nn.Module = FusionHead(decoded, outputs) if config.fusion else nn.Conv2d(decoded[0], outputs, 1)
        sides = decoded[1 : 1 + DEEP_SUPERVISION_LEVELS] if config.deep_supervision else ()
        self.side_heads = nn.ModuleList(nn.Conv2d(width, outputs, 1) for width in sides)
        self.image_head = (
            ImageHead(self.widths[-1], len(config.classes), dropout=config.dropout) if config.image_head else None
        )
        self.attention = nn.ModuleDict(
            {
                f"{place}{level}": CrossPatchAttention(self.widths[level], token_patch(config, level), config.attention)
                for place, level in attention_sites(config)
            }
        )

    def forward(self, x: Tensor) -> SegmenterOutput:
        """Return logits of x (B, C, H, W); any H and W."""
        padding = Padding.to_multiple(x, self.edge_multiple)
        skips = self._encode(with_mirror(padding.pad(x), mirror=self.config.mirror_input))
        bottleneck = self._attend("bottleneck", self.config.depth - 1, skips.pop())
        decoded = self._decode(bottleneck, skips)
        masks = padding.crop(self.head(decoded if self.config.fusion else decoded[0]))
        image = None if self.image_head is None else self.image_head(bottleneck)
        return SegmenterOutput(masks, self._side_logits(decoded, padding), image)

    @property
    def attention_levels(self) -> tuple[int, ...]:
        """Levels with attention, from 0, the finest, to `depth` - 1, the bottleneck."""
        return tuple(sorted({level for _, level in attention_sites(self.config)}))

    def _encoder_blocks(self) -> list[ConvBlock]:
        inputs = (self.config.first_channels, *self.widths[:-1])
        return [
            ConvBlock(i, width, residual=self.config.residual, dropout=self._dropout(level))
            for level, (i, width) in enumerate(zip(inputs, self.widths, strict=True))
        ]

    def _decoder_blocks(self) -> list[UpBlock]:
        return [
            UpBlock(deep, skip, residual=self.config.residual, dropout=self._dropout(level))
            for level, (skip, deep) in enumerate(zip(self.widths[:-1], self.widths[1:], strict=True))
        ]

    def _dropout(self, level: int) -> float:
        return self.config.dropout if level >= self.config.depth - DROPOUT_LEVELS else 0.0

    def _encode(self, x: Tensor) -> list[Tensor]:
        features = []
        for level, block in enumerate(self.encoder):
            x = self._attend("encoder", level, block(functional.max_pool2d(x, 2) if level else x))
            features.append(x)
        return features

    def _decode(self, x: Tensor, skips: list[Tensor]) -> list[Tensor]:
        """Return decoder levels, finest first; empties `skips`, so that none outlives its use."""
        decoded: list[Tensor] = []
        for level in reversed(range(len(skips))):
            x = self.decoder[level](x, self._attend("skips", level, skips.pop()))
            decoded.insert(0, x)
        return decoded

    def _side_logits(self, decoded: list[Tensor], padding: Padding) -> tuple[Tensor, ...]:
        if not self.training:
            return ()
        return tuple(
            padding.crop(head(level), halvings=step)
            for step, (head, level) in enumerate(zip(self.side_heads, decoded[1:], strict=False), start=1)
        )

    def attended(self, padded: Tensor, level: int) -> tuple[CrossPatchAttention, Tensor]:
        """Return the attention module of a level and the feature map (B, C, H, W) it sees."""
        places = [place for place, at in attention_sites(self.config) if at == level]
        x = with_mirror(padded, mirror=self.config.mirror_input)
        for at, block in enumerate(self.encoder[: level + 1]):
            x = block(functional.max_pool2d(x, 2) if at else x)
            if at < level or "encoder" not in places:
                x = self._attend("encoder", at, x)
        module = self.attention[f"{'encoder' if 'encoder' in places else places[0]}{level}"]
        assert isinstance(module, CrossPatchAttention)  # noqa: S101 - for the type checker
        return module, x


def level_widths(config: SegmenterConfig) -> tuple[int, ...]:
    """Return channels per level: b, 2b, 4b, ... up to the cap."""
    return tuple(min(config.base_width * 2**level, config.max_width) for level in range(config.depth))


def attention_sites(config: SegmenterConfig) -> list[tuple[str, int]]:
    """Return (place, level) of every attention module; none for the plain U-Net.

    Raises
    ------
    ConfigError
        If the attention settings do not fit each other.
    """
    bottom = config.depth - 1
    levels = {"encoder": range(bottom), "skips": range(bottom), "bottleneck": range(bottom, bottom + 1)}
    return [(place, level) for place in levels if place in attention_places(config) for level in levels[place]]
