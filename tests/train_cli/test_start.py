"""Training that begins from a model: what fits, what does not, what is frozen, and the line of descent in the card."""

import io
import json
import pickle

import pytest
import torch
from rich.console import Console
from safetensors.torch import load_file, save_file

from cpam_train.commands.batches_of import batches_of
from cpam_train.evaluation.model import bundle_of_run
from cpam_train.fitting.ensemble import fit_folds
from cpam_train.fitting.fit import fit
from cpam_train.fitting.start import START_FILE, WARM_LR, begin_from, open_start, start_settings
from cpam_train.presets import build_train_config
from cpam_train.run_folder import CARD_DRAFT
from cpam_train.tuning.objective import Setup
from napari_cpam_stroke.bundles import ModelCard, Registry
from napari_cpam_stroke.config import build_config
from napari_cpam_stroke.errors import ConfigError, InputError
from napari_cpam_stroke.models import build_model

QUIET = Console(quiet=True)
NETWORK = ("model.base_width=4", "model.depth=3", "model.attention.token_grid=4", "preprocess.size=32")
SHORT = ("data.batch_size=4", "data.workers=0", "epochs=1")
FROZEN = 'optim.lr_shares=[["encoder.",0],["attention.",0],["decoder.",0],["side_heads.",0],["image_head.",0]]'


def config(*settings, start=None, kind="segmenter"):
    own = start_settings(kind, None if start is None else str(start))
    return build_train_config(kind, start=own, overrides=[*(NETWORK if start is None else ()), *SHORT, *settings])


@pytest.fixture(scope="module")
def first(store_folder, tmp_path_factory):
    """A finished run of one epoch."""
    from napari_cpam_stroke.annotations import AnnotationStore

    with AnnotationStore.open(store_folder, create=False) as store:
        return fit(config(), batches_of(store), tmp_path_factory.mktemp("first") / "first", console=QUIET).run


def test_network_input_and_a_lower_rate_come_from_the_model(first):
    warm = config(start=first.path)
    assert warm.model == first.config().model
    assert warm.preprocess == first.config().preprocess
    assert warm.optim.lr < first.config().optim.lr
    assert warm.start.sha256 == open_start(str(first.path)).sha256
    assert config("optim.lr=0.5", "model.dropout=0.4", start=first.path).model.dropout == 0.4


def test_frozen_parts_stay_as_the_model_has_them_and_the_card_tells_its_descent(first, store, tmp_path):
    told = Console(record=True, width=300, file=io.StringIO())
    warm = fit(config(FROZEN, "optim.ema=0", start=first.path), batches_of(store), tmp_path / "second", console=told)
    before, after = load_file(first.weights), load_file(warm.run.weights)
    moved = {name.partition(".")[0] for name in before if not torch.equal(before[name], after[name])}
    assert moved == {"head"}
    assert f"Training begins from first: {len(before)} of {len(before)} tensors." in told.export_text()
    card = build_config(ModelCard, warm.run.read_json(CARD_DRAFT))
    assert (card.pretrained.source, card.pretrained.sha256) == ("first", open_start(str(first.path)).sha256)
    assert card.training["lineage"][0]["trained_on"] == "5 patients: synthetic 5"
    assert card.training["settings"]["start"]["model"] == "first"
    third = fit(config(start=warm.run.path), batches_of(store), tmp_path / "third", console=QUIET)
    lineage = third.run.read_json(CARD_DRAFT)["training"]["lineage"]
    assert [ancestor["model"] for ancestor in lineage] == ["second", "first"]


def test_a_warm_run_knows_more_than_one_from_chance(first, store, tmp_path):
    """With a rate of next to nothing, what is kept is what was begun from."""
    still = "optim.lr=1e-12"
    warm = fit(config(still, "optim.ema=0", start=first.path), batches_of(store), tmp_path / "warm", console=QUIET)
    before, after = load_file(first.weights), load_file(warm.run.weights)
    for name in before:
        if "running" not in name and "num_batches" not in name:
            torch.testing.assert_close(after[name], before[name])


def test_misfits_are_named_and_begin_from_chance(first, store, tmp_path):
    warm = fit(
        config("preprocess.context_slices=3", start=first.path), batches_of(store), tmp_path / "run", console=QUIET
    )
    noted = json.loads((warm.run.path / START_FILE).read_text())
    assert noted["from_chance"]
    assert all("encoder" in misfit and "instead of" in misfit for misfit in noted["from_chance"])


