"""Slice classifier on a timm backbone: feature extraction or fine-tuning, weights from timm's hub or a local file."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any, Self

from safetensors import SafetensorError
from torch import Tensor, nn

from napari_cpam_stroke.config import ClassifierConfig
from napari_cpam_stroke.errors import BundleError, ConfigError, add_extra, nearest

PAPER_BACKBONES = ("vgg16_bn", "inception_v3", "densenet121", "legacy_xception", "inception_resnet_v2")
"""The five of the paper by timm name; any other timm name works too."""


class Classifier(nn.Module):
    """Logits of the classes of one slice.

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
        if config.weights_file is not None:
            _load_backbone(self.network, config)
        if config.freeze_backbone:
            self.requires_grad_(requires_grad=False)
            self.head.requires_grad_(requires_grad=True)

    @property
    def head(self) -> nn.Module:
        """The last layer, the only one that learns in feature extraction."""
        head: nn.Module = self.network.get_classifier()
        return head

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, out_channels) logits of x (B, C, H, W)."""
        logits: Tensor = self.network(x)
        return logits

    def train(self, mode: bool = True) -> Self:
        """Set training mode; a frozen trunk keeps its batch statistics and drops nothing."""
        super().train(mode)
        if self.config.freeze_backbone:
            self.network.eval()
            self.head.train(mode)
        return self


def _create(config: ClassifierConfig) -> nn.Module:
    timm = _timm()
    if not timm.is_model(config.backbone):
        raise ConfigError(
            f"timm has no backbone {config.backbone!r}{nearest(config.backbone, timm.list_models())}",
            remedy=f"the paper's are {', '.join(PAPER_BACKBONES)}",
        )
    download = config.pretrained and config.weights_file is None
    try:
        network: nn.Module = timm.create_model(
            config.backbone,
            pretrained=download,
            in_chans=config.in_channels,
            num_classes=config.out_channels,
            drop_rate=config.dropout,
        )
    except Exception as error:
        if not download:
            raise ConfigError(f"timm cannot build {config.backbone!r} with these settings", got=error) from error
        raise BundleError(
            f"No pretrained weights for {config.backbone!r} could be downloaded",
            remedy="name a local safetensors file in weights_file, or set pretrained to false",
        ) from error
    return network


def _load_backbone(network: nn.Module, config: ClassifierConfig) -> None:
    """Load everything but the last layer; the first convolution is adapted to the number of input channels."""
    state = _read(Path(str(config.weights_file)))
    default = getattr(network, "default_cfg", {})
    for name in _names(default.get("first_conv")):
        weight = state.get(f"{name}.weight")
        if weight is not None and weight.shape[1] != config.in_channels:
            state[f"{name}.weight"] = _timm().models.adapt_input_conv(config.in_channels, weight)
    heads = tuple(f"{name}." for name in _names(default.get("classifier")))
    wanted = {k: v for k, v in network.state_dict().items() if not k.startswith(heads)}
    _refuse_other_architecture(wanted, state, config)
    network.load_state_dict({k: state[k] for k in wanted if k in state}, strict=False)


def _refuse_other_architecture(wanted: dict[str, Tensor], state: dict[str, Tensor], config: ClassifierConfig) -> None:
    missing = [k for k in wanted if k not in state and not k.endswith("num_batches_tracked")]
    other = [k for k in wanted if k in state and state[k].shape != wanted[k].shape]
    if missing or other:
        raise BundleError(
            f"The weights in {config.weights_file} belong to another architecture than {config.backbone!r}",
            got=f"{len(missing)} tensors missing and {len(other)} of another shape, such as {(missing or other)[0]!r}",
            remedy="name the backbone the file was saved from",
        )


def _read(path: Path) -> dict[str, Tensor]:
    from safetensors.torch import load_file

    try:
        state: dict[str, Tensor] = load_file(path)
    except (OSError, SafetensorError) as error:
        raise BundleError(
            f"The weights file {path} cannot be read", expected="a safetensors file", got=error
        ) from error
    return state


def _names(entry: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
    return () if entry is None else (entry,) if isinstance(entry, str) else tuple(entry)


def _timm() -> ModuleType:
    try:
        import timm
    except ImportError as error:
        raise BundleError("A classifier is built on timm, which is not installed", remedy=add_extra("train")) from error
    module: ModuleType = timm
    return module
