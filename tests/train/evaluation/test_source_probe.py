import numpy as np
import pytest
import torch

from cpam_train.evaluation.source_probe import balanced_accuracy, bottleneck_of, probe_sources
from napari_cpam_stroke.bundles import ModelCard, save_bundle
from napari_cpam_stroke.config import AttentionConfig, PreprocessConfig, SegmenterConfig
from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.inference.predictor import Predictor
from napari_cpam_stroke.models import build_model


def settings(**changes):
    small = {"base_width": 4, "depth": 3, "input_size": 32, **changes}
    return SegmenterConfig(**small, attention=AttentionConfig(token_grid=4, width=16, heads=2))


def predictor_of(config, folder):
    card = ModelCard(
        name="probe",
        task="segmenter",
        architecture=config,
        classes=config.classes,
        preprocess=PreprocessConfig(size=32),
    )
    return Predictor(save_bundle(folder, card, build_model(config).state_dict()), "cpu")


@pytest.mark.parametrize("members", [1, 2])
def test_every_description_of_every_slice_is_probed(filled_store, tmp_path, members):
    found = probe_sources(predictor_of(settings(members=members), tmp_path / "model"), filled_store)
    assert [one.description for one in found] == ["grey values", "noise", "bottleneck"]
    for one in found:
        assert 0 <= one.accuracy <= 1
        assert one.chance == 0.5
        assert one.patients == 10


def test_a_linear_trace_is_found_and_noise_is_not():
    rng = np.random.default_rng(0)
    source = np.repeat([0, 1], 60)
    patients = [f"p{i // 4}" for i in range(120)]
    noise = rng.normal(size=(120, 5))
    assert 0.3 < balanced_accuracy("noise", noise, source, patients).accuracy < 0.7
    trace = balanced_accuracy("trace", noise + 4 * source[:, None], source, patients)
    assert trace.accuracy > 0.95
    assert (trace.slices, trace.patients) == (120, 30)


def test_a_trace_of_the_patient_is_not_taken_for_one_of_the_source():
    rng = np.random.default_rng(1)
    patients = [f"p{i // 10}" for i in range(200)]
    source = np.repeat(rng.permutation(np.repeat([0, 1], 10)), 10)
    own = np.repeat(rng.normal(size=(20, 30)), 10, axis=0)
    assert balanced_accuracy("patient", own, source, patients).accuracy < 0.8


def test_the_bottleneck_is_seen_once_per_pass_and_the_hook_goes_away():
    model = build_model(settings()).eval()
    x = torch.rand(3, 3, 32, 32)
    with bottleneck_of(model) as seen:
        model(x)
        assert [values.shape for values in seen] == [(3, 16)]
    model(x)
    assert len(seen) == 1


def test_a_network_without_image_head_is_refused():
    with pytest.raises(InputError, match="image head"), bottleneck_of(build_model(settings(image_head=False))):
        pass
