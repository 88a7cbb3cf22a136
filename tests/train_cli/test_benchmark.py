from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from cpam_train.benchmark import systems
from cpam_train.benchmark.figures import (
    false_pixels_per_million,
    marked_share,
    mean_overlap,
    overlap_difference,
    slice_auc,
    slice_rates,
)
from cpam_train.benchmark.outcome import Cases, Outcome, Slices, start_of
from cpam_train.benchmark.run import run_systems
from cpam_train.benchmark.systems import Recipe
from cpam_train.benchmark.tables import grouped, heading, table_5, tables_of, verdict
from cpam_train.commands.common import progress_bar
from cpam_train.evaluation.table import page_of
from cpam_train.metrics.counts import Counts
from cpam_train.presets import build_train_config
from cpam_train.run_folder import CARD_DRAFT, begin_run, open_run
from napari_cpam_stroke.config import WeightsOrigin, plain
from napari_cpam_stroke.errors import ConfigError

SHARED = (
    "preprocess.size=32",
    "data.batch_size=4",
    "data.workers=0",
    "optim.ema=0",
    "epochs=1",
    "augment.enabled=false",
    "data.synthetic=false",
)
OWN = (("segmenter", ("model.base_width=4", "model.depth=3", "model.attention.token_grid=4")),)


def test_benchmark_runs_goes_on_and_prints_the_papers_tables(store, tmp_path, monkeypatch):
    monkeypatch.setitem(systems.KINDS, "resnet10t", "classifier")
    recipe, names = Recipe(shared=SHARED, own=OWN), ("resnet10t", "unet", "cpam_unet")
    args = (store, tmp_path / "out", recipe, names, 1)
    outcomes = run_systems(*args, console=Console(quiet=True), progress_bar=progress_bar)
    stamps = {p: p.stat().st_mtime_ns for p in (tmp_path / "out").rglob("benchmark.json")}
    assert len(stamps) == 3
    again = run_systems(*args, console=Console(quiet=True), progress_bar=progress_bar)
    assert stamps == {p: p.stat().st_mtime_ns for p in stamps}
    assert [o.parameters for o in again] == [o.parameters for o in outcomes]
    page = page_of(tables_of(outcomes, seeds=1), heading=heading(split_rule="by patient, fixed in the store", seeds=1))
    for text in ("Table 4", "Table 5", "Table 6", "| 0.604 |", "not shown to be better", "attention_unet was not run"):
        assert text in page
    assert "| resnet10t | chance, all of it trained |" in page
    assert [row[:2] for row in tables_of(outcomes, seeds=1)[1].rows] == [
        ("resnet10t", "stroke"), ("resnet10t", "ischemia"), ("resnet10t", "hemorrhage"),
    ]  # fmt: skip
    assert not [n for n in ("nan", "None") if n in page]
    with pytest.raises(ConfigError, match="other settings"):
        run_systems(
            store,
            tmp_path / "out",
            Recipe(shared=SHARED),
            names[1:],
            1,
            console=Console(quiet=True),
            progress_bar=progress_bar,
        )


def test_a_classifier_is_named_with_what_it_starts_from():
    name = "tf_efficientnet_lite0"
    plain = Recipe().config(name, 0).model
    assert (plain.pretrained, plain.freeze_backbone, plain.input_range) == (False, False, (0, 1))
    marked = Recipe().config(f"{name}+pretrained+frozen", 0).model
    assert (marked.backbone, marked.pretrained, marked.freeze_backbone) == (name, True, True)
    assert marked.input_range == (-1, 1), "as those weights were trained"


@pytest.mark.parametrize("output", ["sigmoid", "softmax", "sparsemax"])
def test_output_layers_are_compared_by_name(output):
    assert Recipe().config(f"vgg16_bn+{output}", 0).model.output == output


@pytest.mark.parametrize(
    ("system", "words"),
    [
        ("vgg16_bn+frosen", r"cannot be 'frosen' \(did you mean 'frozen'\?\)"),
        ("unet+frozen", "model.encoder.pretrained"),
        ("vgg16_bn+softmax+sparsemax", "has one output layer, got softmax and sparsemax"),
    ],
)
def test_what_a_system_cannot_be_is_one_sentence(system, words):
    with pytest.raises(ConfigError, match=words):
        Recipe().config(system, 0)


@pytest.mark.parametrize(
    ("settings", "origin", "said"),
    [
        ((), None, "chance, all of it trained"),
        (("model.freeze_backbone=true",), None, "chance, frozen"),
        ((), WeightsOrigin("x", "a-package 1.0", "ImageNet"), "ImageNet weights (a-package 1.0), fine-tuned"),
        (("model.freeze_backbone=true",), WeightsOrigin("x", "mine.pth"), "weights (mine.pth), frozen"),
    ],
)
def test_the_start_is_what_the_run_recorded(tmp_path, settings, origin, said):
    config = build_train_config("classifier", overrides=settings)
    run, config = open_run(tmp_path / "run", config, resume=False)
    begin_run(run, config)
    run.write_json(CARD_DRAFT, {"pretrained": None if origin is None else plain(origin)})
    assert start_of(run) == said


