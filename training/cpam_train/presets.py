"""The starting points of a run by name: `default`, `paper`, `quick`, and `brats` for the MR set of the paper."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cpam_train.config import (
    AugmentConfig,
    DataConfig,
    LossConfig,
    OptimConfig,
    StopConfig,
    TrainConfig,
)
from napari_cpam_stroke.config import (
    BRAIN,
    AttentionConfig,
    ClassifierConfig,
    ModelConfig,
    PreprocessConfig,
    SegmenterConfig,
    plain,
)
from napari_cpam_stroke.errors import ConfigError, nearest

PRESETS: tuple[str, ...] = ("default", "paper", "quick", "brats")
KINDS: tuple[str, ...] = ("segmenter", "classifier")


def preset_values(kind: str, name: str) -> dict[str, Any]:
    """Return a preset as plain values, ready to be overlaid.

    Raises
    ------
    ConfigError
        For a name or a kind that does not exist.
    """
    if kind not in KINDS:
        raise ConfigError(f"There is no task {kind!r}{nearest(kind, KINDS)}", expected=" or ".join(KINDS))
    if name not in PRESETS:
        raise ConfigError(f"There is no preset {name!r}{nearest(name, PRESETS)}", expected=", ".join(PRESETS))
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
