"""Backbones from timm, which is loaded only where a network has one."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from torch import Tensor, nn

from napari_cpam_stroke.errors import BundleError, ConfigError, install_again, nearest


def timm_module() -> ModuleType:
    """Return timm.

    Raises
    ------
    BundleError
        If it is not installed.
    """
    try:
        import timm
    except ImportError as error:
        raise BundleError("This network is built on timm, which is not installed", remedy=install_again()) from error
    module: ModuleType = timm
    return module


def check_backbone(name: str, *, remedy: str) -> None:
    """Refuse a backbone that timm does not have.

    Raises
    ------
    ConfigError
        Naming the nearest one there is.
    """
    timm = timm_module()
    if not timm.is_model(name):
        raise ConfigError(f"timm has no backbone {name!r}{nearest(name, timm.list_models())}", remedy=remedy)


def create_backbone(name: str, **settings: Any) -> nn.Module:
    """Return timm's network of that name, without trained weights.

    Raises
    ------
    ConfigError
        If timm cannot build it with these settings.
    """
    try:
        network: nn.Module = timm_module().create_model(name, pretrained=False, **settings)
    except Exception as error:
        raise ConfigError(f"timm cannot build {name!r} with these settings", got=error) from error
    return network


def to_range(x: Tensor, limits: tuple[float, float]) -> Tensor:
    """Return an input (B, C, H, W) in 0..1 scaled to `limits`."""
    low, high = limits
    return x if limits == (0.0, 1.0) else x * (high - low) + low
