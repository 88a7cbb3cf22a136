from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pytest
import torch

from napari_cpam_stroke.bundles import ModelCard, Registry, save_bundle
from napari_cpam_stroke.config import ClassifierConfig
from napari_cpam_stroke.core import CTVolume, VolumeGeometry
from napari_cpam_stroke.errors import BundleError, CancelledError, InputError, OutOfMemoryError
from napari_cpam_stroke.inference import Predictor
from napari_cpam_stroke.inference.calibration import on_logit
from napari_cpam_stroke.models import build_model

from .conftest import geometry, head, random_bundle


@pytest.fixture
def predictor(bundle):
    return Predictor(bundle, "cpu", batch=2)


def close(first, second, *, steps=2):
    """8-bit probabilities equal up to rounding in bfloat16."""
    return np.abs(first.astype(int) - second.astype(int)).max() <= steps


def test_prediction_lies_on_the_native_frames(predictor, volume):
    seen = []
    prediction = predictor.predict(volume, progress=lambda done, total: seen.append((done, total)))
    assert prediction.mask.shape == volume.shape
    assert prediction.mask.dtype == np.uint8
    assert prediction.probabilities.shape == (2, *volume.shape)
    assert prediction.slice_probabilities.shape == (5, 2)
    assert prediction.slice_probabilities.dtype == np.float32
    assert seen == [(2, 5), (4, 5), (5, 5)]
    assert prediction.warnings == ()
    assert prediction.model == predictor.card.identity
    assert prediction.device == "cpu"
    assert prediction.seconds > 0


def test_batch_size_does_not_change_the_result(bundle, volume):
    one, many = (Predictor(bundle, "cpu", batch=b).predict(volume) for b in (1, 5))
    assert close(one.probabilities, many.probabilities)
    np.testing.assert_allclose(one.slice_probabilities, many.slice_probabilities, atol=5e-3)


@pytest.mark.parametrize(
    ("name", "step_mm", "neighbour"),
    [("context_bundle", 5.0, 1), ("context_bundle", 1.0, 5), ("encoder_bundle", 5.0, 1)],
)
def test_a_slice_is_judged_with_its_neighbours_five_millimetres_away(name, step_mm, neighbour, request):
    predictor = Predictor(request.getfixturevalue(name), "cpu", batch=4)
    plain = CTVolume(head(11), geometry(11, step_mm=step_mm), case_id="case")

    def changed_at(*places, predictor=predictor):
        hu = plain.hu.copy()
        hu[list(places)] += np.where(hu[list(places)] > 0, 20, 0).astype(np.int16)
        before, after = (predictor.predict(v).probabilities[:, 5] for v in (plain, replace(plain, hu=hu)))
        return not close(before, after)

    assert changed_at(5 - neighbour, 5 + neighbour)
    others = [z for z in range(11) if z not in (5 - neighbour, 5, 5 + neighbour)]
    assert not changed_at(*others)
    assert not changed_at(5 - neighbour, 5 + neighbour, predictor=predictor.without_context())


def test_without_context_the_model_itself_is_left_as_it_was(context_bundle, predictor):
    whole = Predictor(context_bundle, "cpu")
    assert whole.without_context().card.preprocess.context_mm == 0
    assert whole.card.preprocess.context_mm == 5
    with pytest.raises(InputError, match="looks at single slices"):
        predictor.without_context()


def test_a_network_on_a_backbone_predicts_alike_from_either_precision(encoder_bundle, tmp_path, volume):
    whole = replace(encoder_bundle.card, weights_dtype="float32")
    exact = random_bundle(tmp_path / "whole", whole)
    half, full = (Predictor(bundle, "cpu").predict(volume) for bundle in (encoder_bundle, exact))
    assert half.probabilities.shape == (2, *volume.shape)
    assert half.probabilities.max() > 0
    assert close(half.probabilities, full.probabilities)
    sizes = [(bundle.path / "model.safetensors").stat().st_size for bundle in (encoder_bundle, exact)]
    assert sizes[0] < 0.55 * sizes[1]


