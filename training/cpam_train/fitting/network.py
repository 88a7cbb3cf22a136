"""The network of a run: one of the program's own, or LiteMedSAM as its package has it."""

from __future__ import annotations

from torch import nn

from cpam_train.medsam.input import is_medsam
from cpam_train.medsam.network import Answering, published, published_origin
from napari_cpam_stroke.config import ModelConfig, WeightsOrigin
from napari_cpam_stroke.models import build_model, weights_origin


def build_network(config: ModelConfig) -> nn.Module:
    """Return the network that learns.

    Raises
    ------
    ConfigError, BundleError
        As `napari_cpam_stroke.models.build_model`.
    InputError
        If the package of LiteMedSAM is not installed.
    """
    return Answering(published()) if is_medsam(config) else build_model(config)


def origin_of(network: nn.Module) -> WeightsOrigin | None:
    """Return where the weights came from that a network was built with; None: from chance."""
    return published_origin() if isinstance(network, Answering) else weights_origin(network)
