"""The models that come with the package: small, whole, honest about themselves, and right about a real series."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage
from skimage import measure

from napari_cpam_stroke.bundles import Registry
from napari_cpam_stroke.core import CTVolume, LesionClass, measure_lesions
from napari_cpam_stroke.core.labels import CLASS_NAMES
from napari_cpam_stroke.core.orientation import radiological_view
from napari_cpam_stroke.dicom import read_series, scan_folder
from napari_cpam_stroke.errors import BundleError
from napari_cpam_stroke.inference import Prediction, Predictor, PromptedEngine
from napari_cpam_stroke.prompting import Prompt, PromptKind, PromptRequest

GE = Path(__file__).parents[3] / "shared" / "data" / "dcm_qa_ct" / "GE"
MOST_BYTES = 13.5e6
MOST_PROMPTED_BYTES = 12e6
SLICE = 11
OLD_INFARCT = slice(14, 19)
"""Where it can be seen; on the two slices below only the temporal horn is dark."""
MOST_FALSE_ML = 10.0
LESION_HU = {LesionClass.ISCHEMIA: (14, 26), LesionClass.HEMORRHAGE: (50, 90)}
"""Of the synthetic head."""
real_series = pytest.mark.skipif(not GE.is_dir(), reason="the public GE series is not beside the project")


@pytest.fixture(scope="module")
def bundle():
    return Registry().resolve("default")


def test_it_is_small_and_its_weights_are_those_of_its_card(bundle):
    assert sum(file.stat().st_size for file in bundle.path.rglob("*") if file.is_file()) < MOST_BYTES
    assert bundle.state_dict()  # raises where the checksum is another


def test_its_card_names_data_terms_figures_and_failures(bundle):
    card = bundle.card
    terms, data = card.training["terms"], card.training["data"]
    assert set(terms) == set(data["train"])
    assert all(terms.values())
    assert data["split_rule"].startswith("by patient")
    figures = card.metrics["test"]
    assert figures["split"] == "test"
    for name in card.classes:
        assert "[" in figures[name]["lesion_cases: dice"], "a figure without its interval"
        assert name in card.refer_band
    assert "Research only" in card.intended_use
    assert card.failures
    assert all((bundle.path / failure.picture).is_file() for failure in card.failures)


@pytest.fixture(scope="module")
def volume() -> CTVolume:
    (entry,) = scan_folder(GE).series
    return read_series(entry)


@pytest.fixture(scope="module")
def prediction(bundle, volume) -> Prediction:
    return Predictor(bundle, "cpu").predict(volume)


@pytest.mark.real_data
@real_series
def test_the_old_infarct_is_marked_where_it_is_and_nothing_as_hemorrhage(volume, prediction):
    lesions = measure_lesions(prediction.mask, volume)
    ischemia = (radiological_view(prediction.mask, volume.geometry) == LesionClass.ISCHEMIA)[OLD_INFARCT]
    _, y, x = np.nonzero(ischemia)
    share_left_and_behind = np.mean((x > volume.shape[2] / 2) & (y > volume.shape[1] / 2))
    elsewhere = [lesion.volume_ml for lesion in lesions.lesions if lesion.last_slice < OLD_INFARCT.start]
    assert lesions.volumes_ml["hemorrhage"] == 0
    assert (ischemia.any(axis=(1, 2))).all()
    assert share_left_and_behind > 0.8
    assert sum(elsewhere) < MOST_FALSE_ML


@pytest.fixture(scope="module")
def prompted():
    return Registry().resolve("prompted")


def test_the_one_that_answers_prompts_is_small_whole_and_says_what_it_is(prompted):
    card = prompted.card
    assert sum(file.stat().st_size for file in prompted.path.rglob("*") if file.is_file()) < MOST_PROMPTED_BYTES
    prompted.verify()
    assert card.prompts is not None
    assert set(card.training["terms"]) == set(card.training["data"]["train"])
    assert all("[" in card.metrics["test"][name]["points: dice_after_3"] for name in CLASS_NAMES)
    assert "finds nothing by itself" in (prompted.path / "README.md").read_text(encoding="utf-8")
    with pytest.raises(BundleError, match="prompts"):
        Predictor(prompted, "cpu")


@pytest.mark.parametrize("lesion_class", list(LesionClass))
def test_a_box_or_a_point_draws_a_lesion_of_the_synthetic_head(prompted, phantom_volume, lesion_class):
    hu = phantom_volume.hu[SLICE].astype(float)
    low, high = LESION_HU[lesion_class]
    lesion = ndimage.binary_opening((hu > low) & (hu < high), iterations=2)
    found = measure.label(lesion)
    truth = found == 1 + np.argmax(np.bincount(found[found > 0])[1:])
    rows, columns = np.nonzero(truth)
    middle = Prompt(PromptKind.POINT, SLICE, ((float(np.median(rows)), float(np.median(columns))),))
    corners = ((float(rows.min()), float(columns.min())), (float(rows.max()), float(columns.max())))
    engine = PromptedEngine(prompted, "cpu")
    for prompt, least in ((Prompt(PromptKind.BOX, SLICE, corners), 0.8), (middle, 0.7)):
        answer = engine.answer(PromptRequest(phantom_volume, SLICE, lesion_class, (prompt,), np.zeros_like(truth)))
        assert 2 * (answer & truth).sum() / (answer.sum() + truth.sum()) > least, prompt.kind
