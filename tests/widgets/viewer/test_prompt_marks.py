"""Marks of prompts: told apart by their form, and where they were given."""

from __future__ import annotations

from typing import Any

import numpy as np

from napari_cpam_stroke.prompting import Prompt, PromptKind
from napari_cpam_stroke.widgets.viewer.prompt_marks import MINUS, PLUS, PREVIEW, PROMPTS, PromptMarks, contours

POINT = Prompt(PromptKind.POINT, 4, ((10.0, 20.0),))
BOX_AWAY = Prompt(PromptKind.BOX, 5, ((10.0, 20.0), (30.0, 60.0)), adds=False)


def test_contours_enclose_each_part_of_a_region() -> None:
    region = np.zeros((20, 30), dtype=bool)
    region[0:5, 3:9], region[10:15, 20:30] = True, True
    spans = sorted(np.concatenate([line.min(axis=0), line.max(axis=0)]).tolist() for line in contours(region))
    np.testing.assert_allclose(spans, [[-0.5, 2.5, 4.5, 8.5], [9.5, 19.5, 14.5, 29.5]], atol=0.01)


def test_marks_lie_where_the_prompts_were_given(case: Any) -> None:
    layers = case.layers
    marks = PromptMarks(layers)
    marks.show_prompts([])
    marks.show_preview()
    assert not {PROMPTS, PREVIEW} & set(layers.extra)
    marks.show_prompts([POINT, BOX_AWAY])
    shown = layers.extra[PROMPTS]
    native = [layers.turned_index(place) for place in shown.data]
    np.testing.assert_allclose(native, [(4, 10, 20), (5, 20, 40)])
    assert [str(symbol) for symbol in shown.symbol] == [PLUS, MINUS]
    assert layers.active is layers.reading
    marks.show_prompts([])
    assert len(shown.data) == 0


def test_a_preview_is_drawn_and_taken_away(case: Any) -> None:
    marks, region = PromptMarks(case.layers), np.zeros(case.layers.volume.shape[1:], dtype=bool)
    region[15:25, 25:50] = True
    marks.show_preview(outline=BOX_AWAY, contour=(5, region))
    shown = case.layers.extra[PREVIEW]
    assert shown.nshapes == 2
    native = np.array([case.layers.turned_index(place) for place in shown.data[0]])
    assert native.tolist()[0] == native.tolist()[-1] == [5, 10, 20]
    marks.show_preview()
    assert shown.nshapes == 0
