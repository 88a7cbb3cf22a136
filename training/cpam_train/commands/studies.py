"""Commands that train many models to answer one question."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cpam_train.commands.common import (
    STOPPED,
    ConfigFile,
    Kind,
    Overrides,
    Preset,
    Start,
    StoreOption,
    console,
    errors,
    is_brats,
    opened_to_learn,
    progress_bar,
)
from napari_cpam_stroke.files import write_whole

if TYPE_CHECKING:
    import optuna

    from cpam_train.benchmark.systems import Recipe
    from cpam_train.config import TrainConfig
    from cpam_train.tuning.objective import Setup
    from cpam_train.tuning.study import TuneResult
    from napari_cpam_stroke.annotations import AnnotationStore


def tune(  # noqa: PLR0913 - one per option
    kind: Kind,
    store: StoreOption,
    study: Annotated[str, typer.Option("--study", help="Name; a study of that name is gone on with.")],
    *,
    out: Annotated[Path | None, typer.Option(help="Folder of the study; by default studies/NAME.")] = None,
    storage: Annotated[str | None, typer.Option(help="Database of the trials, for several workers.")] = None,
    sampler: Annotated[str, typer.Option(help="tpe, gp, random or grid.")] = "tpe",
    trials: Annotated[int, typer.Option(help="Trials in all, over all workers.", min=1)] = 20,
    workers: Annotated[int, typer.Option(help="Processes of this machine that share the study.", min=1)] = 1,
    timeout: Annotated[float | None, typer.Option(help="Minutes after which this worker begins no new trial.")] = None,
    search: Annotated[list[str] | None, typer.Option("--search", help="Search only this setting.")] = None,
    folds: Annotated[int | None, typer.Option(help="Score by cross-validation over so many folds.", min=2)] = None,
    preset: Preset = "default",
    start: Start = None,
    config: ConfigFile = None,
    settings: Overrides = None,
    seed: Annotated[int, typer.Option(help="Of the sampler.", min=0, max=2**32 - 1)] = 0,
) -> None:
    """Search settings on validation patients; a setting given by --set is not searched."""
    from cpam_train.tuning.space import search_space

    overrides = tuple(settings or ())
    own = _start_settings(kind, start)
    fixed = tuple(o.partition("=")[0] for o in (*overrides, *own) if not o.startswith("optim.") or o in overrides)
    space = search_space(kind, only=tuple(search or ()), fixed=fixed)
    folder = out or Path("studies") / study
    with opened_to_learn(store) as source:
        from cpam_train.commands.batches_of import batches_of
        from cpam_train.tuning.objective import Setup
        from cpam_train.tuning.study import file_address, open_study
        from cpam_train.tuning.study import tune as work

        setup = Setup(kind, batches_of(source), folder, preset, config, overrides, space, folds, console, own)
        values = setup.config({})
        if folds is not None:
            setup = replace(setup, folds=_fitting_folds(source, folds, values))
        folder.mkdir(parents=True, exist_ok=True)
        opened_study = open_study(study, storage or file_address(folder / "study.db"), sampler, space, seed=seed)
        if workers > 1:
            result = _together(opened_study, setup, workers, trials=trials, seed=seed)
        else:
            result = work(setup, opened_study, trials=trials, timeout_minutes=timeout)
    if result.reason:
        errors.print(f"Trials that could not be judged have their reason in trials.csv; the last: {result.reason}")
    if result.config is None:
        console.print(f"{result.trials} trials, none complete yet.")
        return
    console.print(f"{result.trials} trials ({result.pruned} cut short), best score {result.score:.4f}: {result.best}")
    console.print(f"Next: cpam-train fit {kind} --store {store} --run RUN --config {result.config}")


def benchmark(  # noqa: PLR0913 - one per option
    store: StoreOption,
    out: Annotated[Path, typer.Option("--out", help="Folder for runs and tables; the same one goes on.")],
    *,
    systems: Annotated[str, typer.Option(help="Names by comma; all of the paper's by default.")] = "",
    seeds: Annotated[int, typer.Option(help="Runs of each system.", min=1)] = 3,
    preset: Preset = "default",
    config: ConfigFile = None,
    settings: Overrides = None,
    segmenter: Annotated[list[str] | None, typer.Option("--segmenter-set", help="a.b=value, segmenters only.")] = None,
    classifier: Annotated[
        list[str] | None, typer.Option("--classifier-set", help="a.b=value, classifiers only.")
    ] = None,
) -> None:
    """Train and judge every system under one recipe and print the paper's tables, ours beside the paper's."""
    from rich.markdown import Markdown

    from cpam_train.benchmark.systems import CLASSIFIERS, SEGMENTERS, Recipe

    usual = SEGMENTERS if is_brats(store) else (*CLASSIFIERS, *SEGMENTERS)
    names = [name.strip() for name in systems.split(",") if name.strip()] or list(usual)
    own = (("segmenter", tuple(segmenter or ())), ("classifier", tuple(classifier or ())))
    recipe = Recipe(preset, config, tuple(settings or ()), own)
    for name in names:
        recipe.config(name, 0)
    if is_brats(store):
        _benchmark_brats(store, out, recipe, names, seeds)
        return
    with opened_to_learn(store) as source:
        from cpam_train.benchmark.run import run_systems
        from cpam_train.benchmark.tables import heading, tables_of
        from cpam_train.evaluation.table import write_tables
        from cpam_train.fitting.division import divide

        rule = divide(source, recipe.config(names[0], 0)).rule
        outcomes = run_systems(source, out, recipe, names, seeds, console=errors, progress_bar=progress_bar)
    write_tables(out, tables_of(outcomes, seeds=seeds), name="benchmark", heading=heading(split_rule=rule, seeds=seeds))
    console.print(Markdown((out / "benchmark.md").read_text(encoding="utf-8")))
    console.print(f"Wrote {out / 'benchmark.md'}, and the same as .tex and .csv.")


def learning_curve(  # noqa: PLR0913 - one per option
    store: StoreOption,
    out: Annotated[Path, typer.Option("--out", help="Folder for runs, table and picture; the same one goes on.")],
    *,
    start: Annotated[int, typer.Option(help="Cases annotated before the reader begins.", min=1)] = 40,
    add: Annotated[str, typer.Option(help="Numbers of corrected cases, by comma.")] = "40,120,320",
    strategies: Annotated[str, typer.Option(help="How cases are chosen, by comma: random, rank.")] = "random,rank",
    preset: Preset = "default",
    start_from: Start = None,
    config: ConfigFile = None,
    settings: Overrides = None,
) -> None:
    """Simulate a reader who corrects cases, train again, and show Dice on the test patients against their number."""
    from rich.markdown import Markdown

    from cpam_train.learning_curve.choice import strategies_of
    from cpam_train.learning_curve.run import Plan, Workspace, numbers_of, run_curve
    from cpam_train.presets import build_train_config

    own = _start_settings("segmenter", start_from)
    values = build_train_config("segmenter", preset=preset, start=own, file=config, overrides=settings or ())
    chosen = strategies_of([name.strip() for name in strategies.split(",")])
    plan = Plan(values, start, numbers_of(add), tuple(chosen))
    with opened_to_learn(store) as source:
        points = run_curve(plan, Workspace(source, out, errors, progress_bar))
    from cpam_train.learning_curve.page import picture, render

    page = render(points, plan)
    write_whole(out / "learning-curve.md", page)
    write_whole(out / "learning-curve.png", picture(points, plan))
    console.print(Markdown(page))
    console.print(f"Wrote {out / 'learning-curve.md'}.")


def _start_settings(kind: str, start: str | None) -> tuple[str, ...]:
    if start is None:
        return ()
    from cpam_train.fitting.start import start_settings

    return start_settings(kind, start)


def _together(study: optuna.Study, setup: Setup, workers: int, *, trials: int, seed: int) -> TuneResult:
    """Let several processes work on a study, tell each trial that ends, and say what was found."""
    from cpam_train.tuning.study import Standing, conclude, join
    from cpam_train.tuning.workers import work_together

    join(study, setup)
    standing = Standing(study, trials)

    def watch() -> None:
        if told := standing.news():
            console.print(told)

    # What comes last counts: each worker is this very command, as one process with a seed of its own.
    own = [[*sys.argv[1:], "--workers", "1", "--seed", str((seed + k) % 2**32)] for k in range(workers)]
    for ended in work_together(own, setup.folder, watch=watch):
        if ended.code not in {0, STOPPED}:
            errors.print(f"Worker {ended.number} ended with exit code {ended.code}; what it said is in {ended.log}.")
    return conclude(study, setup)


def _fitting_folds(store: AnnotationStore, wanted: int, config: TrainConfig) -> int:
    """Return how many folds the store's patients can be dealt into, and tell where these are fewer than wanted."""
    from cpam_train.fitting.division import folds_that_fit

    folds = folds_that_fit(store, config, wanted)
    if folds < wanted:
        console.print(f"{folds} folds instead of {wanted}: the store has no more patients to deal out.")
    return folds


def _benchmark_brats(store: str, out: Path, recipe: Recipe, names: list[str], seeds: int) -> None:
    from cpam_train.brats.benchmark import render_table_7, run_brats
    from cpam_train.brats.folder import BratsFolder

    folder = BratsFolder.open(Path(store), create=False)
    page = render_table_7(
        run_brats(folder, out, recipe, names, seeds, console=errors, progress_bar=progress_bar), seeds=seeds
    )
    write_whole(out / "benchmark.md", page)
    console.print(page)
