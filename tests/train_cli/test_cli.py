"""The whole way by commands: fit, evaluate, promote, compare, rank, rollback; and every refusal in one sentence."""

import csv
import json
import subprocess
import sys

import pytest
import torch
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from safetensors.torch import load_file, save_file

from cpam_train.cli import main
from cpam_train.data.slice_split import STAMP
from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.bundles import Registry, load_bundle

TINY = {
    "model.base_width": 4,
    "model.depth": 3,
    "model.attention.token_grid": 4,
    "preprocess.size": 32,
    "data.batch_size": 4,
    "data.workers": 0,
    "optim.ema": 0.5,
    "epochs": 1,
}


def settings(**more):
    values = TINY | {key.replace("__", "."): value for key, value in more.items()}
    return [part for key, value in values.items() for part in ("--set", f"{key}={value}")]


@pytest.fixture
def run_cli(monkeypatch, capsys):
    """Runs the command line in this process; returns exit code and everything printed."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["cpam-train", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            main()
        printed = capsys.readouterr()
        return stop.value.code or 0, printed.out + printed.err

    return run


@pytest.fixture(scope="module")
def runs(store_folder, tmp_path_factory):
    """Two finished runs whose weights are replaced: one finds something, the other nothing."""
    from rich.console import Console

    from cpam_train.commands.batches_of import batches_of
    from cpam_train.fitting.fit import fit
    from cpam_train.presets import build_train_config

    folder = tmp_path_factory.mktemp("runs")
    config = build_train_config("segmenter", overrides=settings()[1::2])
    with AnnotationStore.open(store_folder, create=False) as store:
        good = fit(config, batches_of(store), folder / "good", console=Console(quiet=True)).run
        bad = fit(config, batches_of(store), folder / "bad", console=Console(quiet=True)).run
    _set_logits(good.weights, [5.0, -9.0])  # marks the whole head as ischemia
    _set_logits(bad.weights, [-9.0, -9.0])  # marks nothing
    return good.path, bad.path


def _set_logits(weights, bias):
    state = load_file(weights)
    state["head.logits.weight"] = torch.zeros_like(state["head.logits.weight"])
    state["head.logits.bias"] = torch.tensor(bias)
    save_file(state, weights)


def test_fit_evaluate_from_the_command_line(run_cli, store_folder, tmp_path):
    run = tmp_path / "runs" / "a"
    code, text = run_cli("fit", "segmenter", "--store", store_folder, "--run", run, *settings())
    assert code == 0
    assert "best epoch 1" in text
    code, text = run_cli("fit", "segmenter", "--store", store_folder, "--run", run, *settings())
    assert code == 2
    assert "already exists" in text
    out = tmp_path / "out"
    code, text = run_cli("evaluate", run, "--store", store_folder, "--out", out)
    assert code == 0
    metrics = json.loads((out / "metrics.json").read_text())
    assert metrics["split"] == "test"
    assert metrics["classes"]["ischemia"]["lesion_cases"]["dice"]["cases"] == 1
    assert metrics["classes"]["ischemia"]["empty_cases"]["marked_share"]["cases"] == 2
    rows = list(csv.DictReader((out / "cases.csv").open()))
    assert len(rows) == 6
    (dice,) = [row["value"] for row in csv.DictReader((out / "tables.csv").open())
               if row["table"].startswith("Masks") and (row["row"], row["column"]) == ("ischemia", "Dice")]  # fmt: skip
    assert f"| ischemia | {dice} |" in (out / "tables.md").read_text()
    assert f"ischemia & {dice} &" in (out / "tables.tex").read_text()
    page = (out / "report.html").read_text()
    assert "data:image/png;base64," in page
    assert "src='http" not in page
    assert "pixel accuracy" not in page.lower()
    for part in REPORT_PARTS:
        assert part in page, part


REPORT_PARTS = (
    "Dice, mean over cases",
    "Brackets are 95 % intervals over patients",
    "Marks in cases whose reference does not hold the class",
    "Sensitivity at specificity 0.95",
    "Calibration error (ECE)",
    "<h2>By source</h2>",
    "<h2>By scanner</h2>",
    "<h2>By thickness</h2>",
    "alt='ROC curves'",
    "alt='calibration'",
    "<h2>Lowest Dice: ischemia</h2>",
)


def test_what_the_neighbours_are_worth_is_a_second_report(run_cli, runs, store_folder, tmp_path):
    run = tmp_path / "run"
    context = settings(preprocess__context_slices=3, preprocess__context_mm=5)
    code, _ = run_cli("fit", "segmenter", "--store", store_folder, "--run", run, *context)
    assert code == 0
    told = {}
    for option in ((), ("--alone",)):
        code, _ = run_cli(
            "evaluate", run, "--store", store_folder, "--out", out := tmp_path / f"out{len(option)}", *option
        )
        assert code == 0
        told[option] = json.loads((out / "metrics.json").read_text())["network_sees"]
        assert told[option] in (out / "report.html").read_text()
    assert told[()] == "3 slices at a time, about 5 mm apart where positions are known"
    assert told["--alone",] == "one slice at a time, repeated in the place of its neighbours"
    for option in ("--alone", "--neighbours"):
        code, text = run_cli("evaluate", runs[0], "--store", store_folder, "--out", tmp_path / "out", option)
        assert (code, "looks at single slices" in text) == (2, True)
    code, text = run_cli("evaluate", run, "--store", store_folder, "--out", tmp_path / "out", "--neighbours")
    assert (code, "ischemia: true neighbours shown on 2 slices of 1 patients" in text) == (0, True)
    figures = json.loads((tmp_path / "out" / "metrics.json").read_text())["true_neighbours"]["ischemia"]
    assert figures["dice_change"]["value"] == pytest.approx(
        figures["dice_with"]["value"] - figures["dice_alone"]["value"], abs=1e-3
    )
    code, text = run_cli(
        "evaluate", run, "--store", store_folder, "--out", tmp_path / "both", "--neighbours", "--alone"
    )
    assert (code, "contradict" in text) == (2, True)


def test_a_split_by_slice_is_on_every_report(run_cli, store_folder, tmp_path):
    run = tmp_path / "run"
    code, _ = run_cli("fit", "segmenter", "--store", store_folder, "--run", run, *settings(data__split_by_slice="true"))
    assert code == 0
    assert json.loads((run / "card-draft.json").read_text())["training"]["data"]["split_rule"] == STAMP
    code, _ = run_cli("evaluate", run, "--store", store_folder, "--out", tmp_path / "out")
    assert (code, STAMP in (tmp_path / "out" / "report.html").read_text()) == (0, True)
    assert json.loads((tmp_path / "out" / "metrics.json").read_text())["split_rule"] == STAMP
    run_cli("promote", run, "--name", "m", "--store", store_folder, "--out", tmp_path / "bundle")
    assert STAMP in (tmp_path / "bundle" / "README.md").read_text()
    _, text = run_cli("compare", run, run, "--store", store_folder)
    assert text.count("SPLIT BY SLICE") == 2
    options = [*settings(data__split_by_slice="true"), "--systems", "unet", "--seeds", "1"]
    code, _ = run_cli("benchmark", "--store", store_folder, "--out", tmp_path / "benchmark", *options)
    assert (code, STAMP in (tmp_path / "benchmark" / "benchmark.md").read_text()) == (0, True)


def test_patients_without_a_split_are_left_out_with_a_word(run_cli, filled, tmp_path):
    filled(tmp_path / "store", [*["train"] * 3, *["validation"] * 3, None, None]).close()
    code, text = run_cli("fit", "segmenter", "--store", tmp_path / "store", "--run", tmp_path / "run", *settings())
    assert code == 0
    assert "2 patients have no split and are left out" in text


def test_promotion_needs_a_gain_or_a_person_who_insists(run_cli, store_folder, runs):
    """The store has three test patients: too few to show anything."""
    good, bad = runs
    code, text = run_cli("promote", bad, "--name", "tiny", "--store", store_folder)
    assert code == 1
    assert "not shown to be better than default@" in text
    assert "at least 10 test patients with each class (ischemia 1, hemorrhage 1)" in text
    assert len(text.strip().splitlines()) == 1
    assert "tiny" not in Registry().names()
    insisted = ("--insist", "a first try")
    code, text = run_cli("promote", bad, "--name", "tiny", "--store", store_folder, *insisted)
    assert (code, "NOT SHOWN: a gain in one class" in text) == (0, True)
    code, text = run_cli("promote", good, "--name", "tiny", "--store", store_folder)
    assert (code, "better than tiny@1.0" in text) == (1, True)
    assert "ischemia: no more false marks in cases without it" in text
    assert [entry.version for entry in Registry().list() if entry.name == "tiny"] == ["1.0"]
    options = (*insisted, "--terms", "synthetic=CC0")
    code, text = run_cli("promote", good, "--name", "tiny", "--store", store_folder, *options)
    assert (code, "tiny@2.0" in text) == (0, True)
    card = Registry().resolve("tiny").card
    assert card.training["terms"] == {"synthetic": "CC0"}
    assert card.metrics["test"]["test_fingerprint"]
    told = card.metrics["against_predecessor"]
    assert "ischemia dice" in told
    assert told["compared with"] == "tiny@1.0"
    assert told["published all the same, because"] == "a first try"
    assert "a first try" in (Registry().resolve("tiny").path / "README.md").read_text()
    code, text = run_cli("rollback", "tiny")
    assert "version 1.0" in text
    assert Registry().resolve("tiny").card.version == "1.0"


def test_a_machine_of_signed_models_asks_for_the_key_before_it_judges(run_cli, store_folder, runs, tmp_path):
    key = Ed25519PrivateKey.generate()
    (tmp_path / "key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
    trust = Registry().trust
    trust.add("hospital", key.public_key().public_bytes_raw())
    trust.ask_for_signatures(True)
    common = ("promote", runs[1], "--name", "signed", "--store", store_folder, "--insist", "one test case")
    for options, sentence in (([], "give the key to sign it with: --sign KEY"), (["--sign", "none"], "cannot be read")):
        code, text = run_cli(*common, *options)
        assert code == 2
        assert sentence in text
        assert "judging" not in text
    code, text = run_cli(*common, "--sign", tmp_path / "key")
    assert code == 0, text
    assert trust.signer(Registry().resolve("signed")) == "hospital"


def test_promote_into_a_folder(run_cli, store_folder, runs, tmp_path):
    code, _ = run_cli("promote", runs[0], "--name", "mine", "--store", store_folder, "--out", tmp_path / "bundle")
    assert code == 0
    bundle = load_bundle(tmp_path / "bundle")
    bundle.verify()
    assert bundle.card.name == "mine"
    assert "mine" not in Registry().names()


PNG = b"\x89PNG\r\n\x1a\n"


def test_known_failures_and_their_pictures_go_into_the_bundle(run_cli, store_folder, runs, tmp_path):
    folder = tmp_path / "known"
    (folder / "failures").mkdir(parents=True)
    (folder / "failures" / "calcium.png").write_bytes(PNG)
    told = [{"title": "Calcium is marked", "text": "2 ml.", "picture": "failures/calcium.png"}]
    (folder / "failures.json").write_text(json.dumps(told))
    common = ("promote", runs[0], "--name", "mine", "--store", store_folder)
    code, _ = run_cli(*common, "--out", tmp_path / "bundle", "--failures", folder)
    assert code == 0
    assert load_bundle(tmp_path / "bundle").pictures() == {"failures/calcium.png": PNG}
    (folder / "failures" / "calcium.png").unlink()
    code, text = run_cli(*common, "--out", tmp_path / "other", "--failures", folder)
    assert code == 2
    assert "cannot be read" in text
    assert not (tmp_path / "other").exists()


def test_compare_prints_the_paired_difference(run_cli, store_folder, runs):
    code, text = run_cli("compare", *runs, "--store", store_folder)
    assert code == 0
    assert text.startswith("ischemia: Dice 0.")
    assert text.count("parted by patient, fixed in the store") == 2
    code, text = run_cli("compare", runs[0], runs[0], "--store", store_folder)
    assert "Dice 0.000" in text


def test_rank_fills_the_worklist_without_test_cases(run_cli, store_folder, runs):
    code, text = run_cli("rank", "--store", store_folder, "--model", runs[0], "--all", "--top", "2")
    assert code == 0
    lines = text.strip().splitlines()
    assert len(lines) == 3
    assert all("  teaches " in line for line in lines[:2])
    with AnnotationStore.open(store_folder, create=False) as store:
        assert all((case.uncertainty is None) == (case.split == "test") for case in store.cases())


def test_augment_sheet_is_a_picture(run_cli, store_folder, tmp_path):
    sheet = tmp_path / "sheets" / "sheet.png"
    code, _ = run_cli("augment-sheet", "--store", store_folder, "--out", sheet, "--set", "preprocess.size=32")
    assert code == 0
    assert sheet.read_bytes()[:4] == b"\x89PNG"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["fit", "segmentr", "--store", "S", "--run", "R"], "did you mean 'segmenter'"),
        (["fit", "segmenter", "--store", "nowhere", "--run", "R"], "no annotation store at nowhere"),
        (["fit", "segmenter", "--store", "S", "--run", "R", "--set", "optim.lrr=1"], "did you mean 'lr'"),
        (["fit", "segmenter", "--store", "S", "--run", "R", "--set", "optim.lr=-1"], "optim.lr"),
        (["fit", "segmenter", "--store", "S", "--run", "R", "--preset", "papr"], "did you mean 'paper'"),
        (["fit", "segmenter", "--store", "S", "--run", "R", "--config", "no.json"], "no.json cannot be read"),
        (["fit", "segmenter", "--store", "S", "--run", "R", "--resume"], "no run to resume"),
        (["fit", "segmenter", "--store", "S", "--run", "R", "--set", "augment.scale_range=[2,1]"], "lower one first"),
        (
            ["fit", "segmenter", "--store", "S", "--run", "R", "--set", "augment.crop_range=[0.9,0.5]"],
            "lower one first",
        ),
        (["fit", "segmenter", "--store", "S", "--run", "R", "--set", "preprocess.clip_hu=[9,1]"], "lower one first"),
        (["fit", "segmenter", "--store", "S", "--run", "R", "--set", "augment.crop_size=512"], "wider than the input"),
        (["promote", "R", "--name", "../../evil", "--store", "S"], "not a model name, got '../../evil'"),
        (["evaluate", "nosuch", "--store", "S", "--out", "O"], "There is no model 'nosuch'"),
        (["evaluate", "default", "--store", "S", "--out", "O", "--split", "tset"], "did you mean 'test'"),
        (["promote", "nowhere", "--name", "x", "--store", "S"], "nowhere has no card-draft.json"),
        (["rollback", "nosuch"], "There is no model 'nosuch'"),
        (["import", "teknofst", "src", "--store", "new"], "did you mean 'teknofest'"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_2(run_cli, store_folder, tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    code, text = run_cli(*[str(store_folder) if a == "S" else a for a in arguments])
    assert code == 2
    assert said in " ".join(text.split())
    assert "Traceback" not in text
    assert not (tmp_path / "R").exists()


def test_help_needs_no_torch():
    code = (
        "import sys; import cpam_train.cli; sys.exit(any(m in sys.modules for m in ('torch', 'lightning', 'kornia')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
