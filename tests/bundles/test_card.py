import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from napari_cpam_stroke.bundles import ModelCard, load_bundle
from napari_cpam_stroke.bundles.card import card_from_plain, card_to_plain, check_name, check_version
from napari_cpam_stroke.bundles.readme import render_readme
from napari_cpam_stroke.config import STROKE, ClassifierConfig, EncoderConfig, SegmenterConfig, WeightsOrigin
from napari_cpam_stroke.errors import BundleError


def test_card_survives_json(card):
    card = replace(card, refer_band={"ischemia": (0.3, 0.6)}, metrics={"dice": {"ischemia": 0.4}})
    assert card_from_plain(json.loads(json.dumps(card_to_plain(card))), where="card") == card


def test_classifier_card_keeps_its_architecture():
    card = ModelCard(name="slices", task="classifier", architecture=ClassifierConfig(backbone="resnet18"))
    assert card_from_plain(card_to_plain(card), where="card").architecture == card.architecture


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"schema_version": 2}, "card has another schema version, got 2, expected 1"),
        ({"thresholds": {"ischemia": 0.5}}, "thresholds must name each class"),
        ({"thresholds": {"ischemia": 0.5, "hemorrhage": 1.5}}, "less than or equal to 1"),
        ({"temperature": {"ischemia": 0.0, "hemorrhage": 1.0}}, "greater than 0"),
        ({"refer_band": {"ischemia": [0.6, 0.3]}}, "refer_band must be"),
        ({"name": "../tiny"}, "should match pattern"),
        ({"version": "1.0/.."}, "should match pattern"),
        ({"treshold": 1}, r"has no setting 'treshold' \(did you mean 'thresholds'\?\)"),
        ({"task": "classifier"}, "task and classes must be those of the architecture"),
        ({"architecture": {"kind": "cascade"}}, "architecture"),
        ({"top_slices": 0}, "greater than or equal to 1"),
        ({"weights_sha256": "abc"}, "should match pattern"),
    ],
)
def test_wrong_values_are_one_sentence(card, change, sentence):
    with pytest.raises(BundleError, match=sentence) as caught:
        card_from_plain(card_to_plain(card) | change, where="card")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("values", [[], "card", None, 3])
def test_anything_but_an_object_is_refused(values):
    with pytest.raises(BundleError, match="not a model card"):
        card_from_plain(values, where="card")


@given(st.text(max_size=12))
def test_names_that_pass_stay_inside_their_folder(name):
    try:
        check_name(name)
    except BundleError:
        return
    assert "/" not in name
    assert "\\" not in name
    assert not name.startswith(".")


@pytest.mark.parametrize("version", ["", "1", "1.0-x", "..", "1.0\n", "v1.0"])
def test_versions_are_plain_numbers(version):
    with pytest.raises(BundleError):
        check_version(version)


def test_card_cannot_be_changed(card):
    with pytest.raises((AttributeError, ValidationError)):
        card.name = "other"


def test_readme_says_what_the_card_says(bundle):
    text = (bundle.path / "README.md").read_text()
    assert text == render_readme(load_bundle(bundle.path).card)
    for word in ("tiny 1.0", "Research only", bundle.card.weights_sha256, "cpam_unet", "| ischemia | 0.5 | 0 | 0.5"):
        assert word in text


def test_readme_is_for_reading(card):
    training = {
        "data": {"split_rule": "by patient", "train": {"here": {"patients": 3, "ischemia_slices": 9}}},
        "settings": {"optim": {"lr": 0.125}},
        "terms": {"here": "CC BY 4.0"},
    }
    metrics = {"test": {"split": "test", "ischemia": {"lesion_cases: dice": "0.512 [0.400, 0.600]"}}}
    text = render_readme(replace(card, training=training, metrics=metrics))
    assert "| train | here | 3 | 9 |" in text
    assert "| here | CC BY 4.0 |" in text
    assert "| ischemia | cases with it | dice | 0.512 [0.400, 0.600] |" in text
    assert "Split rule: by patient." in text
    assert "0.125" not in text


def test_an_ensemble_says_how_many_it_is(card):
    together = replace(card, architecture=replace(card.architecture, members=4))
    assert "4 x cpam_unet, averaged" in render_readme(together)


def test_a_backbone_and_where_its_weights_came_from_are_said(card):
    origin = WeightsOrigin("tf_efficientnet_lite0", "a-package 1.0", "ImageNet", "Apache-2.0", "0" * 64)
    network = replace(card.architecture, in_channels=5, encoder=EncoderConfig("tf_efficientnet_lite0"))
    shown = replace(card.preprocess, context_slices=3, context_windows=(STROKE,))
    on_backbone = replace(card, architecture=network, preprocess=shown, pretrained=origin)
    assert card_from_plain(json.loads(json.dumps(card_to_plain(on_backbone))), where="card.json") == on_backbone
    text = render_readme(on_backbone)
    assert "cpam_unet, encoder tf_efficientnet_lite0" in text
    assert "weights of tf_efficientnet_lite0 trained on ImageNet: a-package 1.0, licence Apache-2.0, sha256" in text
    assert "3 slices at a time, the neighbours in 40/40 HU" in text
    assert "Started from" not in render_readme(card)


def test_preprocessing_must_fit_the_network(card):
    with pytest.raises(ValidationError, match="input channels"):
        replace(card, architecture=SegmenterConfig(in_channels=9), preprocess=card.preprocess)
