import itertools
from types import SimpleNamespace

import pytest
import torch

from cpam_train.fitting.averaging import Averaging, warmed_decay
from cpam_train.fitting.schedule import END_DIVISOR, START_DIVISOR, WallClock, lr_factor


@pytest.mark.parametrize("schedule", ["one_cycle", "cosine", "constant"])
def test_rate_rises_to_one_and_never_leaves_the_unit_interval(schedule):
    values = [lr_factor(i / 1000, schedule, 0.1) for i in range(1001)]
    assert max(values) == pytest.approx(1, abs=1e-3)
    assert all(0 <= v <= 1 for v in values)
    assert all(a <= b for a, b in itertools.pairwise(values[:100]))
    assert all(a >= b for a, b in itertools.pairwise(values[101:]))


def test_ends_and_starts():
    assert lr_factor(0, "one_cycle", 0.1) == pytest.approx(1 / START_DIVISOR)
    assert lr_factor(1, "one_cycle", 0.1) == pytest.approx(1 / END_DIVISOR)
    assert lr_factor(2, "cosine", 0) == pytest.approx(1 / END_DIVISOR)
    assert lr_factor(1, "constant", 0) == 1


def trainer(step, total=100):
    return SimpleNamespace(global_step=step, estimated_stepping_batches=total, should_stop=False)


def test_clock_follows_whichever_limit_ends_the_run_first():
    clock = WallClock(limit_minutes=1, limit_steps=50)
    assert clock.progress(trainer(25)) == 0.5
    clock.before_s = 45.0
    assert clock.progress(trainer(25)) == 0.75
    assert WallClock(None).progress(trainer(30)) == 0.3


def test_clock_asks_for_the_stop_and_survives_a_resume():
    clock = WallClock(limit_minutes=1)
    clock.before_s = 61.0
    running = trainer(1)
    clock.on_train_batch_end(running)
    assert running.should_stop
    resumed = WallClock(limit_minutes=1)
    resumed.load_state_dict(clock.state_dict())
    assert resumed.elapsed_s == pytest.approx(61)


def test_averaging_forgets_the_random_start_and_then_remembers_long():
    assert warmed_decay(0.999, 0) == 0.1
    assert warmed_decay(0.999, 10_000_000) == 0.999
    update = Averaging(0.9)._kwargs["multi_avg_fn"]
    mean, count = torch.tensor([0.0]), torch.tensor([3])
    update([mean, count], [torch.tensor([1.0]), torch.tensor([7])], 1000)
    assert mean.item() == pytest.approx(0.1)
    assert count.item() == 7
