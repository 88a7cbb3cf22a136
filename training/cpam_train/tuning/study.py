"""A study: any number of workers, on one machine or many, fill one list of trials; it may be stopped and resumed."""

from __future__ import annotations

import json
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import optuna
from optuna.exceptions import StorageInternalError
from optuna.storages import RDBStorage, RetryFailedTrialCallback
from optuna.study import MaxTrialsCallback
from optuna.trial import TrialState
from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError

from cpam_train.tuning.objective import Objective, Setup, feasibility
from cpam_train.tuning.space import Space
from napari_cpam_stroke.config import plain
from napari_cpam_stroke.errors import ConfigError, InputError, StoreError, nearest
from napari_cpam_stroke.files import write_whole

SamplerName = Literal["tpe", "gp", "random", "grid"]
SAMPLERS: tuple[SamplerName, ...] = ("tpe", "gp", "random", "grid")

HEARTBEAT_S = 60
"""A worker silent for twice this long is taken for dead, and its trial is done again."""

JOIN_ATTEMPTS = 4
JOIN_PAUSE_S = 1.0
"""Workers that start at the same moment all create the tables: those that come second find them on the next attempt."""

STARTUP_TRIALS = 5
"""Random trials before the surrogate model speaks, and before pruning."""

WARMUP_EPOCHS = 3
"""Epochs every trial may do before it can be cut short."""

DONE = (TrialState.COMPLETE, TrialState.PRUNED)


@dataclass(frozen=True)
class TuneResult:
    """Where a study stands.

    Attributes
    ----------
    best
        Values of the best trial, empty before the first complete one.
    config
        File with the full settings of the best trial, which `cpam-train fit --config` takes; None without one.
    reason
        Why the last trial that could not be judged ended; empty where all could.
    """

    trials: int
    pruned: int
    score: float | None
    best: dict[str, object]
    config: Path | None
    reason: str = ""


class Standing:
    """How far a study is that others work on.

    Parameters
    ----------
    wanted
        Trials in all.
    """

    def __init__(self, study: optuna.Study, wanted: int) -> None:
        self.study, self.wanted = study, wanted
        self.before = self.told = len(self._done())
        self.begun_s = time.monotonic()

    def news(self) -> str:
        """Return a sentence where trials have ended since the last one; empty where none has."""
        done = self._done()
        if len(done) <= self.told:
            return ""
        self.told = len(done)
        scores = [trial.value for trial in done if trial.state == TrialState.COMPLETE and trial.value is not None]
        best = f", best score {max(scores):.4f}" if scores else ""
        return f"{len(done)} of {self.wanted} trials{best}{self._left()}"

    def _done(self) -> list[optuna.trial.FrozenTrial]:
        return self.study.get_trials(deepcopy=False, states=DONE)

    def _left(self) -> str:
        minutes = (time.monotonic() - self.begun_s) / 60 / (self.told - self.before) * (self.wanted - self.told)
        return f", about {minutes:.0f} min left" if minutes >= 1 else ""


def open_study(name: str, storage: str, sampler: str, space: Space, *, seed: int) -> optuna.Study:
    """Create a study or join it.

    Raises
    ------
    InputError
        For a sampler that does not exist.
    StoreError
        If the storage cannot be reached.
    """
    chosen = build_sampler(sampler, space, seed=seed)
    for left in reversed(range(JOIN_ATTEMPTS)):
        try:
            return _created(name, storage, chosen)
        except Exception as error:  # SQLAlchemy raises many kinds
            if left and isinstance(error, (DBAPIError, StorageInternalError)):
                time.sleep(JOIN_PAUSE_S)
                continue
            raise StoreError(
                "The study's storage cannot be opened",
                got=type(error).__name__,
                remedy="check the address in --storage",
            ) from error
    raise AssertionError("the last attempt returns or raises")


