"""From prompts drawn by chance to a published network that answers them, on heads made by chance."""

from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from cpam_train.cli import app
from cpam_train.evaluation.model import draft_of_run
from cpam_train.fitting.prompted_batches import PromptedLoaders
from cpam_train.presets import build_train_config
from cpam_train.run_folder import RunFolder
from napari_cpam_stroke.bundles import load_bundle
from napari_cpam_stroke.core import LesionClass
from napari_cpam_stroke.errors import ConfigError, InputError
from napari_cpam_stroke.inference import PromptedEngine
from napari_cpam_stroke.prompting import Prompt, PromptKind, PromptRequest

TINY = [
    "model.base_width=4",
    "model.depth=3",
    "model.attention.token_grid=4",
    "preprocess.size=32",
    "data.batch_size=4",
    "data.samples_per_epoch=8",
    "data.workers=0",
    "epochs=1",
]


def invoke(*words: object, code: int = 0) -> str:
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == code, result.output
    return result.output


@pytest.fixture(scope="module")
def finished(store_folder, tmp_path_factory):
    run = tmp_path_factory.mktemp("prompted") / "run"
    settings = [word for setting in TINY for word in ("--set", setting)]
    said = invoke("fit", "prompted", "--store", store_folder, "--run", run, "--preset", "quick", *settings)
    assert "--clicks" in said
    return run


def test_the_card_says_what_the_network_looks_at(finished):
    card = draft_of_run(RunFolder(finished))
    assert card.prompts is not None
    assert card.classes == ("lesion",)
    assert card.architecture.in_channels == card.preprocess.channels + 5


def test_it_is_judged_by_simulated_readers_and_finished_tables_are_kept(finished, store_folder, tmp_path):
    invoke("evaluate", finished, "--store", store_folder, "--out", tmp_path, "--clicks")
    page = (tmp_path / "prompts.md").read_text(encoding="utf-8")
    for engine in ("candidate@1.0", "random walker", "grow", "filled box"):
        assert f"| {engine} |" in page
    written = (tmp_path / "random-walker.csv").stat().st_mtime_ns
    invoke("evaluate", finished, "--store", store_folder, "--out", tmp_path, "--clicks")
    assert (tmp_path / "random-walker.csv").stat().st_mtime_ns == written


def test_it_is_published_and_answers(finished, store_folder, store, tmp_path):
    invoke("promote", finished, "--name", "clicks", "--store", store_folder, "--out", tmp_path / "bundle")
    bundle = load_bundle(tmp_path / "bundle")
    judged = [figures for figures in bundle.card.metrics["test"].values() if isinstance(figures, dict)]
    assert judged
    assert all("points: dice_after_3" in figures for figures in judged)
    volume = store.read_volume(store.cases()[0].case_id)
    prompt = Prompt(PromptKind.POINT, 0, ((32.0, 32.0),))
    empty = np.zeros(volume.shape[1:], dtype=bool)
    answer = PromptedEngine(bundle, "cpu").answer(PromptRequest(volume, 0, LesionClass.ISCHEMIA, (prompt,), empty))
    assert answer[32, 32]


def test_settings_of_prompts_are_searched(store_folder, tmp_path):
    settings = [word for setting in TINY for word in ("--set", setting)]
    words = ["--study", "s", "--out", tmp_path, "--trials", "1", "--preset", "quick", "--search", "prompts.smallest_mm"]
    said = invoke("tune", "prompted", "--store", store_folder, *words, *settings)
    assert "1 trials (0 cut short)" in said
    chosen = json.loads((tmp_path / "best.json").read_text())
    assert 60 <= chosen["prompts"]["smallest_mm"] <= 140
    assert f"cpam-train fit prompted --store {store_folder} --run RUN" in said.replace("\n", " ")


def test_a_second_one_must_be_better(finished, store_folder):
    invoke("promote", finished, "--name", "clicks", "--store", store_folder)
    said = invoke("promote", finished, "--name", "clicks", "--store", store_folder, code=1)
    assert "not shown to be better" in said


def test_prompts_are_for_ct_and_for_two_presets(store):
    with pytest.raises(ConfigError, match="paper"):
        build_train_config("prompted", preset="paper")
    with pytest.raises(ConfigError, match="say nothing of prompts"):
        PromptedLoaders(store, build_train_config("segmenter"), cache=None)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--beside", "litemedsam"], "add --clicks"),
        (["--start", "default"], "add --clicks"),
        (["--clicks", "--beside", "x"], "no such engine"),
    ],
)
def test_a_wrong_wish_for_peers_is_refused_before_anything_is_judged(finished, store_folder, tmp_path, words, why):
    result = CliRunner().invoke(
        app, ["evaluate", str(finished), "--store", str(store_folder), "--out", str(tmp_path / "out"), *words]
    )
    assert isinstance(result.exception, InputError)
    assert why in str(result.exception)
    assert not (tmp_path / "out").exists()
