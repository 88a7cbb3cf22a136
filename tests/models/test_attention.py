import math
from dataclasses import replace

import pytest
import torch

from napari_cpam_stroke.config import AttentionConfig
from napari_cpam_stroke.errors import ConfigError
from napari_cpam_stroke.models import CrossPatchAttention
from napari_cpam_stroke.models.attention import DenseGradient, mirrored

CONFIG = AttentionConfig(width=32, heads=2)
SIMILARITIES = ["scaled_dot", "cosine", "additive", "linear"]


def module(*, patch: int = 4, **changes) -> CrossPatchAttention:
    torch.manual_seed(0)
    built = CrossPatchAttention(6, patch, replace(CONFIG, **changes)).eval()
    torch.nn.init.normal_(built.gamma)
    return built


def without_positions(built: CrossPatchAttention) -> CrossPatchAttention:
    for part in (built.positions.even, built.positions.odd):
        torch.nn.init.zeros_(part.weight)
    return built


def feature(height: int = 16, width: int = 24) -> torch.Tensor:
    return torch.randn(2, 6, height, width, generator=torch.Generator().manual_seed(5))


@pytest.mark.parametrize("similarity", SIMILARITIES)
@pytest.mark.parametrize("size", [(16, 24), (13, 22), (3, 3)])
def test_rows_of_the_map_sum_to_one(similarity, size):
    attention = module(similarity=similarity).attention_map(feature(*size))
    tokens = math.prod(-(-edge // 4) for edge in size)
    assert attention.shape == (2, 2, tokens, tokens)
    assert attention.dtype == torch.float32
    assert (attention >= 0).all()
    torch.testing.assert_close(attention.sum(dim=-1), torch.ones(2, 2, tokens))


@pytest.mark.parametrize("similarity", SIMILARITIES)
def test_permuting_patches_permutes_the_map(similarity):
    built = without_positions(module(similarity=similarity))
    x = feature()
    order = torch.randperm(24, generator=torch.Generator().manual_seed(2))
    patches = torch.nn.functional.unfold(x, 4, stride=4)
    shuffled = torch.nn.functional.fold(patches[:, :, order], (16, 24), 4, stride=4)
    before, after = built.attention_map(x), built.attention_map(shuffled)
    torch.testing.assert_close(after, before[:, :, order][:, :, :, order])


@pytest.mark.parametrize("similarity", SIMILARITIES)
def test_fused_kernel_computes_what_the_map_says(similarity):
    built = module(similarity=similarity, symmetry=False)
    tokens = built.tokens(feature())
    value = built._split(built.value(tokens))
    gathered = tokens + (built.attention_map(feature()) @ value).transpose(1, 2).flatten(2)
    torch.testing.assert_close(built.gather(tokens, (4, 6)), gathered + built.feed_forward(gathered))


def test_linear_combination_gives_every_row_the_same():
    attention = module(similarity="linear").attention_map(feature())
    torch.testing.assert_close(attention, attention[:, :, :1].expand_as(attention))


def test_mirrored_tokens_exchange_left_and_right():
    tokens = torch.arange(12.0).reshape(1, 6, 2)
    assert mirrored(tokens, (2, 3))[0, :, 0].tolist() == [4, 2, 0, 10, 8, 6]


def test_twins_share_the_even_part_of_their_position_only():
    positions = module().positions
    p = positions(4, 6).reshape(4, 6, -1)
    odd = (p - p.flip(1)) / 2
    assert odd.abs().max() > 0
    torch.nn.init.zeros_(positions.odd.weight)
    even = positions(4, 6).reshape(4, 6, -1)
    torch.testing.assert_close(even, even.flip(1))
    torch.testing.assert_close(even + odd, p)


def test_symmetric_features_have_no_asymmetry_to_see():
    """With the odd positions off, a mirror-symmetric feature map gives the same result with and without symmetry."""
    with_symmetry = module(patch=1)
    torch.nn.init.zeros_(with_symmetry.positions.odd.weight)
    x = feature() + feature().flip(-1)
    tokens = with_symmetry.tokens(x)
    gathered = with_symmetry.gather(tokens, (16, 24))
    with_symmetry.asymmetry = None
    torch.testing.assert_close(with_symmetry.gather(tokens, (16, 24)), gathered)


def test_attention_dropout_acts_in_training_only():
    built = module(dropout=0.5)
    assert torch.equal(built(feature()), built(feature()))
    tokens = built.tokens(feature())
    built.train()
    assert not torch.equal(built.gather(tokens, (4, 6)), built.gather(tokens, (4, 6)))


def test_zero_gain_returns_the_feature_map_itself():
    built = module()
    torch.nn.init.zeros_(built.gamma)
    assert torch.equal(built(feature()), feature())


@pytest.mark.parametrize("size", [(16, 24), (15, 23), (5, 7)])
@pytest.mark.parametrize("patch", [1, 4])
def test_sizes_that_do_not_divide(size, patch):
    assert module(patch=patch)(feature(*size)).shape == (2, 6, *size)


@pytest.mark.parametrize("last", [False, True])
def test_memory_format_and_dtype_stay(last):
    layout = torch.channels_last if last else torch.contiguous_format
    x = feature().contiguous(memory_format=layout)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        y = module()(x.bfloat16())
    assert y.dtype == torch.bfloat16
    assert y.is_contiguous(memory_format=layout)


@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format])
def test_gradient_of_a_slice_comes_back_dense(layout):
    """As a skip gets it, which is concatenated with what comes from below."""
    seen = []
    x = feature().contiguous(memory_format=layout).requires_grad_()
    before = x * 2
    y = DenseGradient.pass_on(before)
    assert torch.equal(y, before)
    before.register_hook(lambda gradient: seen.append(gradient.is_contiguous(memory_format=layout)))
    wider = torch.cat([y, y.detach()], dim=1)
    weights = torch.randn_like(wider)
    (wider * weights).sum().backward()
    torch.testing.assert_close(x.grad, 2 * weights[:, :6])
    assert seen == [True]


@pytest.mark.parametrize("size", [(16, 24), (4, 4)])
@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format])
def test_embedding_is_the_strided_convolution_it_stands_for(size, layout):
    built = module()
    x = feature(*size).contiguous(memory_format=layout)
    embedded = built.norm(built.embed(x).flatten(2).transpose(1, 2)) + built.positions(size[0] // 4, size[1] // 4)
    torch.testing.assert_close(built.tokens(x), embedded, rtol=1e-4, atol=1e-5)


def test_additive_similarity_has_a_limit():
    with pytest.raises(ConfigError, match=r"got 1056 tokens, expected at most 1024"):
        module(similarity="additive", patch=1)(feature(32, 33))


def test_large_values_stay_finite():
    for similarity in SIMILARITIES:
        assert torch.isfinite(module(similarity=similarity)(feature() * 1e4)).all()
