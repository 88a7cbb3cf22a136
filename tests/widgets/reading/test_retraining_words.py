"""What a reader is told of a retraining."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import get_args

import pytest

from napari_cpam_stroke.retraining import ClassFigures, Comparison, Lessons, Phase, Standing, State, WorstCase
from napari_cpam_stroke.widgets.reading.retraining_words import (
    figure_cells,
    figure_words,
    lessons_words,
    state_words,
    verdict_words,
    worst_words,
)

FIGURES = ClassFigures("hemorrhage", "dice", 0.55, 0.66, 0.114, -0.004, 0.15)


def lessons(**changes):
    values = {
        "model": "default 1.0",
        "since": datetime(2026, 11, 23, 12, tzinfo=UTC),
        "cases": 40,
        "new": 12,
        "accepted": 10,
        "by_class": {"ischemia": 5, "hemorrhage": 4, "neither": 3},
        "by_source": {"reader": 12},
        "by_split": {"test": 2, "none": 10},
    }
    return Lessons(**values | changes)


def test_what_there_is_to_learn():
    assert lessons_words(lessons()) == (
        "12 of 40 annotated cases are new to default 1.0 (made 23 Nov 2026), 10 of them accepted: hemorrhage 4, "
        "ischemia 5, neither 3. Sources: reader 12. 2 test, 10 get their split at the start."
    )


def test_where_nothing_is_new_the_reader_is_told_what_to_do():
    words = lessons_words(lessons(new=0, since=None))
    assert words == "None of 40 annotated cases is new to default 1.0. Correct and save some first."


@pytest.mark.parametrize("phase", get_args(Phase))
def test_every_phase_has_words(phase):
    words = state_words(State(phase, Standing(stage="training", epoch=3, epochs=9), sentence="Why.", taken="mine@1.0"))
    assert words.strip()
    assert words.endswith(".") or "lists it" in words


def test_progress_is_told_with_the_time_left():
    standing = Standing(stage="training", epoch=3, epochs=60, seconds_left=560.0, best_epoch=2)
    assert state_words(State("training", standing)) == "Epoch 3 of 60; about 9 min left. Best so far: epoch 2."
    assert "about 40 s left" in state_words(State("training", Standing(epoch=3, epochs=60, seconds_left=40.0)))


def test_what_can_go_on_is_told():
    assert (
        state_words(State("stopped", Standing(), can_resume=True)) == "Stopped before its first epoch. Resume goes on."
    )
    assert state_words(State("failed", Standing(), sentence="Out of memory.")) == "Out of memory."


@pytest.mark.parametrize(
    ("stage", "words"),
    [("done", "done after epoch 7"), ("stopped", "stopped in epoch 7"), ("epoch", "epoch 7 of 9"), ("", "Nothing was")],
)
def test_a_run_of_somebody_else(stage, words):
    assert words in state_words(State("elsewhere", Standing(stage=stage, epoch=7, epochs=9)))


def test_judging_is_counted():
    told = {"stage": "judging the candidate", "done": 7, "total": 30}
    assert "judging the candidate, 7 of 30" in state_words(State("comparing", Standing(), told=told))


def test_figures_in_short_and_in_whole_words():
    assert figure_cells(FIGURES) == ("hem. Dice", "0.55", "0.66", "+0.11 [-.00, .15]")
    assert figure_words(FIGURES).startswith("hemorrhage, Dice of masks: old 0.55, new 0.66")
    few = ClassFigures("ischemia", "auc of slices", None, 0.9, None, None, None)
    assert figure_cells(few) == ("isc. AUC", "-", "0.90", "-")


def test_the_verdict_names_what_is_missing():
    shown = Comparison("mine", "default@1.0", True, 31, 30, (), (FIGURES,), ())
    assert verdict_words(shown) == "Shown to be better than default@1.0 on 31 test cases of 30 patients."
    missing = Comparison("mine", "default@1.0", False, 9, 8, ("a gain (-)", "b (c)"), (FIGURES,), ())
    assert verdict_words(missing).endswith("on 9 test cases of 8 patients. Missing: a gain (-); b (c).")


def test_a_worst_case_is_named_with_both_figures():
    assert worst_words(WorstCase("c1", "ischemia", None, 0.1)) == "ischemia 0.10 (old -)  c1"
