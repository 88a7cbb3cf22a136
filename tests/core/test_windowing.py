from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from napari_cpam_stroke.config import BRAIN, WINDOW_PRESETS, Window
from napari_cpam_stroke.core import apply_window

windows = st.builds(Window, st.floats(-1000, 1000), st.floats(1, 4000))


@pytest.mark.parametrize("window", WINDOW_PRESETS.values(), ids=WINDOW_PRESETS)
def test_edges_and_centre(window: Window) -> None:
    hu = np.array([window.low - 1, window.low, window.centre, window.high, window.high + 1])
    np.testing.assert_allclose(apply_window(hu, window), [0, 0, 0.5, 1, 1], atol=1e-6)


def test_presets_are_those_of_the_reading_room() -> None:
    assert {name: (w.centre, w.width) for name, w in WINDOW_PRESETS.items()} == {
        "brain": (40, 80),
        "stroke": (40, 40),
        "subdural": (80, 200),
        "bone": (600, 2800),
    }


@given(hnp.arrays(np.int16, hnp.array_shapes(max_dims=3, max_side=5)), windows)
def test_stays_in_range_keeps_shape_and_order(hu: np.ndarray, window: Window) -> None:
    before = hu.copy()
    shown = apply_window(hu, window)
    assert shown.dtype == np.float32
    assert shown.shape == hu.shape
    assert shown.min() >= 0
    assert shown.max() <= 1
    order = np.argsort(hu, axis=None, kind="stable")
    assert (np.diff(shown.reshape(-1)[order]) >= 0).all()
    np.testing.assert_array_equal(hu, before)


def test_int16_does_not_overflow() -> None:
    np.testing.assert_array_equal(apply_window(np.array([-32768, 32767], np.int16), BRAIN), [0, 1])
