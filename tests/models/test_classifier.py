from dataclasses import replace

import pytest
import torch
from safetensors.torch import save_file

from napari_cpam_stroke.config import ClassifierConfig
from napari_cpam_stroke.errors import BundleError
from napari_cpam_stroke.models import build_model, count_parameters, restore_model

CONFIG = ClassifierConfig(backbone="resnet10t")


@pytest.fixture
def weights(tmp_path):
    """Backbone weights as timm saves them: three input channels, another head."""
    timm = pytest.importorskip("timm")
    torch.manual_seed(0)
    file = tmp_path / "backbone.safetensors"
    save_file(timm.create_model("resnet10t", num_classes=7).state_dict(), file)
    return file


def test_feature_extraction_teaches_the_head_only():
    model = build_model(replace(CONFIG, freeze_backbone=True)).train()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    optimiser = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.1)
    model(torch.rand(4, 3, 64, 64)).square().mean().backward()
    optimiser.step()
    changed = [k for k, v in model.state_dict().items() if not torch.equal(v, before[k])]
    assert sorted(changed) == ["network.fc.bias", "network.fc.weight"]
    assert count_parameters(model, trainable=True) == 2 * 512 + 2


def test_fine_tuning_teaches_everything():
    model = build_model(CONFIG).train()
    model(torch.rand(4, 3, 64, 64)).square().mean().backward()
    assert all(p.grad is not None for p in model.parameters())
    assert model.network.bn1.training


@pytest.mark.parametrize("channels", [1, 3, 9])
def test_local_weights_fit_any_number_of_channels(weights, channels):
    from safetensors.torch import load_file

    model = build_model(replace(CONFIG, weights_file=str(weights), in_channels=channels, pretrained=True))
    saved = load_file(weights)
    assert torch.equal(model.network.state_dict()["layer1.0.conv1.weight"], saved["layer1.0.conv1.weight"])
    assert model.network.conv1[0].weight.shape[1] == channels
    if channels == 3:
        assert torch.equal(model.network.conv1[0].weight, saved["conv1.0.weight"])


@pytest.mark.parametrize("backbone", ["resnet18", "mobilenetv3_small_050"])
def test_weights_of_another_backbone_are_one_sentence(weights, backbone):
    with pytest.raises(BundleError, match=f"another architecture than '{backbone}'") as caught:
        build_model(ClassifierConfig(backbone=backbone, weights_file=str(weights)))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [None, b"", b"not safetensors at all"])
def test_unreadable_weights_are_one_sentence(tmp_path, content):
    file = tmp_path / "weights.safetensors"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(BundleError, match="cannot be read"):
        build_model(replace(CONFIG, weights_file=str(file)))


def test_no_network_is_one_sentence(monkeypatch):
    import timm

    def offline(*args, **kwargs):
        raise OSError("Name or service not known")

    monkeypatch.setattr(timm, "create_model", offline)
    with pytest.raises(BundleError, match=r"could be downloaded; name a local safetensors file"):
        build_model(replace(CONFIG, pretrained=True))


def test_restoring_downloads_nothing(weights):
    config = replace(CONFIG, weights_file=str(weights))
    state = build_model(config).state_dict()
    weights.unlink()
    restored = restore_model(replace(config, pretrained=True), state)
    assert torch.equal(restored.state_dict()["network.fc.weight"], state["network.fc.weight"])
