"""Baselines from MONAI behind the same interface: Attention U-Net and DynUNet (the network of nnU-Net)."""

from __future__ import annotations

from types import ModuleType

from torch import Tensor, nn

from napari_cpam_stroke.config import SegmenterConfig
from napari_cpam_stroke.errors import BundleError, add_extra
from napari_cpam_stroke.models.cpam_unet import DEEP_SUPERVISION_LEVELS, level_widths
from napari_cpam_stroke.models.output import SegmenterOutput
from napari_cpam_stroke.models.padding import Padding, with_mirror


class AttentionUNet(nn.Module):
    """MONAI's AttentionUnet (Oktay et al., 2018); no deep supervision and no image head."""

    def __init__(self, config: SegmenterConfig) -> None:
        super().__init__()
        self.config = config
        self.network: nn.Module = _monai_nets().AttentionUnet(
            spatial_dims=2,
            in_channels=config.first_channels,
            out_channels=config.out_channels,
            channels=level_widths(config),
            strides=(2,) * (config.depth - 1),
            dropout=config.dropout,
        )

    def forward(self, x: Tensor) -> SegmenterOutput:
        """Return logits of x (B, C, H, W); any H and W."""
        padding = Padding.to_multiple(x, 2 ** (self.config.depth - 1))
        return SegmenterOutput(padding.crop(self.network(with_mirror(padding.pad(x), mirror=self.config.mirror_input))))


class DynUNet(nn.Module):
    """MONAI's DynUNet with nnU-Net's 2D settings; deep supervision as the config says, no image head."""

    def __init__(self, config: SegmenterConfig) -> None:
        super().__init__()
        self.config = config
        strides = (1,) + (2,) * (config.depth - 1)
        sides = min(DEEP_SUPERVISION_LEVELS, config.depth - 2)
        self.network: nn.Module = _monai_nets().DynUNet(
            spatial_dims=2,
            in_channels=config.first_channels,
            out_channels=config.out_channels,
            kernel_size=(3,) * config.depth,
            strides=strides,
            upsample_kernel_size=strides[1:],
            filters=level_widths(config),
            dropout=config.dropout or None,
            norm_name="instance",
            deep_supervision=config.deep_supervision and sides > 0,
            deep_supr_num=max(sides, 1),
            res_block=config.residual,
        )

    def forward(self, x: Tensor) -> SegmenterOutput:
        """Return logits of x (B, C, H, W); any H and W. Side logits come at full size."""
        padding = Padding.to_multiple(x, 2 ** (self.config.depth - 1))
        logits = padding.crop(self.network(with_mirror(padding.pad(x), mirror=self.config.mirror_input)))
        if logits.ndim == 4:
            return SegmenterOutput(logits)
        masks, *side = logits.unbind(dim=1)
        return SegmenterOutput(masks, tuple(side))


def _monai_nets() -> ModuleType:
    try:
        from monai.networks import nets
    except ImportError as error:
        raise BundleError(
            "This architecture comes from MONAI, which is not installed", remedy=add_extra("train")
        ) from error
    module: ModuleType = nets
    return module
