from dataclasses import replace

import pytest
import torch

from napari_cpam_stroke.config import AttentionConfig, SegmenterConfig
from napari_cpam_stroke.errors import ConfigError, InputError
from napari_cpam_stroke.models import CPAMUNet, build_model, fold_batch_norm, probabilities, restore_model
from napari_cpam_stroke.models.attention_sites import token_patch

SMALL = SegmenterConfig(
    base_width=8, depth=4, input_size=64, dropout=0.0, attention=AttentionConfig(token_grid=8, width=32, heads=2)
)
UNET = replace(SMALL, architecture="unet")


def seeded(config: SegmenterConfig) -> CPAMUNet:
    torch.manual_seed(3)
    return CPAMUNet(config)


def image(*, size=(64, 64), batch=2, channels=3) -> torch.Tensor:
    return torch.rand(batch, channels, *size, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("training", [False, True])
def test_untrained_cpam_unet_equals_the_unet_exactly(training):
    cpam, unet = seeded(SMALL).train(training), seeded(UNET).train(training)
    with torch.no_grad():
        with_attention, without = cpam(image()), unet(image())
    assert len(cpam.attention) == 4
    assert not unet.attention
    assert (with_attention.masks - without.masks).abs().max() == 0
    assert (with_attention.image - without.image).abs().max() == 0


def test_unet_weights_load_into_the_cpam_unet():
    missing, unexpected = seeded(SMALL).load_state_dict(seeded(UNET).state_dict(), strict=False)
    assert not unexpected
    assert all(name.startswith("attention.") for name in missing)


@pytest.mark.parametrize("placement", [("none",), ("bottleneck",), ("skips", "bottleneck"), ("encoder", "skips")])
def test_attention_stands_where_it_is_placed(placement):
    model = seeded(replace(SMALL, attention=replace(SMALL.attention, placement=placement)))
    sites = {"none": [], "bottleneck": ["bottleneck3"], "skips": ["skips0", "skips1", "skips2"]}
    sites["encoder"] = ["encoder0", "encoder1", "encoder2"]
    assert sorted(model.attention) == sorted(name for place in placement for name in sites[place])


@pytest.mark.parametrize("placement", [("skips", "bottleneck"), ("encoder", "bottleneck")])
@pytest.mark.parametrize("similarity", ["scaled_dot", "cosine", "additive", "linear"])
def test_gradients_reach_every_parameter(similarity, placement):
    model = seeded(replace(SMALL, attention=replace(SMALL.attention, similarity=similarity, placement=placement)))
    for module in model.attention.values():
        torch.nn.init.normal_(module.gamma)
    output = model.train()(image())
    sum((logits**2).mean() for logits in (output.masks, output.image, *output.side)).backward()
    without = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert without == []


@pytest.mark.parametrize("size", [(64, 64), (50, 37), (33, 70), (128, 96)])
def test_any_size_goes_in_and_comes_out(size):
    model = seeded(SMALL).train()
    output = model(image(size=size))
    assert output.masks.shape == (2, 2, *size)
    assert output.image.shape == (2, 2)
    assert [s.shape[-2:] for s in output.side] == [
        tuple(-(-edge // 2**step) for edge in size) for step in range(1, 1 + len(output.side))
    ]
    assert model.eval()(image(size=size)).side == ()


@pytest.mark.parametrize(
    ("change", "channels"),
    [
        ({"in_channels": 9}, 2),
        ({"output": "softmax"}, 3),
        ({"classes": ("wt", "tc", "et"), "in_channels": 4}, 3),
        ({"depth": 2}, 2),
        ({"residual": False, "fusion": False, "deep_supervision": False, "image_head": False}, 2),
    ],
)
def test_channels_classes_and_parts_follow_the_config(change, channels):
    config = replace(SMALL, **change)
    output = seeded(config).train()(image(channels=config.in_channels))
    assert output.masks.shape[1] == channels
    assert (output.image is not None) == config.image_head
    assert bool(output.side) == (config.deep_supervision and config.depth > 2)


def test_same_token_grid_at_each_level_of_the_published_size():
    config = SegmenterConfig(input_size=512, base_width=4)
    assert [CPAMUNet(config).attention[f"{place}{level}"].patch for level, place in enumerate(["skips"] * 4)] == [
        16,
        8,
        4,
        2,
    ]
    assert CPAMUNet(config).attention["bottleneck4"].patch == 1


def test_explain_returns_the_map_of_a_level():
    model = seeded(SMALL).eval()
    with torch.no_grad():
        attention = model.explain(image(size=(50, 64)), level=1)
    assert attention.shape == (2, 2, 7 * 8, 7 * 8)
    torch.testing.assert_close(attention.sum(dim=-1), torch.ones(2, 2, 56))


def test_attention_from_a_pixel_is_a_row_of_the_map():
    model = seeded(SMALL).eval()
    with torch.no_grad():
        seen = model.attention_from(image(), 1, (63, 0))
        row = model.explain(image(), level=1)[:, :, 7 * 8].mean(dim=1)
    assert seen.shape == (2, 64, 64)
    torch.testing.assert_close(seen[:, 4::8, 4::8].flatten(1), row)


def test_level_without_attention_is_named():
    model = seeded(replace(SMALL, attention=replace(SMALL.attention, placement=("bottleneck",))))
    with pytest.raises(InputError, match=r"no attention at that level, got 1, expected one of \[3\]"):
        model.explain(image(), level=1)


@pytest.mark.parametrize(
    "attention",
    [replace(SMALL.attention, placement=("none", "skips")), AttentionConfig(similarity="additive", token_grid=64)],
)
def test_settings_that_do_not_fit_are_refused(attention):
    with pytest.raises(ConfigError):
        CPAMUNet(replace(SMALL, attention=attention))


def test_gate_multiplies_masks_by_the_image_probability():
    output = seeded(SMALL).eval()(image())
    free = probabilities(output, SMALL)
    gated = probabilities(output, replace(SMALL, gate=True))
    torch.testing.assert_close(gated.masks, free.masks * free.image[:, :, None, None])
    torch.testing.assert_close(probabilities(output, SMALL, gate=True).masks, gated.masks)


def test_bfloat16_autocast_stays_close():
    model = seeded(SMALL).eval().to(memory_format=torch.channels_last)
    for module in model.attention.values():
        torch.nn.init.ones_(module.gamma)
    with torch.no_grad():
        exact = model(image()).masks
        with torch.autocast("cpu", dtype=torch.bfloat16):
            reduced = model(image().contiguous(memory_format=torch.channels_last)).masks
    assert (reduced.float() - exact).abs().max() < 0.1 * exact.abs().max()


def test_torch_export_gives_the_same_masks():
    model = seeded(SMALL).eval()
    exported = torch.export.export(model, (image(),)).module()
    with torch.no_grad():
        torch.testing.assert_close(exported(image()).masks, model(image()).masks)


def test_torch_compile_traces_without_a_break():
    model = seeded(SMALL).eval()
    compiled = torch.compile(model, backend="eager", fullgraph=True)
    with torch.no_grad():
        torch.testing.assert_close(compiled(image()).masks, model(image()).masks)


def test_torch_compile_trains_in_bfloat16_without_a_break():
    """One graph forward, one backward, and the gradients of the plain network."""
    gradients = []
    for wrap in (lambda m: m, lambda m: torch.compile(m, backend="aot_eager", fullgraph=True)):
        model = seeded(SMALL).train()
        for module in model.attention.values():
            torch.nn.init.ones_(module.gamma)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            output = wrap(model)(image())
        sum(logits.float().square().mean() for logits in (output.masks, output.image, *output.side)).backward()
        gradients.append({name: p.grad for name, p in model.named_parameters()})
    plain, compiled = gradients
    for name, gradient in plain.items():
        torch.testing.assert_close(compiled[name], gradient, rtol=0.1, atol=0.02 * float(gradient.abs().max()))


def test_weights_restore_and_other_weights_are_refused():
    saved = seeded(SMALL)
    restored = restore_model(SMALL, saved.state_dict())
    with torch.no_grad():
        torch.testing.assert_close(restored(image()).masks, saved.eval()(image()).masks)
    assert build_model(SMALL).training


def test_folded_batch_norm_predicts_the_same():
    model = seeded(SMALL)
    with torch.no_grad():
        model.train()(image())
        before = model.eval()(image())
        after = fold_batch_norm(model)(image())
    assert not [m for b in (*model.encoder, *model.decoder) for m in b.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    torch.testing.assert_close(after.masks, before.masks, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(after.image, before.image, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("size", [64, 96, 100, 128])
@pytest.mark.parametrize("grid", [5, 8, 32])
def test_no_level_has_more_tokens_than_the_grid(size, grid):
    config = SegmenterConfig(input_size=size, attention=AttentionConfig(token_grid=grid))
    for level in range(config.depth):
        edge = size // 2**level
        assert -(-edge // token_patch(config, level)) <= grid
