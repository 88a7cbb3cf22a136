from dataclasses import replace

import pytest
import torch
from torch import nn

from napari_cpam_stroke.config import AttentionConfig, EncoderConfig, SegmenterConfig
from napari_cpam_stroke.errors import BundleError, ConfigError, InputError
from napari_cpam_stroke.models import EncoderUNet, Ensemble, build_model, fold_batch_norm, probabilities, restore_model

SMALL = SegmenterConfig(
    input_size=64,
    dropout=0.0,
    encoder=EncoderConfig("tf_efficientnet_lite0", decoder_widths=(16, 12, 8, 8)),
    attention=AttentionConfig(token_grid=8, width=32, heads=2),
)
UNET = replace(SMALL, architecture="unet")


def seeded(config: SegmenterConfig) -> EncoderUNet:
    torch.manual_seed(3)
    model = build_model(config)
    assert isinstance(model, EncoderUNet)
    return model


def on(backbone: str, **settings) -> SegmenterConfig:
    return replace(SMALL, encoder=replace(SMALL.encoder, backbone=backbone), **settings)


def image(*, size=(64, 64), batch=2, channels=3) -> torch.Tensor:
    return torch.rand(batch, channels, *size, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("training", [False, True])
def test_untrained_it_equals_the_unet_on_the_same_backbone_exactly(training):
    cpam, unet = seeded(SMALL).train(training), seeded(UNET).train(training)
    with torch.no_grad():
        with_attention, without = cpam(image()), unet(image())
    assert sorted(cpam.attention) == ["bottleneck5", "skips2", "skips3", "skips4"]
    assert not unet.attention
    assert (with_attention.masks - without.masks).abs().max() == 0
    assert (with_attention.image - without.image).abs().max() == 0


def test_trained_attention_changes_the_masks_and_the_image_head():
    cpam, unet = seeded(SMALL).eval(), seeded(UNET).eval()
    for module in cpam.attention.values():
        nn.init.normal_(module.gamma)
    with torch.no_grad():
        seen, plain = cpam(image()), unet(image())
    assert (seen.masks - plain.masks).abs().max() > 1e-3
    assert (seen.image - plain.image).abs().max() > 1e-3


def test_gradients_reach_every_parameter():
    model = seeded(SMALL)
    for module in model.attention.values():
        nn.init.normal_(module.gamma)
    output = model.train()(image())
    sum((logits**2).mean() for logits in (output.masks, output.image, *output.side)).backward()
    without = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert without == []


@pytest.mark.parametrize("backbone", ["tf_efficientnet_lite0", "resnet10t", "tiny_vit_5m_224"])
@pytest.mark.parametrize("size", [(64, 64), (50, 37), (33, 70)])
def test_any_size_goes_in_and_comes_out_of_any_backbone(backbone, size):
    model = seeded(on(backbone)).train()
    output = model(image(size=size))
    assert output.masks.shape == (2, 2, *size)
    assert output.image.shape == (2, 2)
    assert [s.shape[-2:] for s in output.side] == [
        tuple(-(-edge // 2**level) for edge in size) for level in model.levels[1:-1]
    ]
    assert model.eval()(image(size=size)).side == ()


@pytest.mark.parametrize(
    ("change", "channels"),
    [
        ({"in_channels": 5}, 2),
        ({"in_channels": 5, "mirror_input": True}, 2),
        ({"output": "softmax"}, 3),
        ({"residual": False, "fusion": False, "deep_supervision": False, "image_head": False}, 2),
    ],
)
def test_channels_classes_and_parts_follow_the_config(change, channels):
    config = replace(SMALL, **change)
    model = seeded(config)
    output = model.train()(image(channels=config.in_channels))
    assert model.encoder.conv_stem.weight.shape[1] == config.first_channels
    assert output.masks.shape[1] == channels
    assert (output.image is not None) == config.image_head
    assert bool(output.side) == config.deep_supervision


def test_the_input_is_brought_to_the_range_of_the_backbone():
    seen = []
    model = seeded(SMALL).eval()
    model.encoder.conv_stem.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    with torch.no_grad():
        model(image())
    torch.testing.assert_close(seen[0], image() * 2 - 1)


def test_few_pixels_are_lesion_before_training():
    with torch.no_grad():
        found = probabilities(seeded(replace(SMALL, fusion=False)).eval()(image()), SMALL)
    assert found.masks.median() < 0.2


def test_patches_keep_one_token_grid_at_every_level():
    model = seeded(replace(SMALL, input_size=256, attention=replace(SMALL.attention, token_grid=16)))
    assert {name: module.patch for name, module in model.attention.items()} == {
        "skips2": 4,
        "skips3": 2,
        "skips4": 1,
        "bottleneck5": 1,
    }


@pytest.mark.parametrize(
    ("placement", "sites"),
    [(("none",), []), (("bottleneck",), ["bottleneck5"]), (("skips",), ["skips2", "skips3", "skips4"])],
)
def test_attention_stands_where_it_is_placed(placement, sites):
    model = seeded(replace(SMALL, attention=replace(SMALL.attention, placement=placement)))
    assert sorted(model.attention) == sites
    assert model.attention_levels == tuple(sorted(int(site[-1]) for site in sites))


def test_attention_from_a_pixel_is_a_row_of_the_map():
    model = seeded(SMALL).eval()
    with torch.no_grad():
        seen = model.attention_from(image(), 3, (63, 0))
        row = model.explain(image(), level=3)[:, :, 7 * 8].mean(dim=1)
    assert seen.shape == (2, 64, 64)
    torch.testing.assert_close(seen[:, 4::8, 4::8].flatten(1), row)


def test_level_without_attention_is_named():
    with pytest.raises(InputError, match=r"no attention at that level, got 1, expected one of \[2, 3, 4, 5\]"):
        seeded(SMALL).explain(image(), level=1)


def test_members_show_their_attention_together():
    model = build_model(replace(SMALL, members=2)).eval()
    assert isinstance(model, Ensemble)
    assert model.attention_levels == (2, 3, 4, 5)


def test_half_the_bytes_and_folded_norms_say_the_same():
    model = seeded(SMALL).train()
    with torch.no_grad():
        model(image(batch=4))  # batch statistics that are not 0 and 1
        expected = model.eval()(image())
        half = {k: v.half() if v.is_floating_point() else v for k, v in model.state_dict().items()}
        restored = fold_batch_norm(restore_model(SMALL, half))
        torch.testing.assert_close(restored(image()).masks, expected.masks, rtol=0.02, atol=0.02)


@pytest.mark.parametrize("other", [{"architecture": "unet"}, {"encoder": EncoderConfig("resnet10t")}])
def test_weights_of_another_network_are_refused(other):
    with pytest.raises(BundleError, match="belong to another architecture") as caught:
        restore_model(replace(SMALL, **other), seeded(SMALL).state_dict())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (on("tf_efficientnet_lite"), r"no backbone 'tf_efficientnet_lite' \(did you mean 'tf_efficientnet_lite\d'\?\)"),
        (on("vit_tiny_patch16_224"), "expected sizes that halve"),
        (on("swin_tiny_patch4_window7_224"), "choose a convolutional backbone"),
        (replace(SMALL, architecture="dynunet"), "'dynunet' has an encoder of its own"),
        (replace(SMALL, attention=AttentionConfig(placement=("encoder",))), "place attention at skips or bottleneck"),
        (replace(SMALL, encoder=EncoderConfig("resnet10t", decoder_widths=(16, 8))), "expected 4 widths"),
    ],
)
def test_what_does_not_fit_is_one_sentence(config, words):
    with pytest.raises(ConfigError, match=words) as caught:
        build_model(config)
    assert "\n" not in str(caught.value)
