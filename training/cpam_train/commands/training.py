"""Commands that train."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cpam_train.commands.common import (
    ConfigFile,
    Kind,
    Overrides,
    Preset,
    StoreOption,
    console,
    counting,
    errors,
    opened,
    opened_data,
)

if TYPE_CHECKING:
    from cpam_train.run_folder import RunFolder


def fit(  # noqa: PLR0913 - one per option
    kind: Kind,
    store: StoreOption,
    run: Annotated[Path, typer.Option("--run", help="Folder for everything the run leaves behind; must be new.")],
    *,
    preset: Preset = "default",
    config: ConfigFile = None,
    settings: Overrides = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an interrupted run.")] = False,
    devices: Annotated[int, typer.Option(help="Devices per node.", min=1)] = 1,
    nodes: Annotated[int, typer.Option(help="Nodes; started on each by torchrun --no-python -- or SLURM.", min=1)] = 1,
) -> None:
    """Train a model. Ctrl-C stops gently and keeps the best weights; `--resume` goes on."""
    from cpam_train.config import build_train_config

    values = build_train_config(kind, preset=preset, file=config, overrides=settings or ())
    with opened_data(store) as source:
        from cpam_train.fitting.fit import Machine
        from cpam_train.fitting.fit import fit as train

        result = train(values, source, run, resume=resume, machine=Machine(devices, nodes), console=console)
    if not result.first_process:
        return
    verb = "Stopped" if result.interrupted else "Done"
    console.print(
        f"{verb}: best epoch {result.best_epoch}, validation score {result.score:.4f}, in {run}. "
        f"Next: cpam-train evaluate {run} --store {store} --out DIR"
    )


def cross_validate(
    store: StoreOption,
    run: Annotated[Path, typer.Option("--run", help="Folder for the folds and their ensemble; the same one goes on.")],
    *,
    preset: Preset = "default",
    config: ConfigFile = None,
    settings: Overrides = None,
) -> None:
    """Train a segmenter on every fold (data.folds) and join the folds into one model."""
    from cpam_train.config import build_train_config

    values = build_train_config("segmenter", preset=preset, file=config, overrides=settings or ())
    with opened(store) as source:
        from cpam_train.fitting.ensemble import fit_folds

        built = fit_folds(values, source, run, console=errors, counting=counting)
    _tell_ensemble(built, store)


def ensemble(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Folders of finished runs, at least two.")],
    store: StoreOption,
    run: Annotated[Path, typer.Option("--run", help="Folder for the ensemble; must be new.")],
) -> None:
    """Join finished runs, such as the folds of a cross-validation, into one model that averages them."""
    with opened(store) as source:
        from cpam_train.fitting.ensemble import build_ensemble

        built = build_ensemble(runs, source, run, counting=counting)
    _tell_ensemble(built, store)


def _tell_ensemble(run: RunFolder, store: str) -> None:
    metrics = run.read_json("metrics.json")
    console.print(
        f"{metrics['members']} members over {metrics['slices']} slices they were not trained on: score "
        f"{metrics['score']}, in {run.path}. Next: cpam-train evaluate {run.path} --store {store} --out DIR"
    )


def tune(  # noqa: PLR0913 - one per option
    kind: Kind,
    store: StoreOption,
    study: Annotated[str, typer.Option("--study", help="Name; a study of that name is gone on with.")],
    *,
    out: Annotated[Path | None, typer.Option(help="Folder of the study; by default studies/NAME.")] = None,
    storage: Annotated[str | None, typer.Option(help="Database of the trials, for several workers.")] = None,
    sampler: Annotated[str, typer.Option(help="tpe, gp, random or grid.")] = "tpe",
    trials: Annotated[int, typer.Option(help="Trials in all, over all workers.", min=1)] = 20,
    timeout: Annotated[float | None, typer.Option(help="Minutes after which this worker begins no new trial.")] = None,
    search: Annotated[list[str] | None, typer.Option("--search", help="Search only this setting.")] = None,
    folds: Annotated[int | None, typer.Option(help="Score by cross-validation over so many folds.", min=2)] = None,
    preset: Preset = "default",
    config: ConfigFile = None,
    settings: Overrides = None,
    seed: Annotated[int, typer.Option(help="Of the sampler.")] = 0,
) -> None:
    """Search settings on validation patients; a setting given by --set is not searched."""
    from cpam_train.tuning.space import search_space

    overrides = tuple(settings or ())
    space = search_space(kind, only=tuple(search or ()), fixed=tuple(o.partition("=")[0] for o in overrides))
    folder = out or Path("studies") / study
    with opened(store) as source:
        from cpam_train.tuning.objective import Setup
        from cpam_train.tuning.study import open_study
        from cpam_train.tuning.study import tune as work

        setup = Setup(kind, source, folder, preset, config, overrides, space, folds, console)
        setup.config({})
        folder.mkdir(parents=True, exist_ok=True)
        address = storage or f"sqlite:///{(folder / 'study.db').resolve()}"
        result = work(
            setup, open_study(study, address, sampler, space, seed=seed), trials=trials, timeout_minutes=timeout
        )
    if result.config is None:
        console.print(f"{result.trials} trials, none complete yet.")
        return
    console.print(f"{result.trials} trials ({result.pruned} cut short), best score {result.score:.4f}: {result.best}")
    console.print(f"Next: cpam-train fit {kind} --store {store} --run RUN --config {result.config}")
