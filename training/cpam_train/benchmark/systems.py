"""The systems that are compared, and the settings that make each of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from cpam_train.config import TrainConfig
from cpam_train.presets import build_train_config
from napari_cpam_stroke.config import Output
from napari_cpam_stroke.errors import ConfigError, nearest
from napari_cpam_stroke.models.lite_medsam import LITE_MEDSAM
from napari_cpam_stroke.models.pretrained import PACKAGES

SEGMENTERS = ("unet", "attention_unet", "cpam_unet")
"""Compared by default; `dynunet` may be added."""

CLASSIFIERS = ("vgg16_bn", "inception_v3", "densenet121", "legacy_xception", "inception_resnet_v2")

KINDS: dict[str, str] = {
    **dict.fromkeys((*SEGMENTERS, "dynunet"), "segmenter"),
    **dict.fromkeys((*CLASSIFIERS, *(name for name in PACKAGES if name != LITE_MEDSAM)), "classifier"),
}
"""What may be named; the classifiers on the backbones of `PACKAGES` start from trained weights without a network."""

OUTPUTS: tuple[str, ...] = get_args(Output)

MARKS: dict[str, str] = {
    "pretrained": "model.pretrained=true",
    "frozen": "model.freeze_backbone=true",
    **{output: f"model.output={output}" for output in OUTPUTS},
}
"""What may be put to a classifier's name, as in `tf_efficientnet_lite0+pretrained+frozen+sparsemax`; without, it learns
from chance, and all of it, with the output layer of the settings."""


@dataclass(frozen=True)
class Recipe:
    """What all systems of a kind share.

    Attributes
    ----------
    shared
        `--set` values for every system.
    own
        By kind: values for segmenters or classifiers only.
    """

    preset: str = "default"
    file: Path | None = None
    shared: tuple[str, ...] = ()
    own: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def config(self, system: str, seed: int) -> TrainConfig:
        """Return the settings of one run.

        Raises
        ------
        ConfigError
            For a system that does not exist, or a wrong setting.
        """
        kind = kind_of(system)
        own = dict(self.own).get(kind, ())
        return build_train_config(
            kind, preset=self.preset, file=self.file, overrides=(*self.shared, *own, *choices(system), f"seed={seed}")
        )


def choices(system: str) -> tuple[str, ...]:
    """Return the settings that make a system, for `--set`."""
    name, *marks = system.split("+")
    if kind_of(system) == "segmenter":
        return (f"model.architecture={name}",)
    package = PACKAGES.get(name) if "pretrained" in marks else None
    scaled = [] if package is None else [f"model.input_range={list(package.input_range)}"]
    return (f"model.backbone={name}", *(MARKS[mark] for mark in marks), *scaled)


def kind_of(system: str) -> str:
    """Return 'segmenter' or 'classifier'.

    Raises
    ------
    ConfigError
        For a system that does not exist, or a mark that it cannot have.
    """
    name, *marks = system.split("+")
    if name not in KINDS:
        raise ConfigError(f"There is no system {name!r}{nearest(name, list(KINDS))}", expected=", ".join(KINDS))
    known = list(MARKS) if KINDS[name] == "classifier" else []
    if unknown := [mark for mark in marks if mark not in known]:
        raise ConfigError(
            f"{name} cannot be {unknown[0]!r}{nearest(unknown[0], known)}",
            got=repr(system),
            expected=f"{name}+{' or +'.join(known)}" if known else name,
            remedy="" if known else "give a segmenter's encoder by --segmenter-set model.encoder.pretrained=true",
        )
    if len(outputs := [mark for mark in marks if mark in OUTPUTS]) > 1:
        raise ConfigError(f"{name} has one output layer", got=" and ".join(outputs), expected=" or ".join(OUTPUTS))
    return KINDS[name]
