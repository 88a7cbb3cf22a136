import math

from cpam_train.config import StopConfig
from cpam_train.patience import Patience


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
