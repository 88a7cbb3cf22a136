from __future__ import annotations

import pytest

from cpam_train.evaluation.prompt_page import PAGE, PICTURE, mean_dice, no_worse, page_text, prompts_to, write_page
from cpam_train.evaluation.prompt_reading import Reading


def reading(engine: str, case: str, *dice: float, source: str = "a", area: float = 3.0, z: int = 0) -> Reading:
    return Reading(engine, "exact", "point", case, z, f"p-{case}", source, "ischemia", area, dice, 0.1, 0)


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