def test_a_file_of_weights_alone_will_do(first, store, tmp_path):
    save_file(load_file(first.weights), tmp_path / "own.safetensors")
    values = build_train_config(
        "segmenter", start=start_settings("segmenter", str(tmp_path / "own.safetensors")), overrides=[*NETWORK, *SHORT]
    )
    run = fit(values, batches_of(store), tmp_path / "run", console=QUIET).run
    card = run.read_json(CARD_DRAFT)
    assert card["pretrained"]["source"] == "own.safetensors"
    assert str(tmp_path) not in json.dumps(card)


def test_what_cannot_be_begun_from_is_one_sentence(first, store, tmp_path):
    with pytest.raises(ConfigError, match="classifier cannot begin from first, got a segmenter"):
        config(start=first.path, kind="classifier")
    (tmp_path / "w.pth").write_bytes(pickle.dumps({}))
    with pytest.raises(InputError, match=r"pickles .* are not opened"):
        config(start=tmp_path / "w.pth")
    save_file({"other": torch.zeros(1)}, tmp_path / "other.safetensors")
    values = config(f"start.model={tmp_path / 'other.safetensors'}")
    with pytest.raises(ConfigError, match=r"No weight of other\.safetensors fits"):
        fit(values, batches_of(store), tmp_path / "run", console=QUIET)
    with pytest.raises(ConfigError, match="has other weights than when these settings were made"):
        fit(config(f"start.sha256={'0' * 64}", start=first.path), batches_of(store), tmp_path / "b", console=QUIET)
    assert not any((tmp_path / name).exists() for name in ("run", "b"))
    with pytest.raises(ConfigError, match=r"part that the network does not have, got 'encodr\.'.*encoder\."):
        fit(config('optim.lr_shares=[["encodr.",0]]'), batches_of(store), tmp_path / "c", console=QUIET)
    with pytest.raises(ConfigError, match="Every part of the network is frozen"):
        fit(config('optim.lr_shares=[["",0]]'), batches_of(store), tmp_path / "d", console=QUIET)


def test_the_bundled_ensemble_gives_each_fold_another_member(store):
    start = open_start("default")
    values = config(start="default")
    assert values.model.members == 1
    build_model(values.model).load_state_dict(start.of_member(2))
    one, other = (next(iter(start.of_member(number).values())) for number in (0, 1))
    assert not torch.equal(one, other)
    assert all(torch.equal(a, b) for a, b in zip(start.of_member(1).values(), start.of_member(4).values(), strict=True))


def test_a_prompted_model_begins_from_one_and_from_no_other_kind():
    values = build_train_config("prompted", start=start_settings("prompted", "prompted"), overrides=SHORT)
    card = open_start("prompted").card
    assert values.start.model == "prompted"
    assert values.prompts == card.prompts
    assert values.optim.lr == WARM_LR["prompted"]
    network = build_model(values.model)
    assert begin_from(network, values.start)[1].misfits == ()
    for kind, name in (("segmenter", "prompted"), ("prompted", "default")):
        with pytest.raises(ConfigError, match="prompted model"):
            start_settings(kind, name)


def test_folds_begin_from_a_model_and_so_does_every_trial(first, store, tmp_path):
    from cpam_train.commands.common import progress_bar

    values = config("data.folds=2", start=first.path)
    ensemble = fit_folds(values, store, tmp_path / "cv", console=QUIET, progress_bar=progress_bar)
    assert ensemble.read_json(CARD_DRAFT)["training"]["lineage"][0]["model"] == "first"
    setup = Setup(
        "segmenter",
        batches_of(store),
        tmp_path,
        "default",
        None,
        (),
        {},
        start=start_settings("segmenter", str(first.path)),
    )
    assert setup.config({"optim.lr": 0.1}).start.model == str(first.path)
    assert setup.config({"optim.lr": 0.1}).optim.lr == 0.1


def test_an_installed_model_is_begun_from_by_name(first, tmp_path, monkeypatch):
    monkeypatch.setenv("CPAM_STROKE_HOME", str(tmp_path))
    Registry().install(bundle_of_run(first, tmp_path / "bundle").path, "mine")
    start = open_start("mine")
    assert start.name == "mine 1.0"
    assert config(start="mine").data.new_since is not None
