"""Slice classifier on a timm backbone: feature extraction or fine-tuning, from chance or from trained weights.

Those come from a local file, an installed package or, where there is none, timm's hub.
"""

from __future__ import annotations

from typing import Any, Self

from torch import Tensor, nn

from napari_cpam_stroke.config import ClassifierConfig, WeightsOrigin
from napari_cpam_stroke.errors import BundleError
from napari_cpam_stroke.models.backbones import check_backbone, create_backbone, timm_module, to_range
from napari_cpam_stroke.models.pretrained import has_installed_weights, load_backbone, pretrained_weights

PAPER_BACKBONES = ("vgg16_bn", "inception_v3", "densenet121", "legacy_xception", "inception_resnet_v2")
"""The five of the paper by timm name; any other timm name works too."""


HUB = "timm's hub"


class Classifier(nn.Module):
    """Logits of the classes of one slice.

    Attributes
    ----------
    origin
        Where the weights came from that it was built with; None: from chance.

    Raises
    ------
    BundleError
        If timm is missing, or weights cannot be had or belong to another architecture.
    ConfigError
        For a backbone timm does not know.
    """

    def __init__(self, config: ClassifierConfig) -> None:
        super().__init__()
        self.config = config
        self.network: Any = _create(config)
        self.origin = WeightsOrigin(config.backbone, HUB) if _from_the_hub(config) else self._start(config)
        if config.freeze_backbone:
            self.requires_grad_(requires_grad=False)
            self.head.requires_grad_(requires_grad=True)

    def _start(self, config: ClassifierConfig) -> WeightsOrigin | None:
        """Load weights of a file or a package where there are any; return where they came from."""
        installed = config.pretrained and has_installed_weights(config.backbone)
        weights = pretrained_weights(config.backbone, installed=installed, file=config.weights_file)
        if weights is None:
            return None
        load_backbone(self.network, weights, channels=config.in_channels)
        return weights.origin

    @property
    def head(self) -> nn.Module:
        """The last layer, the only one that learns in feature extraction."""
        head: nn.Module = self.network.get_classifier()
        return head

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, out_channels) logits of x (B, C, H, W) in 0..1."""
        logits: Tensor = self.network(to_range(x, self.config.input_range))
        return logits

    def train(self, mode: bool = True) -> Self:
        """Set training mode; a frozen trunk keeps its batch statistics and drops nothing."""
        super().train(mode)
        if self.config.freeze_backbone:
            self.network.eval()
            self.head.train(mode)
        return self


def _create(config: ClassifierConfig) -> nn.Module:
    check_backbone(config.backbone, remedy=f"the paper's are {', '.join(PAPER_BACKBONES)}")
    settings = {
        "in_chans": config.in_channels,
        "num_classes": config.out_channels,
        "drop_rate": config.dropout,
    }
    if not _from_the_hub(config):
        return create_backbone(config.backbone, **settings)
    try:
        network: nn.Module = timm_module().create_model(config.backbone, pretrained=True, **settings)
    except Exception as error:
        raise BundleError(
            f"No pretrained weights for {config.backbone!r} could be downloaded",
            remedy="name a local safetensors file in weights_file, or set pretrained to false",
        ) from error
    return network


def _from_the_hub(config: ClassifierConfig) -> bool:
    return config.pretrained and config.weights_file is None and not has_installed_weights(config.backbone)