def test_calibrated_pixels_keep_their_masks(bundle, volume, tmp_path):
    plain = Predictor(bundle, "cpu").predict(volume)
    raw = plain.probabilities / 255
    threshold = float(np.quantile(raw[0][raw[0] > 0], 0.7))
    line = (0.6, -0.8)
    moved = float(on_logit(threshold, *line))
    card = replace(
        bundle.card,
        thresholds={"ischemia": moved, "hemorrhage": 1.0},
        pixel_calibration={"ischemia": line},
    )
    calibrated = Predictor(random_bundle(tmp_path / "calibrated", card), "cpu").predict(volume)
    assert close(calibrated.probabilities[1], plain.probabilities[1])
    inside = raw[0] > 0
    assert np.abs(calibrated.probabilities[0] / 255 - on_logit(raw[0], *line))[inside].max() < 0.02
    clear = np.abs(raw[0] - threshold) > 0.02
    np.testing.assert_array_equal((calibrated.mask == 1)[clear & inside], (raw[0] >= threshold)[clear & inside])


def test_series_probability_is_the_mean_of_the_highest_slices(predictor, volume):
    prediction = predictor.predict(volume)
    highest = np.sort(prediction.slice_probabilities[:, 0])[-3:]
    assert prediction.series_probabilities["ischemia"] == pytest.approx(highest.mean())


def test_prone_and_feet_up_series_give_the_same_findings(predictor, volume):
    g = volume.geometry
    turned = VolumeGeometry(
        positions_mm=g.positions_mm,
        row_direction=-g.row_direction,
        column_direction=-g.column_direction,
        pixel_spacing_mm=g.pixel_spacing_mm,
        thickness_mm=g.thickness_mm,
    )
    prone = CTVolume(np.ascontiguousarray(volume.hu[:, ::-1, ::-1]), turned, case_id="prone")
    upright, other = predictor.predict(volume), predictor.predict(prone)
    assert close(other.probabilities[..., ::-1, ::-1], upright.probabilities)
    np.testing.assert_allclose(other.slice_probabilities, upright.slice_probabilities, atol=5e-3)


def test_head_first_order_is_brought_back(predictor, volume):
    g = volume.geometry
    flipped = VolumeGeometry(
        positions_mm=g.positions_mm[::-1],
        row_direction=g.row_direction,
        column_direction=-g.column_direction,
        pixel_spacing_mm=g.pixel_spacing_mm,
        thickness_mm=g.thickness_mm,
    )
    hu = volume.hu.copy()
    hu[4] = -1000
    straight = predictor.predict(CTVolume(hu, g, case_id="a"))
    turned = predictor.predict(CTVolume(np.ascontiguousarray(hu[::-1, ::-1]), flipped, case_id="b"))
    assert close(turned.probabilities[:, ::-1, ::-1], straight.probabilities)
    np.testing.assert_allclose(turned.slice_probabilities[::-1], straight.slice_probabilities, atol=5e-3)


def test_mirror_averaging_is_symmetric(bundle, volume):
    predictor = Predictor(bundle, "cpu")
    mirrored = CTVolume(np.ascontiguousarray(volume.hu[..., ::-1]), volume.geometry, case_id="mirrored")
    there, back = predictor.predict(volume, tta=True), predictor.predict(mirrored, tta=True)
    np.testing.assert_allclose(there.slice_probabilities, back.slice_probabilities, atol=2e-2)


def test_series_without_positions_is_predicted_with_a_warning(predictor, volume):
    prediction = predictor.predict(CTVolume(volume.hu, None, case_id="flat"))
    assert prediction.voxel_volumes_ml is None
    assert "no positions" in prediction.warnings[0]


def test_cancel_stops_between_batches(predictor, volume):
    calls = iter([False, True])
    done = []
    with pytest.raises(CancelledError, match="cancelled"):
        predictor.predict(volume, cancelled=lambda: next(calls), progress=lambda n, _: done.append(n))
    assert done == [2]


class Hungry(torch.nn.Module):
    """Runs out of memory for more than `fits` slices."""

    def __init__(self, model, fits):
        super().__init__()
        self.model, self.fits = model, fits

    def forward(self, x):
        if len(x) > self.fits:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate")
        return self.model(x)


class Broken(torch.nn.Module):
    def forward(self, x):
        raise RuntimeError("no kernel image is available")


def test_lack_of_memory_halves_the_batch(bundle, volume):
    predictor = Predictor(bundle, "cpu", batch=4)
    plain = predictor.predict(volume)
    predictor.model = Hungry(predictor.model, fits=1)
    short = predictor.predict(volume)
    assert close(short.probabilities, plain.probabilities)
    assert [w for w in short.warnings if "1 slices at a time" in w]


class NoRoomOnTheCard(Hungry):
    """Fits the processor only; `meta` stands for a graphics card."""

    def to(self, *_args, **_settings):
        return self

    def forward(self, x):
        self.fits = 0 if x.device.type == "meta" else 1
        return super().forward(x)


