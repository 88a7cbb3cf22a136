from __future__ import annotations

import json
from dataclasses import FrozenInstanceError

import pytest

from napari_cpam_stroke.config import (
    AttentionConfig,
    ClassifierConfig,
    EncoderConfig,
    ModelConfig,
    PreprocessConfig,
    SegmenterConfig,
    Window,
    build_config,
    plain,
)
from napari_cpam_stroke.errors import ConfigError

CONFIGS = [
    Window(40, 80),
    PreprocessConfig(size=128, context_slices=3, windows=(Window(1, 2),)),
    AttentionConfig(placement=("encoder",), similarity="linear", heads=8, width=64),
    SegmenterConfig(output="softmax", attention=AttentionConfig(token_grid=16), gate=True),
    ClassifierConfig(output="sparsemax", backbone="resnet18"),
    PreprocessConfig(context_slices=3, context_windows=(Window(40, 40),)),
    SegmenterConfig(encoder=EncoderConfig("tf_efficientnet_lite0", decoder_widths=(16, 8))),
]


@pytest.mark.parametrize("config", CONFIGS, ids=lambda c: type(c).__name__)
def test_stored_as_json_and_built_again(config) -> None:
    values = json.loads(json.dumps(plain(config)))
    assert build_config(type(config), values) == config


@pytest.mark.parametrize("config", [CONFIGS[3], CONFIGS[4]], ids=lambda c: c.kind)
def test_the_kind_tells_which_model_it_is(config) -> None:
    assert build_config(ModelConfig, plain(config)) == config


@pytest.mark.parametrize("config", CONFIGS, ids=lambda c: type(c).__name__)
def test_configs_are_frozen(config) -> None:
    name = next(iter(plain(config)))
    with pytest.raises(FrozenInstanceError):
        setattr(config, name, 1)


@pytest.mark.parametrize(
    ("kind", "values", "parts"),
    [
        (PreprocessConfig, {"sise": 128}, ("'sise'", "did you mean 'size'")),
        (SegmenterConfig, {"attention": {"head": 4}}, ("'attention.head'", "did you mean 'heads'")),
        (PreprocessConfig, {"size": 8}, ("'size'", "8", "32")),
        (PreprocessConfig, {"context_slices": 2}, ("odd", "2")),
        (PreprocessConfig, {"context_windows": []}, ("at least one window",)),
        (EncoderConfig, {"input_range": [1, -1]}, ("(low, high)", "1")),
        (EncoderConfig, {"decoder_widths": [128, 2]}, ("decoder_widths", "4")),
        (AttentionConfig, {"width": 20, "heads": 4}, ("multiple of 8", "20 / 4")),
        (Window, {"centre": 1, "width": 0}, ("'width'", "greater than 0")),
        (Window, {"centre": 1, "width": float("inf")}, ("'width'", "inf", "finite")),
        (Window, {"centre": float("nan"), "width": 80}, ("'centre'", "nan", "finite")),
        (SegmenterConfig, {"architecture": "vit"}, ("'architecture'", "'vit'", "cpam_unet")),
    ],
)
def test_a_wrong_setting_is_named(kind: type, values: dict, parts: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError) as caught:
        build_config(kind, values, where="card.json")
    message = str(caught.value)
    assert message.startswith("card.json")
    for part in parts:
        assert part in message


def test_settings_that_do_not_fit_each_other_are_told_in_one_sentence() -> None:
    with pytest.raises(ConfigError) as caught:
        build_config(SegmenterConfig, {"attention": {"width": 20, "heads": 4}}, where="model")
    assert (
        str(caught.value)
        == "model setting 'attention' is not valid: width / heads must be a multiple of 8, not 20 / 4."
    )


def test_channels_follow_windows_and_context() -> None:
    assert PreprocessConfig().channels == 3
    assert PreprocessConfig(context_slices=5, windows=(Window(0, 1), Window(2, 3))).channels == 10
    assert PreprocessConfig(context_slices=5, context_windows=(Window(0, 1),)).channels == 3 + 4
    assert PreprocessConfig(context_windows=(Window(0, 1),)).channels == 3, "a single slice has no neighbours"


@pytest.mark.parametrize(("output", "channels"), [("sigmoid", 2), ("softmax", 3)])
def test_softmax_has_background_as_one_more_channel(output: str, channels: int) -> None:
    assert SegmenterConfig(output=output).out_channels == channels
    assert ClassifierConfig(output=output).out_channels == channels


def test_window_edges() -> None:
    assert (Window(40, 80).low, Window(40, 80).high) == (0, 80)
