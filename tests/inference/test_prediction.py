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


def cut(probabilities: np.ndarray, threshold: float = 0.5, **settings) -> np.ndarray:
    values = {"min_lesion_ml": per_class(0.0), "voxel_volumes_ml": None, **settings}
    return mask_from_probabilities(probabilities, per_class(threshold), **values)


def test_a_lesion_is_as_large_as_its_slices_are_thick():
    """Four pixels are 0.04 ml on a thin slice and 0.2 ml on a thick one."""
    probabilities = np.zeros((2, *SHAPE), dtype=np.uint8)
    probabilities[0, 0, :2, :2] = probabilities[0, 2, :2, :2] = 200
    probabilities[1, 0, 5:7, 5:7] = probabilities[1, 2, 5:7, 5:7] = 200
    volumes = np.array([0.01, 0.02, 0.05])
    mask = cut(probabilities, min_lesion_ml=per_class(0.1), voxel_volumes_ml=volumes)
    assert not mask[0].any()
    assert np.bincount(mask[2].ravel(), minlength=3).tolist()[1:] == [4, 4]
    probabilities[0, 1, :2, :2] = 200
    joined = cut(probabilities, min_lesion_ml=per_class(0.1), voxel_volumes_ml=volumes)
    assert (joined == 1).sum() == 12, "one lesion over three slices is measured as one"


@pytest.mark.parametrize(("smallest", "kept"), [(0.0, 1), (0.25, 1), (0.5, 1), (0.51, 0), (-1.0, 1)])
def test_a_lesion_of_just_the_smallest_volume_is_kept(smallest, kept):
    probabilities = np.zeros((2, *SHAPE), dtype=np.uint8)
    probabilities[0, 1, 2, 3:5] = 255
    mask = cut(probabilities, min_lesion_ml=per_class(smallest), voxel_volumes_ml=np.full(3, 0.25))
    assert mask[1, 2, 3] == kept


@pytest.mark.parametrize(("threshold", "lowest"), [(0.0, 1), (0.5, 128), (0.2, 51), (1.0, 255), (0.001, 1)])
def test_the_lowest_probability_that_is_marked(threshold, lowest):
    probabilities = np.zeros((2, 1, 1, 256), dtype=np.uint8)
    probabilities[0, 0, 0] = np.arange(256)
    mask = cut(probabilities, threshold)
    assert np.flatnonzero(mask).min() == lowest


def test_of_equally_likely_classes_it_is_ischemia():
    assert cut(np.full((2, 1, 1, 1), 200, np.uint8)).item() == 1


def test_each_class_has_its_own_threshold():
    probabilities = np.zeros((2, 1, 1, 2), dtype=np.uint8)
    probabilities[0, 0, 0] = 100, 100
    probabilities[1, 0, 0] = 0, 90
    chosen = {"ischemia": 0.5, "hemorrhage": 0.3}
    mask = mask_from_probabilities(probabilities, chosen, min_lesion_ml=per_class(0.0), voxel_volumes_ml=None)
    assert mask.ravel().tolist() == [0, 2]
    turned = mask_from_probabilities(
        probabilities[::-1].copy(), {"ischemia": 0.3, "hemorrhage": 0.5}, min_lesion_ml=per_class(0.0),
        voxel_volumes_ml=None,
    )  # fmt: skip
    assert turned.ravel().tolist() == [0, 1]


@pytest.mark.parametrize(("probability", "decision"), [(0.39, "absent"), (0.4, "present"), (0.41, "present")])
def test_present_begins_at_the_threshold(probability, decision):
    found = prediction(series_probabilities={"ischemia": probability, "hemorrhage": 0.0})
    assert found.decisions == {"ischemia": decision, "hemorrhage": "absent"}


@pytest.mark.parametrize(
    ("probability", "decision"), [(0.29, "absent"), (0.3, "refer"), (0.45, "refer"), (0.5, "refer"), (0.51, "present")]
)
def test_both_ends_of_the_band_are_referred(probability, decision):
    found = prediction(
        series_probabilities={"ischemia": 0.9, "hemorrhage": probability}, refer_band={"hemorrhage": (0.3, 0.5)}
    )
    assert found.decisions == {"ischemia": "present", "hemorrhage": decision}


def test_thresholds_of_zero_and_one_may_be_chosen():
    assert prediction().with_thresholds({"ischemia": 0, "hemorrhage": 1}).thresholds == {
        "ischemia": 0,
        "hemorrhage": 1,
    }


def test_a_class_that_does_not_exist_is_named_with_the_nearest():
    with pytest.raises(InputError, match=r"no class 'ischemi' \(did you mean 'ischemia'\?\).*ischemia, hemorrhage"):
        prediction().with_thresholds({"ischemi": 0.5})


@pytest.mark.parametrize(("beyond", "lowest"), [(-0.9e-6, 51), (0.9e-6, 51), (1.1e-6, 52)])
def test_a_threshold_may_be_off_by_a_millionth_of_a_step(beyond, lowest):
    """0.2 * 255 is not quite 51 in binary, and 51 must be marked all the same."""
    probabilities = np.zeros((2, 1, 1, 256), dtype=np.uint8)
    probabilities[0, 0, 0] = np.arange(256)
    assert np.flatnonzero(cut(probabilities, (51 + beyond) / 255)).min() == lowest


def test_the_thresholds_of_the_model_are_not_lost_by_moving_them() -> None:
    found = prediction()
    moved = found.with_thresholds({"ischemia": 0.3}).with_thresholds({"ischemia": 0.2})
    assert moved.thresholds["ischemia"] == 0.2
    assert moved.own_thresholds == found.own_thresholds == found.thresholds
