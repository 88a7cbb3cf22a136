from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from cpam_train.data.prompted_slices import prompted_rows
from cpam_train.data.slices import collect_slices
from cpam_train.medsam.featured_slices import MOST_POINTS, FeaturedDataset
from cpam_train.medsam.features import FeatureCache
from cpam_train.medsam.network import NO_POINT
from napari_cpam_stroke.errors import InputError


@pytest.fixture
def data(filled_store, tmp_path) -> FeaturedDataset:
    rows = [each for each in prompted_rows(collect_slices(filled_store, split="train")) if each.present]
    cache = FeatureCache(tmp_path, "a", torch.device("cpu"))
    cache.fill(filled_store, rows, nn.AvgPool2d(64), lambda *_: None)
    return FeaturedDataset(filled_store, cache, rows)


def test_an_item_has_features_prompts_and_truth_on_the_image(data, filled_store):
    for index, asked in enumerate(data.rows):
        item = data[index]
        assert item["image"].shape == (3, 4, 4)
        assert item["points"].shape == (MOST_POINTS, 3)
        truth = filled_store.read_mask(asked.row.case.revision, [asked.row.z])[0] == asked.lesion_class
        np.testing.assert_allclose(float(item["mask"].sum()), 4 * truth.sum(), rtol=0.1)
        np.testing.assert_array_equal(item["spacing"], item["spacing"][0].expand(2))


def test_most_prompts_are_about_the_lesion(data):
    inside = []
    for epoch in range(8):
        data.set_epoch(epoch)
        for index in range(len(data)):
            item = data[index]
            points, box, (rows, columns) = item["points"], item["box"], np.nonzero(item["mask"].numpy())
            there = points[points[:, 2] != NO_POINT]
            assert len(there) or not box.isnan().any(), "no prompt"
            inside += [bool(item["mask"][int(y), int(x)]) for x, y, adds in there.tolist() if adds]
            if not box.isnan().any():
                left, top, right, bottom = box.tolist()
                assert left <= columns.mean() <= right
                assert top <= rows.mean() <= bottom
    assert len(inside) > 20
    assert np.mean(inside) > 0.85


def test_an_epoch_draws_others_and_the_same_ones_again(data):
    first = data[0]
    data.set_epoch(1)
    assert not all(torch.equal(first[name], data[0][name]) for name in ("points", "box"))
    data.set_epoch(0)
    assert torch.equal(first["points"], data[0]["points"])


def test_a_lesion_smaller_than_a_pixel_of_the_image_is_still_there(data, monkeypatch):
    def speck(store, asked):
        volume = filled_volume(data)
        truth = np.zeros(volume.shape[1:], dtype=bool)
        truth[700, 300] = True
        return volume, truth

    monkeypatch.setattr("cpam_train.medsam.featured_slices.pixels_of", speck)
    assert data[0]["mask"][175, 75] == 1


def filled_volume(data: FeaturedDataset):
    from napari_cpam_stroke.core import CTVolume

    return CTVolume(np.full((1, 1024, 1024), 30, dtype=np.int16), None, case_id=data.rows[0].row.case.case_id)


def test_no_slice_is_one_sentence(filled_store, tmp_path):
    with pytest.raises(InputError, match="no lesion slice"):
        FeaturedDataset(filled_store, FeatureCache(tmp_path, "a", torch.device("cpu")), [])
