"""A training is done again from a model's card alone: the same weights, or one sentence on what is not the same."""

import json
import re
import shutil
import sys
from dataclasses import replace

import pytest
import torch
from rich.console import Console
from safetensors.torch import load_file, save_file

from cpam_train.cli import main
from cpam_train.commands.batches_of import batches_of
from cpam_train.commands.common import progress_bar
from cpam_train.evaluation.model import bundle_of_run, draft_of_run
from cpam_train.fitting.ensemble import fit_folds
from cpam_train.fitting.fit import fit
from cpam_train.fitting.repetition import repetition_of
from cpam_train.fitting.start import start_settings
from cpam_train.presets import build_train_config
from cpam_train.run_folder import RunFolder
from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.bundles import Registry, save_bundle
from napari_cpam_stroke.core import Annotation
from napari_cpam_stroke.errors import ConfigError, InputError
from napari_cpam_stroke.models import build_model

QUIET = Console(quiet=True)
TINY = (
    "model.base_width=4",
    "model.depth=3",
    "model.attention.token_grid=4",
    "preprocess.size=32",
    "data.batch_size=4",
    "data.workers=0",
    "optim.ema=0.5",
    "epochs=2",
    "seed=7",
)
SHORT = (*TINY[4:6], "epochs=1")


@pytest.fixture(autouse=True)
def one_thread(monkeypatch, tmp_path):
    monkeypatch.setenv("CPAM_STROKE_HOME", str(tmp_path / "home"))
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def again(monkeypatch, capsys, store_folder, tmp_path):
    """Runs `fit --like` on the store; returns exit code, what was printed, and the run."""

    def run(like, *arguments, store=store_folder):
        place = tmp_path / "again"
        call = ["fit", "--like", like, "--store", store, "--run", place, *arguments]
        monkeypatch.setattr(sys, "argv", ["cpam-train", *map(str, call)])
        with pytest.raises(SystemExit) as stop:
            main()
        printed = capsys.readouterr()
        return stop.value.code or 0, " ".join((printed.out + printed.err).split()), RunFolder(place)

    return run


