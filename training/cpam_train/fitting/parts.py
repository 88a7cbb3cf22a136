"""Which part of a network learns at which share of the learning rate, and what is frozen."""

from __future__ import annotations

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from cpam_train.config import OptimConfig
from napari_cpam_stroke.errors import ConfigError

ENCODER_PREFIX = "encoder."
"""Of the names of an encoder's parameters."""


def lr_share(name: str, config: OptimConfig) -> float:
    """Return the share, 0..1, of the learning rate at which a parameter of that name learns; 0: it is frozen."""
    share = config.encoder_lr_share if name.startswith(ENCODER_PREFIX) else 1.0
    fitting = [value for beginning, value in config.lr_shares if name.startswith(beginning)]
    return fitting[-1] if fitting else share


def freeze(model: nn.Module, config: OptimConfig) -> None:
    """Take the parameters at share 0 out of learning.

    Raises
    ------
    ConfigError
        If a part is named that the network does not have, or nothing is left that learns.
    """
    names = [name for name, _ in model.named_parameters()]
    for beginning, _ in config.lr_shares:
        if not any(name.startswith(beginning) for name in names):
            raise ConfigError(
                "optim.lr_shares names a part that the network does not have",
                got=repr(beginning),
                expected=f"the beginning of a parameter's name: {', '.join(dict.fromkeys(part_of(n) for n in names))}",
            )
    for name, parameter in model.named_parameters():
        if lr_share(name, config) == 0:
            parameter.requires_grad_(False)
    if not any(parameter.requires_grad for parameter in model.parameters()):
        raise ConfigError("Every part of the network is frozen", remedy="give one a share above 0 in optim.lr_shares")


def hold_statistics(model: nn.Module, config: OptimConfig) -> None:
    """Keep the normalisation statistics of frozen parts as they are, in training too."""
    for name, module in model.named_modules():
        if isinstance(module, _BatchNorm) and lr_share(f"{name}.", config) == 0:
            module.eval()


def part_of(name: str) -> str:
    """Return the part of a network that a parameter belongs to, as `encoder.`."""
    return f"{name.partition('.')[0]}."
