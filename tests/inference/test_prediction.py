import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from napari_cpam_stroke.bundles import ModelIdentity, per_class
from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.inference.prediction import Prediction, mask_from_probabilities

SHAPE = (3, 8, 8)


def prediction(**changes) -> Prediction:
    probabilities = np.zeros((2, *SHAPE), dtype=np.uint8)
    probabilities[0, 0, :4, :4] = 200
    probabilities[0, 2, 7, 7] = 100
    probabilities[1, 0, 3:6, 3:6] = 150
    values = {
        "mask": np.zeros(SHAPE, dtype=np.uint8),
        "probabilities": probabilities,
        "slice_probabilities": np.zeros((3, 2), dtype=np.float32),
        "series_probabilities": {"ischemia": 0.5, "hemorrhage": 0.2},
        "model": ModelIdentity("tiny", "1.0", ""),
        "device": "cpu",
        "precision": "float32",
        "seconds": 0.0,
        "thresholds": per_class(0.5),
        "min_lesion_ml": per_class(0.0),
        "series_thresholds": per_class(0.4),
        "voxel_volumes_ml": np.full(3, 0.01),
    }
    return Prediction(**{**values, **changes})


def test_thresholds_are_applied_again():
    cut = prediction().with_thresholds({"ischemia": 0.3})
    assert cut.mask[2, 7, 7] == 1
    assert cut.thresholds == {"ischemia": 0.3, "hemorrhage": 0.5}
    assert prediction().with_thresholds({"ischemia": 0.5}).mask[2, 7, 7] == 0
    assert not prediction().with_thresholds(per_class(1.0)).mask.any()


def test_likelier_class_wins_where_both_reach_their_threshold():
    mask = prediction().with_thresholds({}).mask
    assert mask[0, 3, 3] == 1
    assert mask[0, 4, 4] == 2
    assert np.bincount(mask.ravel()).tolist() == [3 * 64 - 16 - 8, 16, 8]


def test_small_lesions_are_dropped_by_class_and_volume():
    small = prediction(min_lesion_ml={"ischemia": 0.05, "hemorrhage": 0.09})
    assert np.bincount(small.with_thresholds({"ischemia": 0.3}).mask.ravel(), minlength=3).tolist()[1:] == [16, 0]
    unknown = prediction(min_lesion_ml=per_class(100.0), voxel_volumes_ml=None)
    assert unknown.with_thresholds({}).mask.any()


@given(arrays(np.uint8, (2, 3, 6, 5)), st.floats(0, 1), st.floats(0, 0.2))
def test_mask_agrees_with_a_plain_computation(probabilities, threshold, smallest):
    volumes = np.array([0.01, 0.02, 0.03])
    mask = mask_from_probabilities(
        probabilities, per_class(threshold), min_lesion_ml=per_class(smallest), voxel_volumes_ml=volumes
    )
    level = max(1, int(np.ceil(threshold * 255 - 1e-6)))
    over = probabilities >= level
    expected = np.where(
        over.any(axis=0),
        np.where(over.all(axis=0), 1 + (probabilities[1] > probabilities[0]), over[0] + 2 * over[1]),
        0,
    )
    for label in (1, 2):
        pieces, count = ndimage.label(expected == label, np.ones((3, 3, 3)))
        for n in range(1, count + 1):
            if volumes[np.nonzero(pieces == n)[0]].sum() < smallest - 1e-9:
                expected[pieces == n] = 0
    exact = smallest == 0 or not np.isclose(np.arange(1, 200) * 0.01, smallest, atol=1e-6).any()
    assert not exact or np.array_equal(mask, expected)


@pytest.mark.parametrize(
    "thresholds", [{"tumour": 0.5}, {"ischemia": 1.5}, {"ischemia": -0.1}, {"ischemia": float("nan")}]
)
def test_wrong_thresholds_are_refused(thresholds):
    with pytest.raises(InputError):
        prediction().with_thresholds(thresholds)


@pytest.mark.parametrize(
    ("band", "decision"), [({}, "present"), ({"ischemia": (0.45, 0.6)}, "refer"), ({"ischemia": (0.6, 0.7)}, "present")]
)
def test_decision_refers_inside_the_band(band, decision):
    assert prediction(refer_band=band).decisions == {"ischemia": decision, "hemorrhage": "absent"}


def test_import_loads_no_torch():
    code = "import sys, napari_cpam_stroke.inference as i; i.Prediction; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
