"""How far a job is, in lines: where output is no terminal, no bar can be drawn."""

import io
from types import SimpleNamespace

import pytest
from rich.console import Console

from cpam_train.evaluation.progress import LINE_INTERVAL_S, ProgressLines
from cpam_train.fitting.progress import RunProgress


class Clock:
    """A clock that stands still until it is moved."""

    now = 0.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr("cpam_train.evaluation.progress.time", clock)
    return clock


def test_a_line_now_and_then_tells_the_time_left(clock):
    said = []
    lines = ProgressLines("judging", said.append)
    for done in range(1, 5):
        clock.now = 0.9 * LINE_INTERVAL_S * done
        lines(done, 100)
    assert said == ["judging: 2 of 100, about 44 min left", "judging: 4 of 100, about 43 min left"]
    clock.now += 2 * LINE_INTERVAL_S
    lines(100, 100)
    assert len(said) == 2


@pytest.mark.parametrize(("terminal", "lines"), [(False, 1), (True, 0)])
def test_a_run_tells_how_far_it_is_within_an_epoch_where_no_bar_is_drawn(clock, terminal, lines):
    told = io.StringIO()
    watched = SimpleNamespace(progress=lambda _: 0.25, elapsed_s=600.0)
    progress = RunProgress(Console(file=told, force_terminal=terminal), watched, None)
    trainer = SimpleNamespace(current_epoch=1, is_global_zero=True)
    progress.on_train_batch_end(trainer)
    clock.now = LINE_INTERVAL_S
    progress.on_train_batch_end(trainer)
    assert told.getvalue().count("epoch   2  25% of the run  about 30 min left") == lines
