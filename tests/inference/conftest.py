from dataclasses import replace

import numpy as np
import pytest
import torch

from napari_cpam_stroke.bundles import ModelCard, save_bundle
from napari_cpam_stroke.config import STROKE, AttentionConfig, EncoderConfig, PreprocessConfig, SegmenterConfig
from napari_cpam_stroke.core import CTVolume, VolumeGeometry
from napari_cpam_stroke.models import build_model

TINY = SegmenterConfig(
    base_width=4, depth=3, input_size=64, dropout=0.0, attention=AttentionConfig(token_grid=8, width=16, heads=2)
)


def geometry(slices: int, *, step_mm: float = 5.0, prone: bool = False) -> VolumeGeometry:
    along = np.arange(slices, dtype=float)
    sign = -1.0 if prone else 1.0
    return VolumeGeometry(
        positions_mm=np.stack([0 * along, 0 * along, step_mm * along], axis=1),
        row_direction=(sign, 0, 0),
        column_direction=(0, sign, 0),
        pixel_spacing_mm=(1.0, 1.0),
        thickness_mm=np.full(slices, 5.0),
    )


def head(slices: int = 5, edge: int = 96) -> np.ndarray:
    """An ellipse of brain in air with a bright spot on the left of the image."""
    y, x = np.mgrid[:edge, :edge] - (edge - 1) / 2
    frame = np.where((y / (0.42 * edge)) ** 2 + (x / (0.33 * edge)) ** 2 < 1, 35, -1000)
    frame[((y + 8) ** 2 + (x + 14) ** 2) < 36] = 70
    noise = np.random.default_rng(0).integers(-4, 5, (slices, edge, edge))
    return (frame + noise).astype(np.int16)


@pytest.fixture
def volume() -> CTVolume:
    return CTVolume(head(), geometry(5), case_id="case")


@pytest.fixture
def card() -> ModelCard:
    return ModelCard(name="tiny", architecture=TINY, preprocess=PreprocessConfig(size=64))


@pytest.fixture
def bundle(tmp_path, card):
    """A network with random weights whose masks cross the threshold somewhere."""
    return random_bundle(tmp_path / "tiny", card)


@pytest.fixture
def context_bundle(tmp_path, card):
    """The same for slices with a neighbour on either side."""
    shown = replace(card.preprocess, context_slices=3, context_mm=5.0)
    network = replace(TINY, in_channels=shown.channels)
    return random_bundle(tmp_path / "context", replace(card, name="context", architecture=network, preprocess=shown))


@pytest.fixture
def encoder_bundle(tmp_path, card):
    """A network on a timm backbone, its weights in half precision; neighbours in one window."""
    shown = replace(card.preprocess, context_slices=3, context_mm=5.0, context_windows=(STROKE,))
    encoder = EncoderConfig("tf_efficientnet_lite0", decoder_widths=(16, 12, 8, 8))
    network = replace(TINY, in_channels=5, encoder=encoder)
    mine = replace(card, name="lite", architecture=network, preprocess=shown, weights_dtype="float16")
    return random_bundle(tmp_path / "lite", mine)


def random_bundle(folder, card):
    torch.manual_seed(1)
    model = build_model(card.architecture)
    for module in model.attention.values():
        torch.nn.init.ones_(module.gamma)
    return save_bundle(folder, replace(card, min_lesion_ml={"ischemia": 0.0, "hemorrhage": 0.0}), model.state_dict())
