"""A small network from chance: what it draws means nothing, what it keeps to does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from napari_cpam_stroke.bundles import ModelCard, save_bundle
from napari_cpam_stroke.config import AttentionConfig, PreprocessConfig, PromptInput, SegmenterConfig
from napari_cpam_stroke.core import CTVolume, LesionClass
from napari_cpam_stroke.errors import BundleError, InputError
from napari_cpam_stroke.inference import Predictor, PromptedEngine
from napari_cpam_stroke.models import build_model
from napari_cpam_stroke.prompting import Prompt, PromptKind, PromptRequest
from napari_cpam_stroke.prompting.network_input import PROMPT_CHANNELS

PREPROCESS = PreprocessConfig(size=64, crop_to_head=False, align_midline=False)
ARCHITECTURE = SegmenterConfig(
    classes=("lesion",),
    in_channels=PREPROCESS.channels + len(PROMPT_CHANNELS),
    input_size=64,
    base_width=4,
    depth=3,
    image_head=False,
    attention=AttentionConfig(token_grid=4, heads=1, width=8),
)
CARD = ModelCard(
    name="prompted",
    architecture=ARCHITECTURE,
    classes=("lesion",),
    preprocess=PREPROCESS,
    **{name: {"lesion": 0.5} for name in ("thresholds", "series_thresholds", "min_lesion_ml", "temperature")},
    prompts=PromptInput(smallest_mm=60),
)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    torch.manual_seed(0)
    return save_bundle(tmp_path_factory.mktemp("prompted") / "bundle", CARD, build_model(ARCHITECTURE).state_dict())


@pytest.fixture
def volume() -> CTVolume:
    rng = np.random.default_rng(0)
    y, x = np.ogrid[:128, :128]
    away = np.hypot(y - 64, x - 64)
    hu = np.where(away < 50, 32 + rng.normal(0, 4, (2, 128, 128)), np.where(away < 55, 900, -1000))
    return CTVolume(hu.astype(np.int16), None, case_id="head")


def asked(volume: CTVolume, *places: tuple[float, float], **changes: object) -> PromptRequest:
    prompts = tuple(Prompt(PromptKind.POINT, 0, (place,), adds=n % 2 == 0) for n, place in enumerate(places))
    request = PromptRequest(volume, 0, LesionClass.ISCHEMIA, prompts, np.zeros((128, 128), dtype=bool))
    return replace(request, **changes)


def test_the_answer_keeps_to_what_was_pointed_at(bundle, volume):
    answer = PromptedEngine(bundle, "cpu").answer(asked(volume, (60, 60), (80, 70)))
    assert answer.shape == (128, 128)
    assert answer.dtype == bool
    assert answer[60, 60]
    assert not answer[80, 70]


def test_the_same_prompts_give_the_same_answer_whatever_was_asked_between(bundle, volume):
    engine = PromptedEngine(bundle, "cpu")
    first, more = asked(volume, (60, 60)), asked(volume, (60, 60), (80, 70))
    once = engine.answer(first)
    engine.answer(more)
    np.testing.assert_array_equal(engine.answer(first), once)
    np.testing.assert_array_equal(PromptedEngine(bundle, "cpu").answer(more), engine.answer(more))


def test_what_was_handed_out_may_be_written_to(bundle, volume):
    engine = PromptedEngine(bundle, "cpu")
    engine.answer(asked(volume, (60, 60)))[:] = False
    assert engine.answer(asked(volume, (60, 60)))[60, 60]


def test_another_series_is_not_answered_from_the_one_before(bundle, volume):
    engine = PromptedEngine(bundle, "cpu")
    brighter = replace(volume, hu=(volume.hu + 20 * (np.abs(volume.hu) < 90)).astype(np.int16))
    engine.answer(asked(volume, (60, 60)))
    np.testing.assert_array_equal(
        engine.answer(asked(brighter, (60, 60))), PromptedEngine(bundle, "cpu").answer(asked(brighter, (60, 60)))
    )


def test_preparing_changes_no_answer(bundle, volume):
    engine = PromptedEngine(bundle, "cpu")
    engine.prepare(volume, 0)
    np.testing.assert_array_equal(
        engine.answer(asked(volume, (60, 60))), PromptedEngine(bundle, "cpu").answer(asked(volume, (60, 60)))
    )


@pytest.mark.parametrize(
    "change", [{"lesion_class": LesionClass.HEMORRHAGE}, {"before": np.indices((128, 128))[0] > 64}]
)
def test_class_and_mask_so_far_are_part_of_the_question(bundle, volume, change):
    engine = PromptedEngine(bundle, "cpu")
    seen = []
    engine._probability = lambda channels: seen.append(channels) or np.zeros((64, 64), dtype=np.float32)
    engine.answer(asked(volume, (60, 60)))
    engine.answer(asked(volume, (60, 60), **change))
    assert len(seen) == 2
    assert not np.array_equal(*seen)


def test_the_network_is_shown_its_own_answer_to_the_prompts_before(bundle, volume):
    engine = PromptedEngine(bundle, "cpu")
    seen = []
    engine._probability = lambda channels: seen.append(channels) or np.ones((64, 64), dtype=np.float32)
    engine.answer(asked(volume, (60, 60), (80, 70)))
    assert [one[-1].any() for one in seen] == [False, True]


def test_a_prompt_in_air_is_refused(bundle, volume):
    with pytest.raises(InputError, match="outside the head"):
        PromptedEngine(bundle, "cpu").answer(asked(volume, (2, 2)))


def test_a_model_without_prompts_is_refused_in_one_sentence():
    with pytest.raises(BundleError, match="takes no prompts"):
        PromptedEngine.load("default", "cpu")


def test_a_model_with_prompts_is_no_automatic_model(bundle):
    with pytest.raises(BundleError, match="finds nothing by itself"):
        Predictor(bundle, "cpu")
