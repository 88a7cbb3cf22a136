"""The hazard table can fail: each way in which a reader goes wrong is seen by the measurement."""

from dataclasses import replace

import numpy as np
import pytest
from hazard_suite.base import truth_of
from hazard_suite.geometry import TEN, TEN_THICK
from hazard_suite.measure import NEAREST_MM, largest_hu_error, measure

from napari_cpam_stroke.core import CTVolume


def volume_of(truth, **geometry):
    return CTVolume(truth.hu, replace(truth.geometry, **geometry), "x")


def wrong(volume, truth) -> bool:
    found = measure(volume, truth)
    return found.excess_mm > NEAREST_MM or found.ml_error > 0.1


def test_the_truth_itself_is_right():
    for truth in (truth_of(), truth_of(tilt=15.0), truth_of(TEN, thickness=TEN_THICK)):
        assert not wrong(volume_of(truth), truth)


def test_left_taken_for_right_is_seen():
    truth = truth_of()
    assert wrong(CTVolume(truth.hu[:, :, ::-1].copy(), truth.geometry, "x"), truth)


def test_reversed_slices_are_seen():
    truth = truth_of()
    assert wrong(CTVolume(truth.hu[::-1].copy(), truth.geometry, "x"), truth)


def test_mean_spacing_is_seen():
    truth = truth_of(TEN, thickness=TEN_THICK)
    ends = truth.geometry.positions_mm[[0, -1]]
    even = np.linspace(*ends, truth.geometry.slices)
    assert wrong(volume_of(truth, positions_mm=even), truth)


def test_ignored_tilt_is_seen():
    truth = truth_of(tilt=15.0)
    along = truth.geometry.distances_mm[:, None] * truth.geometry.normal
    upright = truth.geometry.positions_mm[0] + along - along[0]
    assert wrong(volume_of(truth, positions_mm=upright), truth)


def test_rows_taken_for_columns_are_seen():
    truth = truth_of(spacing=(1.6, 2.4), shape=(140, 96))
    assert wrong(volume_of(truth, pixel_spacing_mm=(2.4, 1.6)), truth)


@pytest.mark.parametrize("change", [1, -1024])
def test_one_wrong_pixel_is_seen(change):
    truth = truth_of()
    hu = truth.hu.copy()
    hu[3, 4, 5] += change
    assert largest_hu_error(CTVolume(hu, truth.geometry, "x"), truth) == abs(change)