def _created(name: str, storage: str, sampler: optuna.samplers.BaseSampler) -> optuna.Study:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        backend = RDBStorage(
            storage, heartbeat_interval=HEARTBEAT_S, failed_trial_callback=RetryFailedTrialCallback(max_retry=1)
        )
        pruner = optuna.pruners.MedianPruner(n_startup_trials=STARTUP_TRIALS, n_warmup_steps=WARMUP_EPOCHS)
        return optuna.create_study(
            study_name=name,
            storage=backend,
            sampler=sampler,
            pruner=pruner,
            direction="maximize",
            load_if_exists=True,
        )


def file_address(file: Path) -> str:
    """Return the storage address of an SQLite file whatever is in its name.

    Optuna formats an address and SQLAlchemy parts it at a question mark, so the name goes in as a `file:` URI, in which
    everything of meaning to them is a percent code.
    """
    url = URL.create("sqlite", database=file.resolve().as_uri(), query={"uri": "true"})
    return url.render_as_string(hide_password=False)


def build_sampler(name: str, space: Space, *, seed: int) -> optuna.samplers.BaseSampler:
    """Return a sampler by name; `tpe` is the default, `gp` the surrogate of classic SMBO."""
    if name not in SAMPLERS:
        raise InputError(f"There is no sampler {name!r}{nearest(name, SAMPLERS)}", expected=", ".join(SAMPLERS))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if name == "tpe":
            return optuna.samplers.TPESampler(
                n_startup_trials=STARTUP_TRIALS,
                seed=seed,
                multivariate=True,
                constant_liar=True,
                constraints_func=feasibility,
            )
        if name == "gp":
            return optuna.samplers.GPSampler(n_startup_trials=STARTUP_TRIALS, seed=seed, constraints_func=feasibility)
        if name == "random":
            return optuna.samplers.RandomSampler(seed=seed)
        return optuna.samplers.GridSampler({n: r.grid() for n, r in space.items()}, seed=seed)


def tune(setup: Setup, study: optuna.Study, *, trials: int, timeout_minutes: float | None = None) -> TuneResult:
    """Work on a study until it has enough trials, counting those of all workers; then write what was found.

    Raises
    ------
    ConfigError
        If the study was begun with other settings.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    setup.folder.mkdir(parents=True, exist_ok=True)
    join(study, setup)
    if len(study.get_trials(deepcopy=False, states=DONE)) < trials:
        study.optimize(
            Objective(setup),
            timeout=None if timeout_minutes is None else timeout_minutes * 60,
            callbacks=[MaxTrialsCallback(trials, states=DONE)],
        )
    return conclude(study, setup)


def join(study: optuna.Study, setup: Setup) -> None:
    """Note the settings of a new study, or refuse to mix others into it."""
    mine = {"kind": setup.kind, "base": plain(setup.config({})), "space": sorted(setup.space), "folds": setup.folds}
    before = study.user_attrs.get("setup")
    if before is None:
        study.set_user_attr("setup", mine)
    elif json.loads(json.dumps(mine)) != before:
        differing = [key for key in mine if json.loads(json.dumps(mine[key])) != before.get(key)]
        raise ConfigError(
            f"The study {study.study_name!r} was begun with other settings",
            got=f"another {', '.join(differing)}",
            remedy="use the same settings, or another --study",
        )


def conclude(study: optuna.Study, setup: Setup) -> TuneResult:
    """Write best.json, trials.csv and the plots."""
    from cpam_train.tuning.outcome import write_plots, write_trials

    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    pruned = len(study.get_trials(deepcopy=False, states=(TrialState.PRUNED,)))
    reason = next((t.user_attrs["reason"] for t in reversed(study.trials) if "reason" in t.user_attrs), "")
    write_trials(study, setup.folder / "trials.csv")
    if not complete:
        return TuneResult(pruned, pruned, None, {}, None, reason)
    best = study.best_trial
    file = setup.folder / "best.json"
    write_whole(file, json.dumps(plain(setup.config(dict(best.params))), indent=2) + "\n")
    write_plots(study, setup.folder)
    return TuneResult(len(complete) + pruned, pruned, best.value, dict(best.params), file, reason)