def test_unknown_system_is_refused():
    with pytest.raises(ConfigError, match="did you mean 'cpam_unet'"):
        Recipe().config("cpam_unett", 0)


def outcome(system, seed, dice_values, probability=None):
    """Four patients with ischemia whose Dice is given, and one without."""
    n = len(dice_values)
    tp = np.r_[np.asarray(dice_values) * 100, 0]
    wrong = np.r_[(1 - np.asarray(dice_values)) * 100, 5]
    held = np.r_[np.ones(n), 0]
    counts = Counts(tp, np.where(held, wrong, 5), wrong * held, np.full(n + 1, 1e4))
    names = [str(i) for i in range(n + 1)]
    empty = Cases([], [], Counts(*(np.zeros(0),) * 4))
    cases = {"ischemia": Cases(names, names, counts), "hemorrhage": empty}
    p = np.asarray(probability if probability is not None else np.linspace(0.9, 0.1, n + 1))
    slices = {s: Slices(names, p, held.astype(bool)) for s in ("test", "validation")}
    return Outcome(system, seed, 1.0, 1000, 0.1, 0.2, {"test": cases, "validation": cases}, slices)


def systems_with(gain, seeds=3):
    rng = np.random.default_rng(0)
    base = rng.uniform(0.2, 0.7, 12)
    outcomes = []
    for seed in range(seeds):
        outcomes += [outcome(name, seed, base) for name in ("unet", "attention_unet")]
        outcomes.append(outcome("cpam_unet", seed, base + gain + rng.normal(0, 0.01, 12)))
    return grouped(outcomes)


def test_table_5_counts_each_class_alone_and_old_outcomes_only_stroke():
    old = outcome("vgg16_bn", 0, [0.1] * 3, [0.9, 0.8, 0.3, 0.6])
    of_class = Slices(list("abcd"), np.array([0.9, 0.2, 0.1, 0.6]), np.array([True, True, False, False]))
    new = replace(
        old,
        slices_of={"test": {"ischemia": of_class, "hemorrhage": replace(of_class, present=~of_class.present & False)}},
    )
    assert [row[1] for row in table_5({"vgg16_bn": [old]}).rows] == ["stroke"]
    _, ischemia = table_5({"vgg16_bn": [new]}).rows
    assert [cell.split()[0] for cell in ischemia[1:8]] == [
        "ischemia",
        "0.500",
        "0.500",
        "0.500",
        "0.500",
        "0.500",
        "0.750",
    ]


def test_seeds_are_averaged_case_by_case():
    group = [outcome("unet", 0, [0.2, 0.4]), outcome("unet", 1, [0.4, 0.8])]
    assert mean_overlap(group, "dice").value == pytest.approx((0.3 + 0.6) / 2)
    assert mean_overlap(group, "dice").cases == 2
    other = [outcome("cpam_unet", 0, [0.5, 0.8])]
    assert overlap_difference(other, group).value == pytest.approx(0.2)


def test_false_marks_are_counted_where_the_class_is_not():
    group = [outcome("unet", seed, [0.5, 0.5]) for seed in range(2)]
    assert marked_share(group, names=["ischemia"]).value == 1.0
    found = false_pixels_per_million(group, names=["ischemia"])
    assert found.value == pytest.approx(1e6 * 5 / (1e4 + 5))
    assert (found.cases, found.patients) == (2, 1)


def test_slice_figures_are_counts():
    group = [outcome("vgg16_bn", 0, [0.1] * 3, [0.9, 0.8, 0.3, 0.6])]
    rates = slice_rates(group)
    assert rates["sensitivity"].value == pytest.approx(2 / 3)
    assert rates["specificity"].value == 0
    assert rates["precision"].value == pytest.approx(2 / 3)
    assert slice_auc(group).value == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("gain", "seeds", "said"),
    [
        (0.1, 3, "is better than unet and attention_unet"),
        (0.1, 2, "only 2 seed"),
        (0.0, 3, "holds 0"),
        (-0.1, 3, "is worse than unet and attention_unet"),
    ],
)
def test_only_what_is_shown_is_claimed(gain, seeds, said):
    assert said in verdict(systems_with(gain, seeds), seeds)


def test_command_checks_systems_before_it_trains(store_folder, tmp_path, monkeypatch, capsys):
    import sys

    from cpam_train.cli import main

    command = ["cpam-train", "benchmark", "--store", str(store_folder), "--out", str(tmp_path), "--systems", "unett"]
    monkeypatch.setattr(sys, "argv", command)
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 2
    assert "did you mean 'unet'" in capsys.readouterr().err.replace("\n", " ")
    assert not list(tmp_path.iterdir())
