import pytest
import torch

from napari_cpam_stroke.bundles import ModelCard, Registry, save_bundle
from napari_cpam_stroke.config import AttentionConfig, PreprocessConfig, SegmenterConfig
from napari_cpam_stroke.models import build_model

TINY = SegmenterConfig(base_width=4, depth=3, input_size=32, attention=AttentionConfig(token_grid=4, width=16, heads=2))


@pytest.fixture
def card() -> ModelCard:
    return ModelCard(name="tiny", architecture=TINY, preprocess=PreprocessConfig(size=32))


@pytest.fixture
def bundle(tmp_path, card):
    torch.manual_seed(0)
    return save_bundle(tmp_path / "tiny", card, build_model(TINY).state_dict())


@pytest.fixture
def registry(tmp_path) -> Registry:
    return Registry(tmp_path / "home", bundled={})
