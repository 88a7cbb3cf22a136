from dataclasses import replace

import pytest
import torch

from napari_cpam_stroke.config import AttentionConfig, SegmenterConfig
from napari_cpam_stroke.models import Ensemble, build_model, restore_model
from napari_cpam_stroke.models.ensemble import mean_logits

SMALL = SegmenterConfig(
    base_width=4, depth=3, input_size=32, attention=AttentionConfig(token_grid=4, width=16, heads=2)
)


def image():
    return torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("output", ["sigmoid", "softmax"])
@pytest.mark.parametrize("image_head", [True, False])
def test_logits_are_the_mean_of_the_members(output, image_head):
    model = build_model(replace(SMALL, output=output, image_head=image_head, members=3)).eval()
    with torch.inference_mode():
        together, apart = model(image()), [member(image()) for member in model.members]
    torch.testing.assert_close(together.masks, torch.stack([o.masks for o in apart]).mean(0))
    if image_head:
        torch.testing.assert_close(together.image, torch.stack([o.image for o in apart]).mean(0))
    else:
        assert together.image is None


def test_members_start_apart_and_are_restored_apart():
    config = replace(SMALL, members=2)
    model = build_model(config).eval()
    first, second = (m.head.logits.weight for m in model.members)
    assert not torch.equal(first, second)
    again = restore_model(config, model.state_dict())
    with torch.inference_mode():
        assert torch.equal(again(image()).masks, model(image()).masks)


def test_attention_is_the_mean_of_the_members():
    model = build_model(replace(SMALL, members=2)).eval()
    with torch.inference_mode():
        seen = model.attention_from(image(), 1, (9, 9))
        apart = [m.attention_from(image(), 1, (9, 9)) for m in model.members]
    torch.testing.assert_close(seen, (apart[0] + apart[1]) / 2)
    assert model.attention_levels == model.members[0].attention_levels


def test_an_ensemble_without_attention_says_so():
    plain = Ensemble([build_model(replace(SMALL, architecture="unet")) for _ in range(2)])
    assert plain.attention_levels == ()


def test_a_threshold_means_the_same_for_members_that_agree():
    one = torch.tensor([[[[2.0, -3.0]]]])
    assert torch.equal(mean_logits([one, one, one]), one)
