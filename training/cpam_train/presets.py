"""From a starting point to the settings of a run: presets by name, a file over them, then each `--set`.

Presets are `default`, `paper`, `quick`, and `brats` for the MR set of the paper.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from cpam_train.config import (
    AugmentConfig,
    DataConfig,
    LossConfig,
    OptimConfig,
    StopConfig,
    TrainConfig,
)
from cpam_train.medsam.input import ARCHITECTURE, LOOKED_AT
from cpam_train.settings_file import settings_in
from napari_cpam_stroke.config import (
    BRAIN,
    AttentionConfig,
    ClassifierConfig,
    EncoderConfig,
    ModelConfig,
    PreprocessConfig,
    PromptInput,
    SegmenterConfig,
    build_config,
    plain,
)
from napari_cpam_stroke.errors import ConfigError, nearest
from napari_cpam_stroke.prompting.network_input import PROMPT_CHANNELS

PRESETS: tuple[str, ...] = ("default", "paper", "quick", "brats")
KINDS: tuple[str, ...] = ("segmenter", "classifier", "prompted", "litemedsam")

PROMPTED_CLASS = "lesion"
"""The one class of a network that listens to prompts: whichever is asked for."""


def build_train_config(
    kind: str,
    *,
    preset: str = "default",
    start: Sequence[str] = (),
    file: Path | None = None,
    overrides: Sequence[str] = (),
) -> TrainConfig:
    """Return the settings of a run: the preset, what a model to begin from asks for, a file, then each `a.b=value`.

    Parameters
    ----------
    kind
        One of `KINDS`.
    start
        Strings as in `overrides`, of `fitting.start.start_settings`.
    file
        JSON or YAML with any part of the tree, or what holds all of it: config.json of a run, a model's card.
    overrides
        Strings `path.to.setting=value`; the value is JSON, or else a plain word.

    Raises
    ------
    ConfigError
        For a setting that does not exist (naming the nearest one) or a value out of range.
    """
    values = preset_values(kind, preset)
    return _laid_over(_overridden(values, start, "the model to begin from"), file, overrides)


def changed(config: TrainConfig, *, file: Path | None = None, overrides: Sequence[str] = ()) -> TrainConfig:
    """Return settings with a file laid over them, then each `a.b=value`, as `build_train_config` does.

    Raises
    ------
    ConfigError
        For a setting that does not exist or a value out of range.
    """
    return _laid_over(plain(config), file, overrides)


def _laid_over(values: dict[str, Any], file: Path | None, overrides: Sequence[str]) -> TrainConfig:
    if file is not None:
        values = merged(values, settings_in(file), source=file.name)
    values = _overridden(values, overrides, "--set")
    return _coupled(build_config(TrainConfig, values, where="training config"))


def _overridden(values: dict[str, Any], overrides: Sequence[str], source: str) -> dict[str, Any]:
    for override in overrides:
        path, _, value = override.partition("=")
        if not path or "=" not in override:
            raise ConfigError("--set needs a setting and a value", got=repr(override), expected="a.b=value")
        values = merged(values, _nested(path.strip().split("."), _parsed(value)), source=source)
    return values


def merged(base: Mapping[str, Any], change: Mapping[str, Any], *, source: str, path: str = "") -> dict[str, Any]:
    """Return `base` with the values of `change` laid over it, refusing keys that `base` does not have."""
    result = dict(base)
    for key, value in change.items():
        full = f"{path}{key}"
        if key not in base:
            raise ConfigError(
                f"{source} names a setting that does not exist: {full!r}{nearest(key, list(base))}",
                remedy=f"known here: {', '.join(sorted(base))}",
            )
        branch = isinstance(base[key], Mapping)
        if branch and not isinstance(value, Mapping):
            raise ConfigError(f"{source} setting {full!r} is a group", got=repr(value), expected=f"{full}.<setting>")
        result[key] = merged(base[key], value, source=source, path=f"{full}.") if branch else value
    return result


def leaves(values: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every single setting of nested values as `a.b` and its value."""
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from leaves(value, f"{path}{key}.")
        else:
            yield f"{path}{key}", value


def require_kind(kind: str) -> None:
    """Raise ConfigError for what cannot be trained."""
    if kind not in KINDS:
        raise ConfigError(f"There is no task {kind!r}{nearest(kind, KINDS)}", expected=" or ".join(KINDS))


def preset_values(kind: str, name: str) -> dict[str, Any]:
    """Return a preset as plain values, ready to be overlaid.

    Raises
    ------
    ConfigError
        For a name or a kind that does not exist.
    """
    require_kind(kind)
    if name not in PRESETS:
        raise ConfigError(f"There is no preset {name!r}{nearest(name, PRESETS)}", expected=", ".join(PRESETS))
    if kind in PROMPTED:
        if name not in PROMPTED_PRESETS:
            raise ConfigError(f"The preset {name!r} has no prompts", expected=" or ".join(PROMPTED_PRESETS))
        return plain(PROMPTED[kind](quick=name == "quick"))
    build = {"default": _default, "paper": _paper, "quick": _quick, "brats": _brats}[name]
    return plain(build(SegmenterConfig() if kind == "segmenter" else ClassifierConfig()))


def _default(model: ModelConfig) -> TrainConfig:
    if isinstance(model, SegmenterConfig):
        return TrainConfig(model=replace(model, base_width=24, dropout=0.1))
    return TrainConfig(model=model, optim=OptimConfig(lr=3e-4))


