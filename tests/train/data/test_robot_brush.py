from __future__ import annotations

import numpy as np
import pytest

from cpam_train.data.robot_brush import BRUSH_SIZE, CLUMSY_BRUSH, EXACT_BRUSH, RADIUS, Stroke, covered, worth

SQUARE = (0.5, 0.5)


def disc(row: float, column: float, radius: float, shape=(120, 120)) -> np.ndarray:
    y, x = np.ogrid[: shape[0], : shape[1]]
    return np.hypot(y - row, x - column) <= radius


def painted(brush, truth, drawn=None, *, strokes: int, spacing=SQUARE) -> tuple[np.ndarray, list[Stroke]]:
    rng, given = np.random.default_rng(0), []
    drawn = np.zeros_like(truth) if drawn is None else drawn
    while len(given) < strokes and (stroke := brush.next(truth, drawn, spacing, rng)) is not None:
        given.append(stroke)
        under = covered(stroke, truth.shape, spacing)
        drawn = drawn | under if stroke.adds else drawn & ~under
    return drawn, given


def dice(a: np.ndarray, b: np.ndarray) -> float:
    return 2 * (a & b).sum() / (a.sum() + b.sum())


def test_the_brush_is_the_one_a_room_begins_with():
    layers = pytest.importorskip("napari.layers")
    layer = layers.Labels(np.zeros((1, 120, 120), dtype=np.uint8))
    assert layer.brush_size == BRUSH_SIZE
    layer.paint((0, 60, 60), 1)
    np.testing.assert_array_equal(layer.data[0] == 1, covered(Stroke((60, 60), (60, 60), True), (120, 120), SQUARE))


def test_a_stroke_is_as_wide_as_the_brush_all_along_and_round_in_mm():
    under = covered(Stroke((60, 20), (60, 80), True), (120, 120), SQUARE)
    assert under[:, 50].sum() == 2 * int(RADIUS) + 1
    assert under[60].nonzero()[0].tolist() == list(range(15, 86))
    touch = covered(Stroke((60, 60), (60, 60), True), (120, 120), (1.0, 0.5))
    assert (touch.any(axis=1).sum(), touch.any(axis=0).sum()) == (5, 11)


def test_a_stroke_that_runs_out_of_the_slice_is_cut_off():
    assert covered(Stroke((-40, -40), (-30, -30), True), (120, 120), SQUARE).sum() == 0
    assert covered(Stroke((0, -20), (0, 10), True), (120, 120), SQUARE)[0].sum() == 16


def test_what_a_stroke_is_worth():
    truth, drawn = np.array([[True, True, False, False]]), np.array([[True, False, True, False]])
    assert worth(truth, drawn, adds=True).tolist() == [[0, 1, 0, -1]]
    assert worth(truth, drawn, adds=False).tolist() == [[-1, 0, 1, 0]]


def test_a_lesion_as_large_as_the_brush_takes_one_touch_and_a_bar_one_stroke():
    spot = disc(60, 60, RADIUS)
    drawn, strokes = painted(EXACT_BRUSH, spot, strokes=5)
    np.testing.assert_array_equal(drawn, spot)
    assert len(strokes) == 1
    bar = covered(Stroke((30, 30), (80, 90), True), (120, 120), SQUARE)
    drawn, strokes = painted(EXACT_BRUSH, bar, strokes=1)
    assert dice(drawn, bar) > 0.8


def test_every_stroke_of_the_exact_hand_mends_more_than_it_spoils():
    truth, drawn = disc(50, 50, 25) | disc(95, 95, 9), disc(60, 60, 22)
    figures = [dice(painted(EXACT_BRUSH, truth, drawn, strokes=n)[0], truth) for n in range(8)]
    assert (np.diff(figures) > 0).all()
    assert figures[-1] > 0.9
    kinds = {stroke.adds for stroke in painted(EXACT_BRUSH, truth, drawn, strokes=8)[1]}
    assert kinds == {True, False}, "it erases too"


def test_a_lesion_thinner_than_half_the_brush_is_left_alone_and_so_is_what_is_right():
    line = np.zeros((120, 120), dtype=bool)
    line[60:63, 20:100] = True
    assert EXACT_BRUSH.next(line, np.zeros_like(line), SQUARE, np.random.default_rng(0)) is None
    spot = disc(60, 60, 20)
    assert EXACT_BRUSH.next(spot, spot, SQUARE, np.random.default_rng(0)) is None


def test_the_clumsy_hand_misses_by_millimetres():
    truth = disc(60, 60, 25)
    exact, clumsy = (painted(brush, truth, strokes=6)[0] for brush in (EXACT_BRUSH, CLUMSY_BRUSH))
    assert 0.5 < dice(clumsy, truth) < dice(exact, truth)
