from __future__ import annotations

import numpy as np

from cpam_train.data.robot_brush import EXACT_BRUSH
from cpam_train.evaluation.brush_reading import MOST_STROKES, paint_store
from cpam_train.evaluation.prompt_reading import Start
from cpam_train.evaluation.prompt_record import BRUSH, STROKE

ONCE = {"split": "train", "per_patient": 1}


def test_strokes_lead_to_the_lesion_and_are_the_same_again(filled_store):
    first, second = (list(paint_store(filled_store, **ONCE)) for _ in range(2))
    assert [r.dice for r in first] == [r.dice for r in second]
    assert {(r.engine, r.first, r.reader, len(r.dice)) for r in first} == {
        (BRUSH, STROKE, reader, MOST_STROKES + 1) for reader in ("exact", "clumsy")
    }
    assert all(r.dice[0] == 0 and r.dice[1] > 0.3 for r in first if r.reader == "exact")
    assert min(r.dice[5] for r in first if r.reader == "exact") > 0.85


def test_strokes_begin_where_a_model_ended(filled_store):
    right = paint_store(filled_store, brushes=(EXACT_BRUSH,), starts=lambda j: Start("a@1.0", j.truth), **ONCE)
    assert {(r.dice, r.start) for r in right} == {((1,) * (MOST_STROKES + 1), "a@1.0")}
    everywhere = paint_store(
        filled_store, brushes=(EXACT_BRUSH,), starts=lambda j: Start("a@1.0", np.ones_like(j.truth)), **ONCE
    )
    assert all(r.dice[0] < r.dice[1] < r.dice[5] for r in everywhere), "what is too much is erased"