def _paper(model: ModelConfig) -> TrainConfig:
    """Return the paper's chosen values: 1e-4, batch 32, 100 epochs, dropout 0.3, crop 128, alpha 0.25, gamma 2."""
    augment = AugmentConfig(
        rotate_degrees=30,
        crop_size=128,
        flip_p=0.5,
        equalize_p=0.1,
        elastic_p=0,
        blur_p=0,
        bone_end_p=0,
    )
    return TrainConfig(
        model=replace(model, dropout=0.3),
        preprocess=PreprocessConfig(windows=(BRAIN,), size=512, crop_to_head=False),
        data=DataConfig(batch_size=32, balance=0, draws=(4, 2), synthetic=False),
        augment=augment if isinstance(model, SegmenterConfig) else replace(augment, crop_size=None, crop_p=0.5),
        loss=LossConfig(name="bce_focal", alpha=0.25, gamma=2),
        optim=OptimConfig(name="adam", lr=1e-4, weight_decay=0, schedule="constant", warmup=0, clip=0, ema=0),
        stop=StopConfig(patience=20, patience_multiplier=2.0),
        epochs=100,
    )


def _quick(model: ModelConfig) -> TrainConfig:
    """Return a small run that shows the whole way in a minute; its model is of no other use."""
    if isinstance(model, SegmenterConfig):
        attention = AttentionConfig(token_grid=16, heads=2, width=16)
        model = replace(model, base_width=8, depth=4, dropout=0.0, attention=attention)
    else:
        model = replace(model, backbone="resnet18", dropout=0.0)
    return TrainConfig(
        model=model,
        preprocess=PreprocessConfig(size=128),
        data=DataConfig(batch_size=8),
        optim=OptimConfig(lr=2e-3, ema=0.9),
        epochs=5,
    )


def _brats(model: ModelConfig) -> TrainConfig:
    """Return a run on BraTS 2018: four MR channels, three tumour labels, grey values left alone (MR has no scale)."""
    if not isinstance(model, SegmenterConfig):
        raise ConfigError("BraTS is for segmenters only", remedy="use: cpam-train fit segmenter --preset brats")
    return TrainConfig(
        model=replace(model, in_channels=4, classes=("necrosis", "edema", "enhancing"), dropout=0.1),
        preprocess=PreprocessConfig(size=192, crop_to_head=False),
        data=DataConfig(modality="brats", synthetic=False, cache=False),
    )


def _prompted(*, quick: bool) -> TrainConfig:
    """Return a network that listens to prompts, on a light ImageNet encoder; `quick` makes a small one from chance."""
    model = SegmenterConfig(
        classes=(PROMPTED_CLASS,),
        image_head=False,
        residual=quick,
        fusion=quick,
        base_width=8,
        depth=4,
        dropout=0.0 if quick else 0.1,
        attention=AttentionConfig(token_grid=16, heads=2 if quick else 4, width=16 if quick else 64, symmetry=False),
        encoder=EncoderConfig() if quick else EncoderConfig("tf_efficientnet_lite0", pretrained=True),
    )
    return TrainConfig(
        model=model,
        preprocess=PreprocessConfig(size=96 if quick else 160, crop_to_head=False, align_midline=False),
        data=DataConfig(batch_size=8, samples_per_epoch=64 if quick else 1600, synthetic=False, cache=False),
        loss=LossConfig(dice_over="both"),
        optim=OptimConfig(lr=2e-3 if quick else 1e-3, encoder_lr_share=0.5, ema=0.9 if quick else 0.995),
        prompts=PromptInput(),
        epochs=5 if quick else 40,
    )


def _medsam(*, quick: bool) -> TrainConfig:
    """Return LiteMedSAM's fine-tuning: what turns prompts and features into a mask learns, the encoder stays.

    What it does not use here, the mask as a prompt and the guess of its own quality, stays as well.
    """
    unused = (("prompt_encoder.mask_downscaling.", 0.0), ("mask_decoder.iou_prediction_head.", 0.0))
    return TrainConfig(
        model=SegmenterConfig(architecture=ARCHITECTURE, classes=(PROMPTED_CLASS,), image_head=False),
        preprocess=LOOKED_AT,
        data=DataConfig(batch_size=4, samples_per_epoch=16 if quick else 400, per_patient=4, synthetic=False),
        augment=AugmentConfig(enabled=False),
        loss=LossConfig(dice_over="both"),
        optim=OptimConfig(lr=2e-4, lr_shares=unused, ema=0.9 if quick else 0.98),
        epochs=2 if quick else 20,
    )


PROMPTED: dict[str, Callable[..., TrainConfig]] = {"prompted": _prompted, "litemedsam": _medsam}
"""What answers prompts, by the word for it."""

PROMPTED_PRESETS = ("default", "quick")


def _coupled(config: TrainConfig) -> TrainConfig:
    """Return the config with the network's input channels and size taken from the preprocessing."""
    model = config.model
    channels = config.preprocess.channels if config.data.modality == "ct" else model.in_channels
    if config.prompts is not None:
        channels += len(PROMPT_CHANNELS)
    if isinstance(model, SegmenterConfig):
        return replace(config, model=replace(model, in_channels=channels, input_size=config.preprocess.size))
    return replace(config, model=replace(model, in_channels=channels))


def _nested(path: Sequence[str], value: Any) -> dict[str, Any]:
    for key in reversed(path):
        value = {key: value}
    return dict(value)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
