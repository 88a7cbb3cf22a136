"""Commands that train one model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cpam_train.commands.common import (
    KIND_WORDS,
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
    opened,
    opened_data,
    opened_to_learn,
    progress_bar,
)
from cpam_train.commands.watching import watch_of
from napari_cpam_stroke.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cpam_train.config import TrainConfig
    from cpam_train.fitting.repetition import Repetition
    from cpam_train.run_folder import RunFolder

Single = Annotated[
    bool, typer.Option("--single", help="One network, the first's, with operating points from all folds' patients.")
]


def fit(  # noqa: PLR0913 - one per option
    *,
    kind: Kind = "",
    store: StoreOption,
    run: Annotated[Path, typer.Option("--run", help="Folder for everything the run leaves behind; must be new.")],
    preset: Preset = "default",
    start: Start = None,
    config: ConfigFile = None,
    settings: Overrides = None,
    like: Annotated[
        str | None,
        typer.Option("--like", help="Repeat the training of a model: a run, a bundle, an installed name, a card.json."),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an interrupted run.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell what would be trained on and how; write nothing.")
    ] = False,
    progress: Annotated[
        str, typer.Option("--progress", help="lines: for a person; jsonl: one JSON object a line on standard output.")
    ] = "lines",
    track: Annotated[str, typer.Option(help="What takes the curves: tensorboard, mlflow or none.")] = "tensorboard",
    track_to: Annotated[
        str | None, typer.Option(help="MLflow's database or server; by default mlflow.db beside the run folder.")
    ] = None,
    devices: Annotated[int, typer.Option(help="Devices per node.", min=1)] = 1,
    nodes: Annotated[int, typer.Option(help="Nodes; started on each by torchrun --no-python -- or SLURM.", min=1)] = 1,
) -> None:
    """Train a model. Ctrl-C stops gently with exit code 130 and keeps the best weights; `--resume` goes on."""
    again = None if like is None or resume else _repetition(like, kind, start, config, settings or ())
    if resume:
        values = _going_on(run, config, settings or ())
    elif again is not None:
        values = again.config
    else:
        values = _new_settings(kind, preset, start, config, settings or ())
    watch = watch_of(progress, run)
    if dry_run:
        tell_plan(values, store)
        return
    with opened_data(store) as source, watch.failures():
        from cpam_train.commands.batches_of import batches_of
        from cpam_train.fitting.fit import fit as train
        from cpam_train.fitting.tracking import Tracking
        from cpam_train.fitting.trainer import Machine
        from cpam_train.medsam.input import is_medsam

        machine, medsam = Machine(devices, nodes), is_medsam(values.model)
        batches = batches_of(source)
        for remark in () if again is None else again.remarks(machine.processes):
            watch.console.print(remark)
        result = train(
            values,
            batches if again is None else again.on_the_same_data(batches),
            run,
            resume=resume,
            machine=machine,
            tracking=Tracking(track, track_to),
            console=watch.console,
            report=watch.report,
        )
    if not result.first_process:
        return
    watch.end(result)
    if again is not None and not result.interrupted and (told := again.comparison(result.run)):
        watch.console.print(told)
    best = f"best epoch {result.best_epoch}, validation score {result.score:.4f}, in {run}"
    if result.interrupted:
        kept = best if result.best_epoch else f"no epoch was finished, nothing to judge yet in {run}"
        watch.console.print(f"Stopped: {kept}. Go on with the same command and --resume.")
        raise typer.Exit(STOPPED)
    judge = f"{run} --store {store} --out DIR{' --clicks' if values.prompts is not None else ''}"
    if medsam:
        judge = f"prompted --store {store} --out DIR --clicks --beside litemedsam={run}"
    watch.console.print(f"Done: {best}. Next: cpam-train evaluate {judge}")


def _new_settings(
    kind: str, preset: str, start: str | None, config: Path | None, settings: Sequence[str]
) -> TrainConfig:
    """Return the settings of a run that begins."""
    from cpam_train.fitting.start import start_settings
    from cpam_train.presets import build_train_config

    if not kind:
        raise InputError(
            "Say what to train", expected=KIND_WORDS.replace("|", ", "), remedy="or repeat by --like MODEL"
        )
    own = start_settings(kind, start)
    return build_train_config(kind, preset=preset, start=own, file=config, overrides=settings)


def _repetition(like: str, kind: str, start: str | None, config: Path | None, settings: Sequence[str]) -> Repetition:
    """Return the training to be done again."""
    from cpam_train.fitting.repetition import repetition_of

    if config is not None:
        raise InputError("--like and --config contradict", remedy="give one of the two")
    again = repetition_of(like, start=start, overrides=settings)
    if kind not in {"", again.kind}:
        raise InputError(f"{again.card.reference} is no {kind}", got=f"a {again.kind}", remedy="leave the kind out")
    return again


def tell_plan(config: TrainConfig, store: str) -> None:
    """Print what a run would be made of; a BraTS folder tells only its settings."""
    from cpam_train.commands.plan import plan_of

    if is_brats(store):
        console.print(f"{config.epochs} epochs of BraTS slices in batches of {config.data.batch_size}.")
        return
    with opened(store) as source:
        for line in plan_of(config, source):
            console.print(line)


def _going_on(run: Path, config: Path | None, settings: Sequence[str]) -> TrainConfig:
    """Return the settings of a run that goes on, and note them where it goes further than it was meant to."""
    from cpam_train.fitting.extension import extended
    from cpam_train.run_folder import RunFolder, note_settings, require_resumable

    folder = RunFolder(run)
    require_resumable(folder)
    values = extended(folder, file=config, overrides=settings)
    if values != folder.config():
        note_settings(folder, values)
    return values


def cross_validate(
    store: StoreOption,
    run: Annotated[Path, typer.Option("--run", help="Folder for the folds and their ensemble; the same one goes on.")],
    *,
    preset: Preset = "default",
    start: Start = None,
    config: ConfigFile = None,
    settings: Overrides = None,
    single: Single = False,
) -> None:
    """Train a segmenter on every fold (data.folds) and join the folds into one model."""
    from cpam_train.fitting.start import start_settings
    from cpam_train.presets import build_train_config

    own = start_settings("segmenter", start)
    values = build_train_config("segmenter", preset=preset, start=own, file=config, overrides=settings or ())
    with opened_to_learn(store) as source:
        from cpam_train.fitting.ensemble import fit_folds

        built = fit_folds(values, source, run, single=single, console=errors, progress_bar=progress_bar)
    _print_ensemble(built, store)


def ensemble(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Folders of finished runs, at least two.")],
    store: StoreOption,
    run: Annotated[Path, typer.Option("--run", help="Folder for the ensemble; must be new.")],
    *,
    single: Single = False,
) -> None:
    """Join finished runs, such as the folds of a cross-validation, into one model that averages them."""
    with opened_to_learn(store) as source:
        from cpam_train.fitting.ensemble import build_ensemble

        built = build_ensemble(runs, source, run, single=single, progress_bar=progress_bar)
    _print_ensemble(built, store)


def _print_ensemble(run: RunFolder, store: str) -> None:
    metrics = run.read_json("metrics.json")
    console.print(
        f"{metrics['members']} members over {metrics['slices']} slices they were not trained on: score "
        f"{metrics['score']}, in {run.path}. Next: cpam-train evaluate {run.path} --store {store} --out DIR"
    )
