import io
import math
from types import SimpleNamespace

from rich.console import Console

from cpam_train.config import StopConfig
from cpam_train.fitting.best_weights import EpochScore, Keeper
from cpam_train.fitting.patience import Patience
from cpam_train.fitting.progress import RunProgress
from cpam_train.fitting.schedule import WallClock


def run(scores, **stop):
    """Return the epoch after which the run stops, or None."""
    patience = Patience(StopConfig(**stop))
    for epoch, score in enumerate(scores, start=1):
        patience.update(epoch, score)
        if patience.over(epoch):
            return epoch
    return None


def test_stops_patience_epochs_after_the_last_best():
    assert run([0.1, 0.2] + [0.0] * 20, patience=3, patience_multiplier=1) == 5


def test_a_late_best_extends_the_wait_by_the_multiplier():
    scores = [0.0] * 9 + [1.0] + [0.0] * 40
    assert run(scores, patience=10, patience_multiplier=1) == 20
    assert run(scores, patience=10, patience_multiplier=3) == 30


def test_gains_that_are_too_small_do_not_count():
    patience = Patience(StopConfig(min_gain=0.1))
    assert patience.update(1, 0.5)
    assert not patience.update(2, 0.55)
    assert patience.update(3, 0.65)
    assert (patience.best, patience.best_epoch) == (0.65, 3)


def test_the_first_epoch_is_kept_even_if_bad_but_nan_is_not():
    patience = Patience(StopConfig())
    assert not patience.update(1, math.nan)
    assert patience.update(2, -5.0)


def test_a_run_ends_early_once_patience_is_over():
    keeper = Keeper(None, StopConfig(patience=3, patience_multiplier=1), WallClock(None), SimpleNamespace(current=1e-3))
    keeper.last = EpochScore(0.5, {})
    keeper.patience.update(1, 0.5)
    stops = []
    for epoch in range(1, 5):
        trainer = SimpleNamespace(
            current_epoch=epoch - 1, global_step=epoch, callback_metrics={}, is_global_zero=False, should_stop=False
        )
        keeper.on_train_epoch_end(trainer, None)
        stops.append(trainer.should_stop)
    assert stops == [False, False, False, True]


def test_every_epoch_says_how_much_time_is_left():
    clock, said = WallClock(None), io.StringIO()
    clock.before_s = 1800.0
    keeper = Keeper(None, StopConfig(), clock, None)
    keeper.last = EpochScore(0.5, {})
    trainer = SimpleNamespace(
        current_epoch=3, global_step=25, estimated_stepping_batches=100, callback_metrics={}, is_global_zero=True
    )
    RunProgress(Console(file=said), clock, keeper).on_train_epoch_end(trainer, None)
    assert "30.0 min  about 90 min left" in said.getvalue()
