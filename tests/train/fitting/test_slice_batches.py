"""What validation is shown."""

from __future__ import annotations

import numpy as np
import pytest

from cpam_train.fitting.slice_batches import SliceLoaders
from cpam_train.presets import build_train_config


@pytest.mark.parametrize("alone", [False, True])
def test_validation_may_leave_the_neighbours_out_and_training_never_does(filled_store, alone):
    settings = (
        "preprocess.size=32",
        "preprocess.context_slices=3",
        "data.synthetic=false",
        "data.folds=2",
        f"data.validate_alone={str(alone).lower()}",
    )
    loaders = SliceLoaders(filled_store, build_train_config("segmenter", overrides=settings), cache=None)

    def with_neighbours(data):
        images = [(row, data[i]["image"].numpy().reshape(3, -1, 32, 32)) for i, row in enumerate(data.rows)]
        return {row.case.source for row, image in images if not np.array_equal(image[0], image[2])}

    assert with_neighbours(loaders.validation) == (set() if alone else {"jpeg"})
    assert with_neighbours(loaders.train) == {"jpeg"}
