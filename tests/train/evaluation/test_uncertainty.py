from types import SimpleNamespace

import numpy as np
import pytest

from cpam_train.evaluation.uncertainty import binary_uncertainty, candidates, mask_uncertainty, rank_one
from napari_cpam_stroke.core import LesionClass


def prediction(inside, outside, *, series=0.01, marked=True):
    """A square of 20 x 20 pixels with one probability, the rest of the slice with another."""
    probabilities = np.full((2, 1, 64, 64), 0, np.uint8)
    probabilities[0] = round(outside * 255)
    probabilities[0, 0, :20, :20] = round(inside * 255)
    mask = np.zeros((1, 64, 64), np.uint8)
    if marked:
        mask[0, :20, :20] = 1
    return SimpleNamespace(
        probabilities=probabilities, mask=mask, series_probabilities={"ischemia": series, "hemorrhage": 0.0}
    )


def test_sure_marks_are_certain_and_faint_ones_are_not():
    sure, faint = (mask_uncertainty(prediction(p, 0.0), LesionClass.ISCHEMIA) for p in (1.0, 0.6))
    assert sure == pytest.approx(0, abs=1e-6)
    assert faint == pytest.approx(1 - 2 * 0.6 / 1.6, abs=0.01)


def test_expected_lesion_that_is_not_marked_is_uncertain_and_nothing_is_not():
    assert mask_uncertainty(prediction(0.4, 0.0, marked=False), LesionClass.ISCHEMIA) == 1
    assert mask_uncertainty(prediction(0.0, 0.001, marked=False), LesionClass.ISCHEMIA) == 0
    assert mask_uncertainty(prediction(1.0, 0.0), LesionClass.HEMORRHAGE) == 0


def test_series_doubt_counts_where_the_mask_has_none():
    ranked = rank_one("a", prediction(1.0, 0.0, series=0.5))
    assert (ranked.uncertainty, ranked.series) == (1, 1)
    assert binary_uncertainty(0.25) == 0.5


def test_test_cases_and_finished_ones_are_not_offered():
    def case(split, status):
        return SimpleNamespace(split=split, status=status)

    cases = [case("test", "new"), case("train", "new"), case(None, "predicted"), case("train", "accepted")]
    assert list(candidates(cases, everything=False)) == cases[1:3]
    assert list(candidates(cases, everything=True)) == cases[1:]