@pytest.fixture(scope="module")
def first(store_folder, tmp_path_factory):
    """A finished run, and its bundle somewhere else."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    config = build_train_config("segmenter", overrides=TINY)
    with AnnotationStore.open(store_folder, create=False) as store:
        run = fit(config, batches_of(store), tmp_path_factory.mktemp("first") / "first", console=QUIET).run
    torch.set_num_threads(before)
    card = replace(draft_of_run(run), name="mine")
    return run, bundle_of_run(run, tmp_path_factory.mktemp("published") / "mine", card)


def assert_same_weights(one, other):
    first, second = load_file(one.weights), load_file(other.weights)
    assert first.keys() == second.keys()
    assert [name for name in first if not torch.equal(first[name], second[name])] == []


def test_a_bundle_tells_all_that_its_training_needs(first, again):
    run, bundle = first
    code, said, repeated = again(bundle.path)
    assert code == 0, said
    assert "The weights are those of mine@1.0 again, bit for bit." in said, said
    assert_same_weights(run, repeated)
    assert repeated.config() == run.config()
    assert "may differ" not in said


def test_a_card_alone_will_do(first, again, tmp_path):
    run, bundle = first
    shutil.copy(bundle.path / "card.json", tmp_path / "of-a-paper.json")
    code, said, repeated = again(tmp_path / "of-a-paper.json")
    assert code == 0, said
    assert_same_weights(run, repeated)


@pytest.mark.parametrize("precision", ["float16", "int8"])
def test_weights_published_in_fewer_bits_are_compared_as_they_are_published(first, tmp_path, precision):
    run, _ = first
    card = replace(draft_of_run(run), name="small", weights_dtype=precision)
    repetition = repetition_of(str(bundle_of_run(run, tmp_path / "small", card).path))
    assert repetition.comparison(run) == "The weights are those of small@1.0 again, bit for bit."


def test_other_weights_are_told(first, again, tmp_path):
    run, _ = first
    shutil.copytree(run.path, tmp_path / "another")
    tensors = load_file(run.weights)
    name = next(name for name, tensor in tensors.items() if tensor.is_floating_point())
    save_file({**tensors, name: tensors[name] + 0.25}, tmp_path / "another" / run.weights.name)
    code, said, _ = again(tmp_path / "another")
    assert code == 0, said
    assert "The weights differ from those of another by up to 0.25." in said


def test_a_store_filled_in_the_same_way_is_the_same_store(first, again, filled, tmp_path):
    run, bundle = first
    filled(tmp_path / "another").close()
    code, said, repeated = again(bundle.path, store=tmp_path / "another")
    assert code == 0, said
    assert_same_weights(run, repeated)


def test_a_store_that_changed_is_refused(first, again, filled, tmp_path):
    with filled(tmp_path / "changed") as store:
        case = next(case for case in store.cases(split="train") if store.read_annotation(case.head).mask.any())
        mask = store.read_annotation(case.head).mask.copy()
        mask[0, mask[0].nonzero()[0][0], :] = 0
        store.save(case.case_id, Annotation.from_mask(mask), author="reader", parent=case.head)
    code, said, repeated = again(first[1].path, store=tmp_path / "changed")
    assert code == 2
    fingerprints = re.findall(
        r"10 training and 6 validation slices \(fingerprint (\w{16})\)", said.replace(" slices and", " and")
    )
    assert "does not hold what mine@1.0 learnt from" in said
    assert len(set(fingerprints)) == 2, said
    assert not repeated.path.exists()


def test_the_model_it_began_from_is_found_or_asked_for(first, again, store, tmp_path):
    run, _ = first
    config = build_train_config("segmenter", start=start_settings("segmenter", str(run.path)), overrides=SHORT)
    warm = fit(config, batches_of(store), tmp_path / "warm", console=QUIET).run
    bundle = bundle_of_run(warm, tmp_path / "bundle")
    assert str(run.path.parent) not in (bundle.path / "card.json").read_text()
    code, said, _ = again(bundle.path)
    assert code == 2
    assert "The model that training began from, first, is not here, expected weights with sha256" in said
    assert "say where it lies: --from" in said
    code, said, repeated = again(bundle.path, "--from", run.path)
    assert code == 0, said
    assert_same_weights(warm, repeated)


def test_an_installed_model_it_began_from_is_found_by_its_weights(first, store, tmp_path):
    _, bundle = first
    registry = Registry()
    registry.install(bundle.path, "mine")
    config = build_train_config("segmenter", start=start_settings("segmenter", "mine"), overrides=SHORT)
    warm = fit(config, batches_of(store), tmp_path / "warm", console=QUIET).run
    other = draft_of_run(RunFolder(first[0].path))
    tensors = {name: value * 2 for name, value in load_file(first[0].weights).items()}
    registry.install(save_bundle(tmp_path / "other", replace(other, name="mine"), tensors).path, "mine")
    assert repetition_of(str(warm.path)).config.start.model == "mine@1.0"


def test_what_makes_it_another_training_is_one_sentence(first, again, tmp_path):
    run, bundle = first
    code, said, _ = again(bundle.path, "--set", "optim.lr=0.5")
    assert code == 2
    assert "A repetition of mine@1.0 keeps its optim.lr, got 0.5" in said
    code, said, _ = again(bundle.path, "--config", run.path / "config.json")
    assert (code, "--like and --config contradict" in said) == (2, True)
    values = json.loads((bundle.path / "card.json").read_text())
    values["training"]["settings"]["data"]["of_old"] = 1
    (tmp_path / "old.json").write_text(json.dumps(values))
    code, said, _ = again(tmp_path / "old.json")
    assert code == 2
    assert "The settings of mine@1.0 are not those of this version" in said
    (tmp_path / "none.json").write_text("[")
    code, said, _ = again(tmp_path / "none.json")
    assert (code, "is no card of a model" in said) == (2, True)


def test_what_may_let_weights_differ_is_told(first):
    run, _ = first
    repetition = repetition_of(str(run.path))
    assert repetition.remarks(1) == ()
    assert repetition.remarks(2) == ("It was trained with processes 1 (here 2): the weights may differ.",)
    timed = replace(repetition, config=replace(repetition.config, stop=replace(repetition.config.stop, max_minutes=3)))
    assert timed.remarks(1)[0].startswith("The training of first was bounded by time (stop.max_minutes 3)")


def test_several_runs_in_one_are_repeated_one_by_one_or_as_the_folds_they_are(store, tmp_path):
    config = build_train_config("segmenter", overrides=[*TINY, "epochs=1", "data.folds=2"])
    joined = fit_folds(config, store, tmp_path / "folds", console=QUIET, progress_bar=progress_bar)
    with pytest.raises(ConfigError, match="ensemble was made of several runs; repeat each by --like RUN, or a cross"):
        repetition_of(str(joined.path))
    card = bundle_of_run(joined, tmp_path / "bundle").path / "card.json"
    assert build_train_config("segmenter", file=card, overrides=["model.members=1"]) == config


def test_a_backbones_file_is_named_without_its_folder_and_asked_for(store, tmp_path):
    own = ("model.backbone=resnet10t", *TINY[3:])
    torch.manual_seed(0)
    network = build_model(build_train_config("classifier", overrides=own).model).network
    save_file(network.state_dict(), tmp_path / "resnet.safetensors")
    at = f"model.weights_file={tmp_path / 'resnet.safetensors'}"
    config = build_train_config("classifier", overrides=[*own, at, "epochs=1"])
    run = fit(config, batches_of(store), tmp_path / "run", console=QUIET).run
    bundle = bundle_of_run(run, tmp_path / "bundle")
    assert str(tmp_path) not in (bundle.path / "card.json").read_text()
    with pytest.raises(InputError, match=r"resnet\.safetensors, are not here; say where they lie: --set model\."):
        repetition_of(str(bundle.path))
    assert repetition_of(str(bundle.path), overrides=[at]).config == config
    assert repetition_of(str(run.path)).config == config
