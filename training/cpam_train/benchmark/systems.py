"""The systems that are compared, and the settings that make each of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cpam_train.config import TrainConfig
from cpam_train.presets import build_train_config
from napari_cpam_stroke.errors import ConfigError, nearest

SEGMENTERS = ("unet", "attention_unet", "cpam_unet")
"""Compared by default; `dynunet` may be added."""

CLASSIFIERS = ("vgg16_bn", "inception_v3", "densenet121", "legacy_xception", "inception_resnet_v2")

KINDS: dict[str, str] = {
    **dict.fromkeys((*SEGMENTERS, "dynunet"), "segmenter"),
    **dict.fromkeys(CLASSIFIERS, "classifier"),
}


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
        choice = f"model.architecture={system}" if kind == "segmenter" else f"model.backbone={system}"
        own = dict(self.own).get(kind, ())
        return build_train_config(
            kind, preset=self.preset, file=self.file, overrides=(*self.shared, *own, choice, f"seed={seed}")
        )


def kind_of(system: str) -> str:
    """Return 'segmenter' or 'classifier'.

    Raises
    ------
    ConfigError
        For a system that does not exist.
    """
    if system not in KINDS:
        raise ConfigError(f"There is no system {system!r}{nearest(system, list(KINDS))}", expected=", ".join(KINDS))
    return KINDS[system]
