from __future__ import annotations

import pytest

from cpam_train.evaluation.prompt_figures import mean_dice, no_worse, prompts_to
from cpam_train.evaluation.prompt_page import PAGE, PICTURE, page_text, write_page
from cpam_train.evaluation.prompt_record import BRUSH, NOTHING, STROKE, Reading


def reading(
    engine: str,
    case: str,
    *dice: float,
    source: str = "a",
    area: float = 3.0,
    z: int = 0,
    first: str = "point",
    start: str = NOTHING,
) -> Reading:
    return Reading(engine, "exact", first, case, z, f"p-{case}", source, "ischemia", area, dice, 0.1, 0, start)


READINGS = [
    reading("net", "1", 0, 0.7, 0.85, 0.8, 0.9, 0.92),
    reading("net", "2", 0, 0.5, 0.6, 0.7, 0.75, 0.75, source="b", area=12),
    reading("walker", "1", 0, 0.4, 0.5, 0.6, 0.7, 0.8),
    reading("walker", "2", 0, 0.2, 0.3, 0.4, 0.5, 0.6, source="b", area=12),
]


def test_the_mean_is_over_slices_and_the_interval_over_patients():
    figure = mean_dice(READINGS[:2], 1)
    assert figure.value == pytest.approx(0.6)
    assert (figure.low, figure.high) == (0.5, 0.7)


def test_prompts_to_a_goal():
    assert prompts_to(READINGS[0], 0.8) == 2
    assert prompts_to(READINGS[1], 0.8) is None


def test_one_more_prompt_no_worse_leaves_the_first_out():
    assert no_worse([READINGS[0]]) == pytest.approx(3 / 4)
    assert no_worse([reading("net", "1", 0.5, 0.4, 0.4)]) == 1


def test_the_page_tells_each_engine_by_class_size_and_source_and_the_difference(tmp_path):
    page = write_page(READINGS, tmp_path).read_text(encoding="utf-8")
    assert (tmp_path / PICTURE).read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / PAGE).is_file()
    assert "2 lesion slices of 2 patients" in page
    assert "| net | 0.000 [0.000, 0.000] | 0.600 [0.500, 0.700]" in page
    assert "| net | 2 (50%) | 4 (50%) |" in page
    assert "above 10 cm2 | 1 | 0.500" in page
    assert "net - walker | 0.300 [0.300, 0.300]" in page


def test_slices_of_one_case_are_told_apart():
    readings = [
        reading(engine, "1", 0, dice, dice, dice, dice, dice, z=z)
        for engine, figures in (("net", (0.9, 0.5)), ("walker", (0.4, 0.4)))
        for z, dice in enumerate(figures)
    ]
    page = page_text(readings)
    assert "2 lesion slices of 1 patients" in page
    assert "net - walker | 0.300 |" in page


def test_fewer_prompts_than_the_tables_show_are_no_mistake():
    assert "| 2 prompts |" in page_text([reading("box", "1", 0, 0.5, 0.6)])


def test_an_engine_that_was_shown_fewer_slices_says_so():
    page = page_text([*READINGS, reading("peer", "1", 0, 0.1, 0.2, 0.3, 0.4, 0.5)])
    assert "| peer (1 of 2 slices) | 0.000 | 0.100" in page
    assert "| net | 0.000" in page


def test_strokes_stand_beside_prompts_and_are_counted_to_the_same_dice():
    strokes = [
        reading(BRUSH, "1", 0, 0.3, 0.5, 0.6, 0.7, 0.75, 0.82, first=STROKE),
        reading(BRUSH, "2", 0, 0.2, 0.3, 0.4, 0.45, 0.49, 0.49, first=STROKE),
    ]
    page = page_text([*READINGS, *strokes])
    assert "2 lesion slices of 2 patients" in page
    assert "| brush, by strokes | 0.000 [0.000, 0.000] | 0.250" in page
    assert "| brush, by strokes | 6 (50%) | - (0%) | 100.0% | - |" in page
    assert "## Strokes of a brush to the Dice of net" in page
    assert "| exact | point | ischemia | 4 (50%) | 6 (50%) | - (0%) | - |" in page
    assert "net - brush" not in page
    assert "The brush" not in page_text(READINGS)


def test_corrections_of_a_model_have_a_table_of_their_own(tmp_path):
    started = [
        reading("net", "1", 0.5, 0.6, 0.7, 0.8, 0.8, 0.9, start="default@1.0"),
        reading("net", "2", 0.0, 0.2, 0.3, 0.4, 0.4, 0.5, start="default@1.0"),
        reading(BRUSH, "1", 0.5, 0.5, 0.6, 0.6, 0.6, 0.7, first=STROKE, start="default@1.0"),
        reading(BRUSH, "2", 0.0, 0.1, 0.2, 0.2, 0.2, 0.3, first=STROKE, start="default@1.0"),
    ]
    whole = write_page([*READINGS, *started], tmp_path).read_text(encoding="utf-8")
    plain, page = whole.split("## Beginning from the mask of default@1.0")
    assert plain == page_text(READINGS) + "\n", "what begins from nothing stays as it was"
    assert "The model met nothing of it on 1 of 2 slices" in page
    assert "| net | 0.250 [0.000, 0.500] | 0.400 [0.200, 0.600] | 0.600 [0.400, 0.800] | 0.700" in page
    assert "| brush, by strokes | 0.250" in page
