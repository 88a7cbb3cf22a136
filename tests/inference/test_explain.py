from dataclasses import replace

import numpy as np
import pytest

from napari_cpam_stroke.bundles import save_bundle
from napari_cpam_stroke.core import CTVolume
from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.inference import Predictor, attention_at
from napari_cpam_stroke.models import build_model


@pytest.mark.parametrize(("name", "level"), [("bundle", 1), ("encoder_bundle", 3)])
def test_map_lies_on_the_native_slice(name, level, volume, request):
    seen = attention_at(Predictor(request.getfixturevalue(name), "cpu"), volume, (2, 40, 48), level=level)
    assert seen.shape == volume.shape[1:]
    assert seen.dtype == np.float32
    assert 0.99 < seen.max() <= 1
    assert seen.min() >= 0


@pytest.mark.parametrize(
    ("voxel", "level", "sentence"),
    [((9, 0, 0), 0, "outside the series"), ((2, 48, 48), 7, "level")],
)
def test_what_cannot_be_shown_is_said(bundle, volume, voxel, level, sentence):
    with pytest.raises(InputError, match=sentence):
        attention_at(Predictor(bundle, "cpu"), volume, voxel, level=level)


def test_voxel_beside_the_head_is_refused(bundle, volume):
    wide = CTVolume(np.pad(volume.hu, ((0, 0), (0, 0), (0, 100)), constant_values=-1000), volume.geometry, case_id="w")
    with pytest.raises(InputError, match="outside what the model sees"):
        attention_at(Predictor(bundle, "cpu"), wide, (2, 48, 190))


def test_model_without_attention_is_named(tmp_path, volume, card):
    config = replace(card.architecture, architecture="unet")
    bundle = save_bundle(tmp_path / "unet", replace(card, architecture=config), build_model(config).state_dict())
    with pytest.raises(InputError, match="no attention"):
        attention_at(Predictor(bundle, "cpu"), volume, (2, 48, 48))
