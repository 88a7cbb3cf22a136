"""Train on what a simulated reader has corrected so far, judge on the frozen test set, and go on with more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from rich.console import Console

from cpam_train.benchmark.outcome import FILE, Outcome, read_outcome
from cpam_train.benchmark.run import judge
from cpam_train.config import TrainConfig
from cpam_train.evaluation.model import opened_model
from cpam_train.evaluation.progress import ProgressBar
from cpam_train.fitting.division import divide
from cpam_train.fitting.fit import fit_to_the_end
from cpam_train.fitting.slice_batches import SliceLoaders
from cpam_train.learning_curve.choice import Strategy, least_sure, shuffled
from cpam_train.run_folder import RunFolder
from napari_cpam_stroke.annotations import AnnotationStore
from napari_cpam_stroke.errors import InputError

START = "start"
"""Name of the model before any correction."""


@dataclass(frozen=True)
class Plan:
    """What is simulated.

    Attributes
    ----------
    start
        Cases that are annotated before the reader begins, drawn at random.
    added
        Numbers of corrected cases at which a model is trained, in rising order.
    """

    config: TrainConfig
    start: int
    added: tuple[int, ...]
    strategies: tuple[Strategy, ...]


@dataclass(frozen=True, eq=False)
class Point:
    """One trained model: how its cases were chosen, how many were corrected, what came out."""

    strategy: str
    added: int
    outcome: Outcome


@dataclass(frozen=True)
class Workspace:
    """The store that is read, the folder of the runs, and where progress is shown."""

    store: AnnotationStore
    out: Path
    console: Console
    progress_bar: ProgressBar


def numbers_of(text: str) -> tuple[int, ...]:
    """Return rising numbers of cases from a list by comma.

    Raises
    ------
    InputError
        If it holds anything but numbers from 1 on.
    """
    words = [word.strip() for word in text.split(",")]
    if not all(word.isdecimal() and int(word) > 0 for word in words):
        raise InputError("--add takes numbers of cases by comma", got=repr(text), expected="for example 40,80,160")
    return tuple(sorted({int(word) for word in words}))


def run_curve(plan: Plan, workspace: Workspace) -> list[Point]:
    """Return every point of the curve; what is done already is not done again.

    The reader's corrections are the reference masks of the store. Every model is trained from the beginning with the
    same settings and the same number of steps, on the first `start` cases and the corrected ones.

    Raises
    ------
    InputError
        If the store has fewer training cases than the plan needs.
    ConfigError
        If a run in the folder was made with other settings.
    CancelledError
        After Ctrl-C; the next call goes on where this one stopped.
    """
    first, pool = initial(plan, workspace.store)
    points = [Point(START, 0, trained(START, 0, first, plan, workspace))]
    for strategy in plan.strategies:
        order = ordered(strategy, pool, plan, workspace)
        points += [Point(strategy, n, trained(strategy, n, [*first, *order[:n]], plan, workspace)) for n in plan.added]
    return points


def initial(plan: Plan, store: AnnotationStore) -> tuple[list[str], list[str]]:
    """Return the cases the first model is trained on, and those a reader may choose from.

    Raises
    ------
    InputError
        If there are too few.
    """
    rows = divide(store, plan.config).train
    cases = shuffled(sorted({row.case.case_id for row in rows}), seed=plan.config.seed)
    wanted = plan.start + max(plan.added)
    if len(cases) < wanted:
        raise InputError(
            "The store has too few training cases for this curve",
            got=f"{len(cases)} cases",
            expected=f"at least {wanted}",
            remedy="lower --start or --add",
        )
    return cases[: plan.start], cases[plan.start :]


def ordered(strategy: Strategy, pool: Sequence[str], plan: Plan, workspace: Workspace) -> list[str]:
    """Return the pool in the order in which a reader who follows the strategy corrects it."""
    if strategy == "random":
        return shuffled(pool, seed=plan.config.seed + 1)
    if all((path_of(workspace, strategy, n) / FILE).is_file() for n in plan.added):
        return list(pool)
    with (
        opened_model(path_of(workspace, START, 0)) as predictor,
        workspace.progress_bar("ranking the pool") as progress,
    ):
        return least_sure(pool, predictor, workspace.store, progress=progress)


def trained(strategy: str, added: int, cases: Sequence[str], plan: Plan, workspace: Workspace) -> Outcome:
    """Return the outcome of one point, trained and judged unless that is done."""
    path = path_of(workspace, strategy, added)
    config = replace(plan.config, data=replace(plan.config.data, only_cases=tuple(sorted(cases))))
    if (path / FILE).is_file():
        _check_settings(path, config)
        return read_outcome(path / FILE)
    workspace.console.print(f"{strategy}, {added} corrected cases")
    batches = partial(SliceLoaders, workspace.store)
    run = fit_to_the_end(config, batches, path, console=workspace.console, purpose="learning curve")
    judge(workspace.store, run, strategy, config.seed, progress_bar=workspace.progress_bar)
    return read_outcome(path / FILE)


def path_of(workspace: Workspace, strategy: str, added: int) -> Path:
    """Return the run folder of a point."""
    return workspace.out / "runs" / f"{strategy}-{added}"


def _check_settings(path: Path, config: TrainConfig) -> None:
    """Compare all settings but the cases, which follow from the others."""
    run = RunFolder(path)
    run.require_config(replace(config, data=replace(config.data, only_cases=run.config().data.only_cases)))