def test_what_does_not_fit_the_card_goes_on_with_the_processor(bundle, volume, monkeypatch):
    predictor = Predictor(bundle, "cpu", batch=4)
    plain = predictor.predict(volume)
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: nullcontext())
    predictor.model, predictor.device = NoRoomOnTheCard(predictor.model, fits=0), torch.device("meta")
    moved = predictor.predict(volume)
    assert close(moved.probabilities, plain.probabilities)
    assert moved.device == "cpu"
    said = ["2 slices at a time", "1 slices at a time", "even for one slice; going on with the CPU"]
    assert [words in warning for words, warning in zip(said, moved.warnings, strict=True)] == [True] * 3


def test_memory_too_small_for_one_slice_is_one_sentence(predictor, volume):
    predictor.model = Hungry(predictor.model, fits=0)
    with pytest.raises(OutOfMemoryError, match="does not fit the memory"):
        predictor.predict(volume)


def test_other_failures_are_not_swallowed(predictor, volume):
    predictor.model = Broken()
    with pytest.raises(RuntimeError, match="kernel image"):
        predictor.predict(volume)


def test_classifier_gives_slices_only(tmp_path, volume, card):
    config = ClassifierConfig(backbone="resnet10t", output="softmax", pretrained=True)
    slices = ModelCard(name="slices", task="classifier", architecture=config, preprocess=card.preprocess)
    bundle = save_bundle(tmp_path / "slices", slices, build_model(replace(config, pretrained=False)).state_dict())
    prediction = Predictor(bundle, "cpu").predict(volume)
    assert not prediction.mask.any()
    assert (prediction.slice_probabilities > 0).all()
    assert prediction.warnings == ("The model classifies slices and draws no mask.",)


def test_what_each_network_of_an_ensemble_says_is_kept(tmp_path, volume, card, bundle):
    network = replace(card.architecture, members=2)
    torch.manual_seed(3)
    model = build_model(network)
    saved = save_bundle(tmp_path / "two", replace(card, architecture=network, top_slices=2), model.state_dict())
    found = Predictor(saved, "cpu", batch=2).predict(replace(volume, geometry=geometry(5, prone=True)))
    for place, member in enumerate(model.members):
        single = save_bundle(tmp_path / f"one{place}", replace(card, top_slices=2), member.state_dict())
        alone = Predictor(single, "cpu").predict(replace(volume, geometry=geometry(5, prone=True)))
        for name, probability in alone.series_probabilities.items():
            assert found.members[name][place] == pytest.approx(probability, abs=1e-4)
    assert len(set(found.members["ischemia"])) == 2
    assert Predictor(bundle, "cpu").predict(volume).members == {}


def test_load_by_reference(bundle, tmp_path):
    registry = Registry(tmp_path / "home", bundled={"default": bundle.path})
    assert Predictor.load(device="cpu", registry=registry).card.name == "tiny"
    with pytest.raises(BundleError, match="no model 'nothing'"):
        Predictor.load("nothing", registry=registry)


def test_other_classes_are_refused(tmp_path, card):
    config = replace(card.architecture, classes=("tumour",))
    values = {"tumour": 0.5}
    other = replace(
        card,
        architecture=config,
        classes=("tumour",),
        thresholds=values,
        series_thresholds=values,
        min_lesion_ml=values,
        temperature=values,
    )
    bundle = save_bundle(tmp_path / "other", other, build_model(config).state_dict())
    with pytest.raises(BundleError, match=r"finds other classes, got tumour, expected ischemia, hemorrhage"):
        Predictor(bundle)


@pytest.mark.parametrize("device", ["gpu", "cuda:x", "", "auto:1"])
def test_unknown_device_is_refused(bundle, device):
    with pytest.raises(InputError, match="no such device"):
        Predictor(bundle, device)


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ((0.0, 0.0, -1.0), True),  # coronal
        ((0.0, 0.5, -0.866), True),
        ((0.0, 0.866, -0.5), False),  # a gantry tilt of 30 degrees
    ],
)
def test_a_series_that_is_not_axial_is_run_with_a_warning(predictor, column, said):
    row, down = np.eye(3)[0], np.asarray(column)
    normal = np.cross(row, down)
    turned = VolumeGeometry(np.arange(3)[:, None] * 5.0 * normal, row, down, (1.0, 1.0), np.full(3, 5.0))
    prediction = predictor.predict(CTVolume(head(3), turned, case_id="case"))
    assert [w for w in prediction.warnings if "not axial" in w] == list(prediction.warnings)
    assert bool(prediction.warnings) is said
