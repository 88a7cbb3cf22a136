"""Config to network, the one place that knows every architecture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from torch import Tensor, nn

from napari_cpam_stroke.config import Architecture, ClassifierConfig, ModelConfig, SegmenterConfig, WeightsOrigin
from napari_cpam_stroke.errors import BundleError, ConfigError
from napari_cpam_stroke.models.classifier import Classifier
from napari_cpam_stroke.models.cpam_unet import CPAMUNet
from napari_cpam_stroke.models.encoder_unet import EncoderUNet
from napari_cpam_stroke.models.ensemble import Ensemble
from napari_cpam_stroke.models.peers import AttentionUNet, DynUNet

SEGMENTERS: dict[Architecture, type[CPAMUNet | AttentionUNet | DynUNet]] = {
    "unet": CPAMUNet,
    "cpam_unet": CPAMUNet,
    "attention_unet": AttentionUNet,
    "dynunet": DynUNet,
}
"""Segmentation network by its name in the config; `unet` is CPAMUNet without attention. Both also stand on a timm
backbone (`EncoderUNet`)."""


def build_model(config: ModelConfig) -> nn.Module:
    """Return a fresh network.

    Raises
    ------
    ConfigError
        For a backbone that does not exist, or settings that do not fit each other.
    BundleError
        If a package of the extra `train` is missing, or pretrained weights cannot be had.
    """
    if isinstance(config, ClassifierConfig):
        return Classifier(config)
    if config.architecture not in SEGMENTERS:
        raise ConfigError(
            f"The architecture {config.architecture!r} is a network of others that answers prompts",
            expected=", ".join(SEGMENTERS),
            remedy="train it by cpam-train fit litemedsam, judge it by evaluate --clicks --beside litemedsam=RUN",
        )
    if config.members > 1:
        single = replace(config, members=1)
        return Ensemble([build_model(single) for _ in range(config.members)])
    if config.encoder.backbone is not None:
        return _on_a_backbone(config)
    return SEGMENTERS[config.architecture](config)


def restore_model(config: ModelConfig, state: Mapping[str, Tensor]) -> nn.Module:
    """Return the network of `config` with saved weights, in evaluation mode; nothing is downloaded.

    Parameters
    ----------
    state
        Weights by name, each of the same shape as the network's own.

    Raises
    ------
    BundleError
        If the weights belong to another architecture.
    """
    model = build_model(without_pretraining(config))
    for name, own in model.state_dict().items():
        if name in state and _kind(state[name]) != _kind(own):
            raise BundleError(
                f"The weights of {_name_of(config)} are of another kind of number in {name}",
                got=state[name].dtype,
                expected=own.dtype,
            )
    if strange := set(model.state_dict()) ^ set(state):  # torch puts up with a missing count of batches
        raise _another_architecture(config, f"{len(strange)} tensors that do not match")
    try:
        model.load_state_dict(dict(state))
    except RuntimeError as error:
        raise _another_architecture(config, "tensors of another shape") from error
    return model.eval()


def count_parameters(model: nn.Module, *, trainable: bool = False) -> int:
    """Return the number of weights, or only of those that learn."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad or not trainable)


def without_pretraining(config: ModelConfig) -> ModelConfig:
    """Return a config without what was only needed to start training."""
    if isinstance(config, SegmenterConfig):
        return replace(config, encoder=replace(config.encoder, pretrained=False, weights_file=None))
    return replace(config, pretrained=False, weights_file=None)


def weights_origin(model: nn.Module) -> WeightsOrigin | None:
    """Return where the weights came from that a network was built with; None: from chance."""
    return model.origin if isinstance(model, Classifier | EncoderUNet) else None


def _another_architecture(config: ModelConfig, got: str) -> BundleError:
    return BundleError(
        f"The weights belong to another architecture than the one described ({_name_of(config)})",
        got=got,
        remedy="use the card the weights were saved with",
    )


def _on_a_backbone(config: SegmenterConfig) -> EncoderUNet:
    if SEGMENTERS[config.architecture] is not CPAMUNet:
        raise ConfigError(
            f"The architecture {config.architecture!r} has an encoder of its own",
            got=f"encoder.backbone {config.encoder.backbone!r}",
            remedy="choose cpam_unet or unet, or leave encoder.backbone out",
        )
    return EncoderUNet(config)


def _kind(tensor: Tensor) -> tuple[bool, bool]:
    """Return whether a tensor holds fractions, and whether its numbers have an imaginary part."""
    return tensor.is_floating_point(), tensor.is_complex()


def _name_of(config: ModelConfig) -> str:
    if isinstance(config, ClassifierConfig):
        return config.backbone
    backbone = config.encoder.backbone
    return config.architecture if backbone is None else f"{config.architecture} on {backbone}"
