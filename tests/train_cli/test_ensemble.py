import json

import numpy as np
import pytest
import torch
from rich.console import Console
from safetensors.torch import load_file

from cpam_train.commands.batches_of import batches_of
from cpam_train.commands.common import progress_bar
from cpam_train.evaluation.model import opened_model
from cpam_train.evaluation.run import evaluate_model
from cpam_train.fitting.ensemble import build_ensemble, fit_folds, judged_member
from cpam_train.fitting.fit import fit
from cpam_train.presets import build_train_config
from cpam_train.run_folder import RunFolder
from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.bundles import ModelCard
from napari_cpam_stroke.config import build_config
from napari_cpam_stroke.errors import ConfigError, InputError

QUIET = Console(quiet=True)


def config(*settings):
    tiny = [
        "model.base_width=4",
        "model.depth=3",
        "model.attention.token_grid=4",
        "preprocess.size=32",
        "data.batch_size=4",
        "data.workers=0",
        "epochs=1",
    ]
    return build_train_config("segmenter", overrides=[*tiny, *settings])


@pytest.fixture(scope="module")
def folds(store_folder, tmp_path_factory):
    """Two finished runs: the folds of one cross-validation."""
    folder = tmp_path_factory.mktemp("folds")
    with AnnotationStore.open(store_folder, create=False) as store:
        return [
            fit(config("data.folds=2", f"data.fold={k}"), batches_of(store), folder / f"fold-{k}", console=QUIET).run
            for k in range(2)
        ]


@pytest.fixture
def ensemble(folds, store, tmp_path):
    return build_ensemble([run.path for run in folds], store, tmp_path / "ensemble", progress_bar=progress_bar)


def test_members_keep_their_weights(ensemble, folds):
    together = load_file(ensemble.weights)
    for i, run in enumerate(folds):
        for name, tensor in load_file(run.weights).items():
            assert torch.equal(together[f"members.{i}.{name}"], tensor)


def test_operating_points_come_from_patients_a_member_never_saw(folds, store, ensemble):
    seen = []
    for run in folds:
        member = judged_member(run, store)
        trained = {row.case.patient_id for row in member.loaders.train.rows}
        judged = {row.case.patient_id for row in member.loaders.validation.rows}
        assert not trained & judged
        seen += [origin.case for origin in member.origins]
    open_to_training = {c.case_id for split in ("train", "validation") for c in store.cases(split=split)}
    assert set(seen) == open_to_training
    metrics = json.loads((ensemble.path / "metrics.json").read_text())
    assert metrics["slices"] == len(seen)
    assert metrics["members"] == 2


def test_card_names_both_folds_and_all_patients(ensemble, store):
    card = build_config(ModelCard, ensemble.read_json("card-draft.json"))
    assert card.architecture.members == 2
    data = card.training["data"]
    assert "fold 1 of 2" in data["split_rule"]
    assert "fold 2 of 2" in data["split_rule"]
    patients = sum(source["patients"] for source in data["train"].values())
    assert patients == len({c.patient_id for s in ("train", "validation") for c in store.cases(split=s)})


def test_one_network_alone_has_the_operating_points_of_all_folds(ensemble, folds, store, tmp_path):
    paths = [run.path for run in folds]
    alone = build_ensemble(paths, store, tmp_path / "alone", single=True, progress_bar=progress_bar)
    kept, first = load_file(alone.weights), load_file(folds[0].weights)
    assert kept.keys() == first.keys()
    assert all(torch.equal(kept[name], first[name]) for name in first)
    card, together = (build_config(ModelCard, run.read_json("card-draft.json")) for run in (alone, ensemble))
    assert card.architecture.members == 1
    assert card.thresholds == together.thresholds
    assert card.pixel_calibration == together.pixel_calibration
    own = build_config(ModelCard, folds[0].read_json("card-draft.json")).training["data"]
    assert card.training["data"]["train"] == own["train"], "it has seen no other fold"
    assert card.training["data"]["validation"] == together.training["data"]["validation"]


def test_it_is_judged_like_any_run(ensemble, folds, store):
    with opened_model(ensemble.path) as together, opened_model(folds[0].path) as alone:
        one, other = (evaluate_model(predictor, store) for predictor in (together, alone))
    assert one.fingerprint == other.fingerprint
    assert len(one.results["ischemia"]) == len(other.results["ischemia"]) > 0


def test_its_masks_are_those_of_the_mean(ensemble, folds, store):
    case = store.cases(split="test")[0]
    volume = store.read_volume(case.case_id)
    found = []
    for path in (ensemble.path, *(run.path for run in folds)):
        with opened_model(path) as predictor:
            found.append(predictor.predict(volume).probabilities.astype(float))
    assert (found[0] <= np.maximum(found[1], found[2]) + 2).all()
    assert (found[0] >= np.minimum(found[1], found[2]) - 2).all()


@pytest.mark.parametrize(
    ("runs", "sentence"),
    [
        (lambda f, tmp: [f[0].path], "at least two"),
        (lambda f, tmp: [f[0].path, tmp / "none"], r"has no config\.json"),
    ],
)
def test_wrong_members_are_refused_in_a_sentence(folds, store, tmp_path, runs, sentence):
    with pytest.raises(InputError, match=sentence):
        build_ensemble(runs(folds, tmp_path), store, tmp_path / "out", progress_bar=progress_bar)
    assert not (tmp_path / "out").exists()


def test_members_of_another_network_are_refused(folds, store, tmp_path):
    other = fit(config("model.architecture=unet"), batches_of(store), tmp_path / "unet", console=QUIET).run
    with pytest.raises(InputError, match=r"differs .* in its model settings"):
        build_ensemble([folds[0].path, other.path], store, tmp_path / "out", progress_bar=progress_bar)


def test_an_unfinished_member_is_refused(folds, store, tmp_path):
    half = RunFolder(tmp_path / "half")
    half.path.mkdir()
    half.write_json("config.json", folds[0].read_json("config.json"))
    with pytest.raises(InputError, match="not finished"):
        build_ensemble([folds[0].path, half.path], store, tmp_path / "out", progress_bar=progress_bar)


def test_cross_validation_goes_on_where_it_stopped(folds, store, tmp_path):
    out = tmp_path / "cv"
    out.mkdir()
    (out / "fold-0").symlink_to(folds[0].path)
    before = folds[0].weights.stat().st_mtime_ns
    run = fit_folds(config("data.folds=2"), store, out, console=QUIET, progress_bar=progress_bar)
    assert folds[0].weights.stat().st_mtime_ns == before
    assert run.path == out / "ensemble"
    seeds = [RunFolder(out / f"fold-{k}").config() for k in range(2)]
    assert [c.data.fold for c in seeds] == [0, 1]
    assert seeds[1].seed == 1


def test_cross_validation_needs_folds(store, tmp_path):
    with pytest.raises(ConfigError, match="number of folds"):
        fit_folds(config(), store, tmp_path, console=QUIET, progress_bar=progress_bar)


def test_fit_refuses_to_train_an_ensemble_as_one(store, tmp_path):
    with pytest.raises(ConfigError, match="one by one"):
        fit(config("model.members=2"), batches_of(store), tmp_path / "run", console=QUIET)
