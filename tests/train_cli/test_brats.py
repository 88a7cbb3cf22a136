"""BraTS from prepared cases to the paper's table 7."""

import json

import numpy as np
import pytest
from rich.console import Console

from cpam_train.benchmark.systems import Recipe
from cpam_train.brats import BratsCase, BratsFolder
from cpam_train.brats.benchmark import render_table_7, run_brats
from cpam_train.brats.judge import RegionDice, region_dice, region_estimates
from cpam_train.commands.batches_of import batches_of
from cpam_train.commands.common import progress_bar
from cpam_train.fitting.fit import fit
from cpam_train.presets import build_train_config
from napari_cpam_stroke.errors import ConfigError

TINY = (
    "model.base_width=4",
    "model.depth=3",
    "model.attention.token_grid=4",
    "preprocess.size=32",
    "data.batch_size=8",
    "data.workers=0",
    "epochs=1",
)
QUIET = Console(quiet=True)


@pytest.fixture
def folder(tmp_path):
    """Ten patients with one tumour each."""
    rng = np.random.default_rng(0)
    prepared = BratsFolder.open(tmp_path / "brats")
    for number in range(10):
        labels = np.zeros((3, 30, 28), np.uint8)
        labels[1, 8:20, 8:20], labels[1, 10:16, 10:16], labels[1, 12:14, 12:14] = 2, 1, 3
        images = (rng.normal(0, 0.5, (3, 4, 30, 28)) + (labels > 0)[:, None]).astype(np.float32)
        prepared.add(BratsCase(f"c{number}", f"p{number}", "HGG", 3), images, labels)
    prepared.assign_splits((0.5, 0.2, 0.3))
    return prepared


def test_benchmark_prints_table_7_and_goes_on(folder, tmp_path):
    args = (folder, tmp_path / "out", Recipe(preset="brats", shared=TINY), ("unet", "cpam_unet"), 1)
    found = run_brats(*args, console=QUIET, progress_bar=progress_bar)
    page = render_table_7(found, seeds=1)
    for text in ("WT Dice", "TC Dice", "ET Dice", "0.872", "behind that reference on WT and TC"):
        assert text in page
    again = run_brats(*args, console=QUIET, progress_bar=progress_bar)
    assert json.dumps([c.values for c in again["unet"][0]]) == json.dumps([c.values for c in found["unet"][0]])
    with pytest.raises(ConfigError, match="segmenters only"):
        run_brats(*args[:3], ("vgg16_bn",), 1, console=QUIET, progress_bar=progress_bar)


def test_ct_settings_do_not_fit_brats_and_the_other_way_round(folder, store, tmp_path):
    with pytest.raises(ConfigError, match="do not fit each other"):
        fit(build_train_config("segmenter", overrides=TINY), batches_of(folder), tmp_path / "a", console=QUIET)
    brats = build_train_config("segmenter", preset="brats", overrides=TINY)
    with pytest.raises(ConfigError, match="do not fit each other"):
        fit(brats, batches_of(store), tmp_path / "b", console=QUIET)
    folds = build_train_config("segmenter", preset="brats", overrides=[*TINY, "data.folds=2"])
    with pytest.raises(ConfigError, match=r"no setting data\.folds"):
        fit(folds, batches_of(folder), tmp_path / "c", console=QUIET)


def test_regions_are_nested_sets_of_labels():
    truth, predicted = np.zeros((1, 4, 4), np.uint8), np.zeros((1, 4, 4), np.uint8)
    truth[0, 0] = [1, 2, 3, 0]
    predicted[0, 0] = [2, 2, 3, 3]
    found = region_dice(predicted, truth)
    assert found == pytest.approx({"WT": 6 / 7, "TC": 0.5, "ET": 2 / 3})


def test_a_case_without_a_region_is_left_out_of_its_mean():
    nan = float("nan")
    cases = [RegionDice(str(i), str(i), {"WT": 0.8, "TC": 0.5, "ET": nan if i else 0.4}) for i in range(4)]
    figures = region_estimates([cases, cases])
    assert (figures["ET"].cases, figures["WT"].cases) == (1, 4)
    assert figures["ET"].value == pytest.approx(0.4)
