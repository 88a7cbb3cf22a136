"""One test for all architectures, as they share one interface."""

import sys
from dataclasses import replace

import pytest
import torch

from napari_cpam_stroke.config import AttentionConfig, ClassifierConfig, SegmenterConfig
from napari_cpam_stroke.errors import BundleError, ConfigError
from napari_cpam_stroke.models import (
    PAPER_BACKBONES,
    SegmenterOutput,
    build_model,
    count_parameters,
    probabilities,
    restore_model,
)

SMALL = SegmenterConfig(
    base_width=8, depth=4, input_size=64, attention=AttentionConfig(token_grid=8, width=16, heads=2)
)
ARCHITECTURES = ["unet", "cpam_unet", "attention_unet", "dynunet"]


@pytest.mark.parametrize("output", ["sigmoid", "softmax"])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_segmenter_keeps_the_interface(architecture, output):
    config = replace(SMALL, architecture=architecture, output=output, in_channels=4)
    model = build_model(config)
    x = torch.rand(2, 4, 52, 40)
    trained = model.train()(x)
    assert trained.masks.shape == (2, config.out_channels, 52, 40)
    assert bool(trained.side) == (architecture != "attention_unet")
    sum(logits.mean() for logits in (trained.masks, *trained.side)).backward()
    with torch.no_grad():
        output = model.eval()(x)
    assert isinstance(output, SegmenterOutput)
    assert output.side == ()
    found = probabilities(output, config)
    assert found.masks.shape == (2, 2, 52, 40)
    assert found.image.shape == (2, 2)
    for values in found:
        assert values.dtype == torch.float32
        assert 0 <= values.min() <= values.max() <= 1


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_segmenter_weights_survive(architecture):
    config = replace(SMALL, architecture=architecture)
    model = build_model(config).eval()
    half = {k: v.half() if v.is_floating_point() else v for k, v in model.state_dict().items()}
    restored = restore_model(config, half)
    assert not restored.training
    assert next(restored.parameters()).dtype == torch.float32
    x = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(restored(x).masks, model(x).masks, rtol=0.05, atol=0.05)


@pytest.mark.parametrize("other", [{"base_width": 4}, {"architecture": "unet"}, {"architecture": "dynunet"}])
def test_weights_of_another_architecture_are_refused(other):
    state = build_model(SMALL).state_dict()
    with pytest.raises(BundleError, match="belong to another architecture") as caught:
        restore_model(replace(SMALL, **other), state)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("package", ["monai", "timm", "entmax"])
def test_missing_package_names_the_command_that_brings_it(package, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.setitem(sys.modules, "monai.networks", None)
    softmax = ClassifierConfig(output="sparsemax")
    calls = {
        "monai": lambda: build_model(replace(SMALL, architecture="dynunet")),
        "timm": lambda: build_model(ClassifierConfig()),
        "entmax": lambda: probabilities(torch.zeros(1, 3), softmax),
    }
    remedy = (
        r'in the folder of .* pip install "\."'
        if package == "timm"
        else r'in the folder of .* pip install "\.\[train\]"'
    )
    with pytest.raises(BundleError, match=remedy):
        calls[package]()


@pytest.mark.parametrize("backbone", PAPER_BACKBONES)
def test_the_papers_classifiers(backbone):
    config = ClassifierConfig(backbone=backbone, in_channels=9, output="softmax")
    with torch.device("meta"):  # shapes without the memory of 138 million weights
        model = build_model(config).eval()
        assert model(torch.empty(2, 9, 128, 128)).shape == (2, 3)
        assert sum(p.numel() for p in model.head.parameters()) < 0.1 * count_parameters(model)


@pytest.mark.parametrize("output", ["sigmoid", "softmax", "sparsemax"])
def test_classifier_outputs_are_probabilities(output):
    config = ClassifierConfig(backbone="resnet10t", output=output)
    logits = build_model(config).eval()(torch.rand(2, 3, 64, 64))
    assert logits.shape == (2, config.out_channels)
    found = probabilities(logits * 20, config)
    assert found.masks is None
    assert found.image.shape == (2, 2)
    assert 0 <= found.image.min() <= found.image.max() <= 1
    assert output == "sigmoid" or found.image.sum(dim=1).max() <= 1 + 1e-6


def test_unknown_backbone_is_refused_with_the_nearest():
    with pytest.raises(ConfigError, match=r"no backbone 'vgg16bn' \(did you mean 'vgg16_bn'\?\)"):
        build_model(ClassifierConfig(backbone="vgg16bn"))


def test_a_network_of_others_is_not_built_here():
    with pytest.raises(ConfigError, match=r"'litemedsam' is a network of others.*cpam-train fit litemedsam"):
        build_model(SegmenterConfig(architecture="litemedsam"))
