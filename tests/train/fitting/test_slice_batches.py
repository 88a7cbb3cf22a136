"""What validation is shown."""

from __future__ import annotations

from datetime import UTC, timedelta

import numpy as np
import pytest
from rich.console import Console

from cpam_train.fitting.slice_batches import SliceLoaders, is_new
from cpam_train.presets import build_train_config

SETTINGS = ("preprocess.size=32", "preprocess.context_slices=3", "data.synthetic=false", "data.folds=2")


def with_neighbours(data):
    """Return the sources of which some slice is shown with another one in the place of a neighbour."""
    images = [(row, data[i]["image"].numpy().reshape(3, -1, 32, 32)) for i, row in enumerate(data.rows)]
    return {row.case.source for row, image in images if not (image == image[1]).all()}


def test_validation_shows_every_slice_as_prediction_does(filled_store):
    loaders = SliceLoaders(filled_store, build_train_config("segmenter", overrides=SETTINGS), cache=None)
    assert with_neighbours(loaders.validation) == {"jpeg"}


def test_training_shows_no_neighbours_that_would_give_a_class_away(filled_store):
    """In this store ischemia comes as single slices only."""
    loaders = SliceLoaders(filled_store, build_train_config("segmenter", overrides=SETTINGS), cache=None)
    assert with_neighbours(loaders.train) == set()
    told = Console(record=True, width=200)
    loaders.prepare(told)
    assert "neighbours would give it away" in told.export_text()


def test_training_shows_true_neighbours_by_chance_where_all_classes_have_them(filled_store):
    settings = (*SETTINGS, 'data.sources=["jpeg"]', "data.neighbours=[0.3,0.4]")
    loaders = SliceLoaders(filled_store, build_train_config("segmenter", overrides=settings), cache=None)
    shown = []
    for epoch in range(12):
        loaders.set_epoch(epoch)
        for i, row in enumerate(loaders.train.rows):
            image = loaders.train[i]["image"].numpy().reshape(3, -1, 32, 32)
            shown.append(sum(not np.array_equal(side, image[1]) for side in (image[0], image[2])))
            assert shown[-1] <= 1 + (row.z == 1)
    assert set(shown) == {0, 1, 2}
    alone = build_train_config("segmenter", overrides=(*settings, "data.neighbours=[0,0]"))
    assert with_neighbours(SliceLoaders(filled_store, alone, cache=None).train) == set()


def test_new_cases_are_those_saved_since_and_those_of_new_sources(filled_store):
    saved = sorted(
        revision.created for case in filled_store.cases() for revision in filled_store.revisions(case.case_id)
    )
    middle = saved[len(saved) // 2]
    for settings in (f"data.new_since={middle.isoformat()}", 'data.new_sources=["jpeg"]'):
        config = build_train_config("segmenter", overrides=(*SETTINGS, settings, "data.replay_share=0.25"))
        loaders = SliceLoaders(filled_store, config, cache=None)
        new = [is_new(row, config.data) for row in loaders.train.rows]
        assert 0 < sum(new) < len(new)
        of_old = sum(w for w, fresh in zip(loaders.weights.tolist(), new, strict=True) if not fresh)
        assert of_old / loaders.weights.sum() == pytest.approx(0.25, abs=0.01)


def test_a_time_without_a_zone_is_utc(filled_store):
    row = SliceLoaders(filled_store, build_train_config("segmenter", overrides=SETTINGS), cache=None).train.rows[0]
    assert row.case.saved is not None
    before, after = (row.case.saved + timedelta(minutes=m) for m in (-1, 1))
    for since, expected in ((before, True), (after, False)):
        naive = since.astimezone(UTC).replace(tzinfo=None).isoformat()
        data = build_train_config("segmenter", overrides=(f"data.new_since={naive}",)).data
        assert is_new(row, data) is expected
