"""Seeds of an epoch's draw, and where slices are kept between runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpam_train.fitting.batches import cache_beside, dealt_batches
from cpam_train.fitting.slice_batches import SliceLoaders
from cpam_train.presets import build_train_config
from napari_cpam_stroke.errors import InputError


@pytest.fixture
def loaders(filled_store):
    def with_settings(*settings):
        return SliceLoaders(filled_store, build_train_config("segmenter", overrides=settings), cache=None)

    return with_settings


def test_the_seed_of_a_draw_is_the_same_number_in_every_process_and_version(loaders):
    assert loaders("seed=3").seed_of(epoch=2, rank=1) == 1760858510


def test_every_epoch_rank_and_run_draws_with_another_seed(loaders):
    seeds = [loaders(f"seed={seed}").seed_of(epoch, rank) for seed in (0, 1) for epoch in range(3) for rank in range(3)]
    assert len(set(seeds)) == len(seeds)
    assert all(0 <= seed < 2**32 for seed in seeds)


def test_epochs_draw_other_slices_and_a_resumed_one_the_same_again(loaders):
    drawn = loaders("seed=3")
    first, second = (list(drawn.draw(epoch, rank=0, world=1)) for epoch in (0, 1))
    assert first != second
    assert first == list(loaders("seed=3").draw(0, rank=0, world=1))


def test_runs_side_by_side_share_one_cache(loaders):
    config = loaders().config
    assert cache_beside(Path("runs/a"), config) == cache_beside(Path("runs/b"), config) == Path("runs/slice-cache")
    assert cache_beside(Path("runs/a"), loaders("data.cache=false").config) is None


@given(slices=st.integers(1, 60), batch_size=st.integers(1, 20), world=st.integers(1, 9))
def test_validation_batches_are_dealt_out_whole_and_nobody_has_none(slices, batch_size, world):
    if slices < world:
        with pytest.raises(InputError, match=f"{world} processes cannot share {slices} validation slices"):
            dealt_batches(slices, batch_size, 0, world)
        return
    shares = [dealt_batches(slices, batch_size, rank, world) for rank in range(world)]
    assert all(shares)
    assert sorted(i for share in shares for batch in share for i in batch) == list(range(slices))
    alone = dealt_batches(slices, batch_size, 0, 1)
    if len(alone) >= world:
        assert sorted(batch for share in shares for batch in share) == alone
