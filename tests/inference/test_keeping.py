"""A prediction kept in a store comes back as it was, and can be cut at other thresholds."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.core import CTVolume
from napari_cpam_stroke.errors import GeometryMismatchError
from napari_cpam_stroke.inference import Predictor
from napari_cpam_stroke.inference.keeping import keep_prediction, recall_prediction


@pytest.fixture
def store(tmp_path, volume):
    with AnnotationStore.open(tmp_path / "store") as opened:
        opened.add_case(volume, source="reader")
        yield opened


def test_a_kept_prediction_is_the_prediction(store, volume, bundle):
    found = Predictor.load(bundle.path, "cpu").predict(volume)
    run = keep_prediction(store, "case", found)
    back = recall_prediction(store, run, store.read_volume("case"))
    for field in fields(found):
        before, after = getattr(found, field.name), getattr(back, field.name)
        if isinstance(before, np.ndarray):
            np.testing.assert_allclose(after, before, atol=1e-6)
        else:
            assert after == before, field.name
    assert back.decisions == found.decisions
    lower = dict.fromkeys(found.thresholds, 0.1)
    np.testing.assert_array_equal(back.with_thresholds(lower).mask, found.with_thresholds(lower).mask)


def test_the_prediction_of_another_case_is_refused(store, volume, bundle):
    found = Predictor.load(bundle.path, "cpu").predict(volume)
    store.add_case(CTVolume(volume.hu[:-1], None, case_id="short"), source="reader")
    with pytest.raises(GeometryMismatchError, match="does not belong to case short"):
        keep_prediction(store, "short", found)
