from __future__ import annotations

from unittest.mock import Mock

import numpy as np
import pytest
import torch
from scipy import ndimage

from cpam_train.data import prompted_slices
from cpam_train.data.prompted_slices import PromptedDataset, prompted_rows, soft_tissue, wrong_mask
from cpam_train.data.slices import collect_slices
from napari_cpam_stroke.config import PreprocessConfig, PromptInput
from napari_cpam_stroke.core import LesionClass
from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.prompting.network_input import PROMPT_CHANNELS

CONFIG = PreprocessConfig(size=64, crop_to_head=False, align_midline=False)
KIND, WANTED, REFUSED, SURROUNDED, BEFORE = range(-len(PROMPT_CHANNELS), 0)


@pytest.fixture
def rows(filled_store):
    return prompted_rows(collect_slices(filled_store))


def test_every_known_class_of_a_slice_is_asked_for(filled_store, rows):
    slices = collect_slices(filled_store)
    assert len(rows) == sum(sum(row.mask_known) for row in slices)
    assert {row.present for row in rows} == {True, False}


@pytest.mark.parametrize("varied", [False, True])
def test_an_item_is_what_the_network_takes(filled_store, rows, varied):
    data = PromptedDataset(filled_store, CONFIG, PromptInput(), rows, varied=varied)
    for index in range(len(data)):
        item = data[index]
        assert item["image"].shape == (CONFIG.channels + len(PROMPT_CHANNELS), 64, 64)
        assert 0 <= float(item["image"].min()) <= float(item["image"].max()) <= 1
        assert bool(item["mask"].any()) == bool(item["slice_label"][0]) == rows[index].present
        assert (item["image"][KIND] == float(rows[index].lesion_class is LesionClass.HEMORRHAGE)).all()
        assert item["image"][[WANTED, REFUSED, SURROUNDED]].any()


def test_where_nothing_is_meant_a_false_mask_is_turned_down(filled_store, rows):
    absent = [row for row in rows if not row.present]
    data = PromptedDataset(filled_store, CONFIG, PromptInput(), absent, varied=True)
    items = [data[index] for index in range(len(data))]
    assert all(item["image"][BEFORE].any() for item in items)
    assert all(item["image"][REFUSED].any() for item in items)
    assert not any(item["image"][WANTED].any() for item in items)


def test_prompts_change_with_the_epoch_and_come_again(filled_store, rows):
    present = [row for row in rows if row.present]
    data = PromptedDataset(filled_store, CONFIG, PromptInput(), present, varied=True, seed=3)
    first = data[0]["image"]
    assert torch.equal(data[0]["image"], first)
    data.set_epoch(1)
    assert not torch.equal(data[0]["image"], first)


def test_in_training_heads_lie_turned_and_in_validation_as_they_are(filled_store, rows, monkeypatch):
    present = [row for row in rows if row.present]
    monkeypatch.setattr(prompted_slices.ndimage, "rotate", Mock(side_effect=ndimage.rotate))
    for varied in (False, True):
        data = PromptedDataset(filled_store, CONFIG, PromptInput(), present, varied=varied)
        assert all(data[index]["mask"].any() for index in range(len(data)))
        turns = [call.args[1] for call in prompted_slices.ndimage.rotate.call_args_list]
        assert len(turns) == (2 * len(data) if varied else 0)
    assert len(set(turns)) == len(data)
    assert all(abs(turn) <= prompted_slices.TURN_DEGREES for turn in turns)


def test_without_rows_there_is_no_data_set(filled_store):
    with pytest.raises(InputError, match="no slice"):
        PromptedDataset(filled_store, CONFIG, PromptInput(), [], varied=False)


@pytest.mark.parametrize("seed", range(6))
def test_a_wrong_mask_is_wrong_and_false_parts_lie_in_soft_tissue(seed):
    rng = np.random.default_rng(seed)
    soft = np.zeros((80, 80), dtype=bool)
    soft[:40] = True
    mask = wrong_mask(np.zeros((80, 80), dtype=bool), soft, (0.6, 0.6), rng)
    assert mask.any()
    rows, _ = np.nonzero(mask)
    assert rows.min() < 40
    truth = np.hypot(*np.ogrid[-40:40, -40:40]) < 12
    assert (wrong_mask(truth, soft, (0.6, 0.6), rng) != truth).any()


def test_bone_and_air_are_not_soft():
    np.testing.assert_array_equal(soft_tissue(np.array([-1000, 30, 900])), [False, True, False])
