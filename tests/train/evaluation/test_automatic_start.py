from __future__ import annotations

import numpy as np
import pytest
import torch

from cpam_train.evaluation.automatic_start import AutomaticStart
from cpam_train.evaluation.prompt_reading import judged_slices
from napari_cpam_stroke.bundles import ModelCard, save_bundle
from napari_cpam_stroke.config import AttentionConfig, PreprocessConfig, SegmenterConfig
from napari_cpam_stroke.inference.predictor import Predictor
from napari_cpam_stroke.models import build_model


class Counting(Predictor):
    """Knows which series it was run on."""

    def __init__(self, *words):
        super().__init__(*words)
        self.ran_on: list[str] = []

    def predict(self, volume, **words):
        self.ran_on.append(volume.case_id)
        return super().predict(volume, **words)


@pytest.fixture
def predictor(tmp_path) -> Counting:
    torch.manual_seed(0)
    network = SegmenterConfig(
        base_width=4, depth=3, input_size=32, attention=AttentionConfig(token_grid=4, width=16, heads=2)
    )
    card = ModelCard(
        name="guess",
        task="segmenter",
        architecture=network,
        classes=network.classes,
        preprocess=PreprocessConfig(size=32),
        thresholds={"ischemia": 0.99, "hemorrhage": 0.001},
    )
    return Counting(save_bundle(tmp_path / "model", card, build_model(network).state_dict()), "cpu")


def test_it_is_what_the_model_draws_on_the_whole_series_and_runs_once_on_each(filled_store, predictor):
    starts = AutomaticStart(predictor, filled_store)
    slices = [judged for judged in judged_slices(filled_store, split="train") if judged.row.case.slices > 1]
    assert any(judged.row.z > 0 for judged in slices)
    for judged in slices:
        start = starts(judged)
        whole = Predictor.predict(predictor, filled_store.read_volume(judged.row.case.case_id))
        np.testing.assert_array_equal(start.drawn, whole.mask[judged.row.z] == judged.lesion_class)
        expected = whole.probabilities[judged.lesion_class - 1, judged.row.z]
        np.testing.assert_array_equal(start.probabilities, expected)
        assert start.model == predictor.card.reference
    assert any(starts(judged).drawn.any() for judged in slices)
    assert sorted(predictor.ran_on) == sorted({judged.row.case.case_id for judged in slices})
