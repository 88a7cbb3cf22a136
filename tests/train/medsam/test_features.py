from __future__ import annotations

import pytest
import torch
from torch import nn

from cpam_train.data.prompted_slices import prompted_rows
from cpam_train.data.slices import collect_slices
from cpam_train.medsam.features import FeatureCache
from cpam_train.medsam.image import image_of
from napari_cpam_stroke.errors import InputError

CPU = torch.device("cpu")


class Encoder(nn.Module):
    """Gives the mean of each half of its image; counts how often it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        self.asked += 1
        return torch.stack([image[..., :128].mean(), image[..., 128:].mean()]).view(1, 2, 1, 1)


@pytest.fixture
def rows(filled_store):
    return [each for each in prompted_rows(collect_slices(filled_store, split="train")) if each.present]


def filled(cache: FeatureCache, store, rows, encoder: Encoder) -> list[tuple[int, int]]:
    told: list[tuple[int, int]] = []
    cache.fill(store, rows, encoder, lambda *now: told.append(now))
    return told


def test_each_slice_is_encoded_once_and_found_again(filled_store, rows, tmp_path):
    encoder = Encoder()
    told = filled(FeatureCache(tmp_path, "a", CPU), filled_store, [*rows, rows[0]], encoder)
    assert encoder.asked == len(rows) == len(told)
    again = FeatureCache(tmp_path, "a", CPU)
    assert filled(again, filled_store, rows, encoder) == []
    hu = filled_store.read_frames(rows[1].row.case.case_id, [rows[1].row.z])[0]
    expected = Encoder()(image_of(hu))[0]
    torch.testing.assert_close(again.features(rows[1]), expected, rtol=1e-2, atol=1e-3)
    assert again.features(rows[1]).dtype == torch.float32


def test_other_weights_have_other_features(filled_store, rows, tmp_path):
    encoder = Encoder()
    filled(FeatureCache(tmp_path, "a", CPU), filled_store, rows[:1], encoder)
    filled(FeatureCache(tmp_path, "b", CPU), filled_store, rows[:1], encoder)
    assert encoder.asked == 2


def test_features_that_are_gone_or_damaged_are_one_sentence(filled_store, rows, tmp_path):
    cache = FeatureCache(tmp_path, "a", CPU)
    with pytest.raises(InputError, match=r"cannot be read.*delete .* and fit again"):
        cache.features(rows[0])
    filled(cache, filled_store, rows[:1], Encoder())
    (file,) = tmp_path.rglob("*.npy")
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(InputError, match="cannot be read"):
        cache.features(rows[0])
