"""Where a retraining stands: from a step, its process, what it told and what lies there."""

from __future__ import annotations

import pytest

from napari_cpam_stroke.retraining.run_events import Standing
from napari_cpam_stroke.retraining.started_process import StartedProcess
from napari_cpam_stroke.retraining.state import WITHOUT_A_WORD, Findings, Work, state_of

PROCESS = StartedProcess(1, 0.0)


def state(step, stage="", *, running=False, stopped=False, error="", **found):
    work = Work(step, PROCESS, stopped=stopped)
    return state_of(work, Standing(stage=stage, error=error), Findings(**found), running=running)


@pytest.mark.parametrize(
    ("step", "stage", "found", "phase"),
    [
        ("tune", "", {}, "searching"),
        ("fit", "", {"silent": True}, "starting"),
        ("fit", "stopped", {"silent": True}, "starting"),
        ("fit", "preparing", {}, "starting"),
        ("fit", "training", {}, "training"),
        ("fit", "epoch", {}, "training"),
        ("fit", "judging", {}, "judging"),
        ("fit", "done", {}, "judging"),
        ("compare", "done", {}, "comparing"),
        ("take", "done", {}, "taking"),
    ],
)
def test_while_its_process_runs(step, stage, found, phase):
    now = state(step, stage, running=True, **found)
    assert now.phase == phase
    assert now.running
    assert not now.can_resume
    assert state(step, stage, running=True, stopped=True, **found).phase == "stopping"


@pytest.mark.parametrize(
    ("step", "stage", "found", "phase"),
    [
        ("tune", "", {"searched": True}, "searched"),
        ("fit", "done", {}, "trained"),
        ("fit", "stopped", {}, "stopped"),
        ("compare", "done", {"compared": True}, "compared"),
        ("take", "done", {"told": {"stage": "published", "model": "mine@2.0"}}, "taken"),
        ("take", "done", {"told": {"stage": "judging"}, "last_words": "Not shown."}, "failed"),
        ("compare", "done", {"last_words": "No test case."}, "failed"),
    ],
)
def test_after_its_process_is_gone(step, stage, found, phase):
    now = state(step, stage, **found)
    assert now.phase == phase
    assert not now.running
    assert now.sentence == found.get("last_words", "") * (phase == "failed")


def test_what_was_taken_is_named():
    assert state("take", "done", told={"stage": "published", "model": "mine@2.0"}).taken == "mine@2.0"


def test_a_refusal_before_the_first_word_is_the_last_line_of_the_log():
    now = state("fit", silent=True, last_words="The store holds no case.")
    assert (now.phase, now.sentence, now.can_resume) == ("failed", "The store holds no case.", False)


def test_a_refused_resume_is_no_stopped_run():
    now = state("fit", "stopped", silent=True, continuation=True, last_words="Damaged.")
    assert (now.phase, now.sentence) == ("failed", "Damaged.")


def test_a_run_that_was_killed_goes_on():
    now = state("fit", "training", continuation=True, last_words="Training begins from default 1.0.")
    assert (now.phase, now.sentence, now.can_resume) == ("failed", WITHOUT_A_WORD, True)


def test_a_failure_it_told_is_shown_in_its_words():
    assert state("fit", "failed", error="Out of memory.", last_words="x").sentence == "Out of memory."


@pytest.mark.parametrize(("step", "can"), [("tune", True), ("fit", True), ("compare", False), ("take", False)])
def test_what_the_reader_stopped_can_go_on_if_it_trains(step, can):
    now = state(step, "done" if step in {"compare", "take"} else "training", stopped=True)
    assert (now.phase, now.can_resume) == ("stopped", can)


def test_a_stopped_training_can_go_on_after_it_was_compared():
    now = state("compare", "stopped", compared=True, continuation=True)
    assert (now.phase, now.compared, now.can_resume) == ("compared", True, True)
    assert not state("compare", "done", compared=True, continuation=True).can_resume


def test_a_comparison_of_an_earlier_stop_is_no_longer_shown_while_training():
    assert not state("fit", "training", running=True, compared=True).compared
    assert state("take", "done", running=True, compared=True).compared


def test_a_search_that_was_stopped_is_not_over():
    assert state("tune", stopped=True, searched=True).phase == "stopped"


def test_a_run_of_somebody_else_is_only_watched():
    now = state_of(None, Standing(stage="failed", error="No GPU."), Findings(), running=False)
    assert (now.phase, now.sentence, now.running, now.can_resume) == ("elsewhere", "No GPU.", False, False)
