"""Commands that judge models and put them into use."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from cpam_train.commands.common import (
    ConfigFile,
    Overrides,
    Preset,
    StoreOption,
    console,
    counting,
    errors,
    is_brats,
    opened,
)

if TYPE_CHECKING:
    from cpam_train.benchmark.systems import Recipe
    from cpam_train.evaluation.run import Evaluation
    from napari_cpam_stroke.annotations.records import Split

Model = Annotated[str, typer.Argument(metavar="MODEL", help="A run folder, a bundle folder, or an installed name.")]
SplitOption = Annotated[str, typer.Option("--split", help="test, validation or train.")]
Device = Annotated[str, typer.Option("--device", help="auto, cpu, cuda or mps.")]
Alone = Annotated[bool, typer.Option("--alone", help="Show every slice without its neighbours.")]
Sources = Annotated[list[str] | None, typer.Option("--source", help="Only this source; may be repeated.")]


def evaluate(
    model: Model,
    store: StoreOption,
    out: Annotated[Path, typer.Option("--out", help="Folder for report.html, metrics.json and cases.csv.")],
    *,
    split: SplitOption = "test",
    source: Sources = None,
    device: Device = "auto",
    alone: Alone = False,
) -> None:
    """Judge a model on annotated cases it has not been trained on; on a BraTS folder by its regions."""
    if is_brats(store):
        _evaluate_brats(model, store, out, split=split, device=device)
        return
    evaluation = _evaluated(model, store, split=split, sources=source, device=device, alone=alone)
    from cpam_train.evaluation.write import write_evaluation

    report = write_evaluation(evaluation, out)
    for name, summary in evaluation.summaries().items():
        dice, auc = summary.lesion_cases.get("dice"), summary.slices.get("auc")
        console.print(f"{name}: Dice {dice or '-'}; AUC of slices {auc or '-'}")
    console.print(f"Wrote {report}.")


def compare(first: Model, second: Model, store: StoreOption, *, split: SplitOption = "test") -> None:
    """Print the paired difference of two models, first minus second, with its interval over patients."""
    from cpam_train.evaluation.compare import compare as difference
    from cpam_train.evaluation.tables import split_rule

    one, other = (_evaluated(ref, store, split=split, sources=None, device="auto") for ref in (first, second))
    for name, found in difference(one, other).items():
        console.print(f"{name}: Dice {found.dice or '-'}; AUC of slices {found.auc or '-'}")
    console.print("An interval above 0 says that the first is better, below 0 the second; else neither is shown.")
    for model, evaluation in ((first, one), (second, other)):
        console.print(f"{model}: training and judged cases parted {split_rule(evaluation)}")


def promote(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a finished run.")],
    name: Annotated[str, typer.Option("--name", help="Name of the model.")],
    store: StoreOption,
    *,
    min_gain: Annotated[float, typer.Option(help="Least gain in score over the version in use.")] = 0.0,
    out: Annotated[Path | None, typer.Option(help="Write the bundle here instead of installing it.")] = None,
    terms: Annotated[list[str] | None, typer.Option("--terms", help="Terms of a source, as source=text.")] = None,
    notes: Annotated[str, typer.Option(help="Remarks for the card.")] = "",
    failures: Annotated[
        Path | None, typer.Option(help="Folder with failures.json and pictures of synthetic heads.")
    ] = None,
) -> None:
    """Publish a run if it is better than the version in use on the frozen test set; else exit with 1."""
    from cpam_train.publishing.promote import PromotionRefusedError, Remarks, read_failures
    from cpam_train.publishing.promote import promote as publish
    from cpam_train.run_folder import RunFolder

    known, pictures = read_failures(failures) if failures else ((), {})
    with opened(store) as source:
        try:
            done = publish(
                RunFolder(run),
                name,
                source,
                min_gain=min_gain,
                out=out,
                counting=counting,
                said=Remarks(_terms(terms), notes, known, pictures),
            )
        except PromotionRefusedError as error:
            errors.print(str(error), style="red", markup=False, soft_wrap=True)
            raise typer.Exit(1) from error
    gain = "first of its name" if done.gain is None else f"gain {done.gain:+.4f}"
    console.print(f"{done.bundle.card.reference}: score {done.score:.4f} ({gain}), in {done.bundle.path}.")


def rollback(name: Annotated[str, typer.Argument(metavar="NAME", help="Name of an installed model.")]) -> None:
    """Let a name lead to the version that was in use before."""
    from napari_cpam_stroke.bundles import Registry

    entry = Registry().rollback(name)
    console.print(f"{entry.name} is now version {entry.version}.")


def rank(
    store: StoreOption,
    *,
    model: Annotated[str, typer.Option("--model", help="Whose doubts to follow.")] = "default",
    top: Annotated[int, typer.Option(help="Lines to print.", min=1)] = 20,
    everything: Annotated[bool, typer.Option("--all", help="Also cases that are accepted.")] = False,
    device: Device = "auto",
) -> None:
    """Find the cases a model is least sure of and put them first in the worklist."""
    from cpam_train.evaluation.model import opened_model
    from cpam_train.evaluation.uncertainty import rank_cases

    with opened(store) as source, opened_model(model, device=device) as predictor, counting("ranking") as progress:
        ranked = rank_cases(predictor, source, everything=everything, progress=progress)
    for case in ranked[:top]:
        told = "  ".join(f"{name} {p:.2f}" for name, p in case.probabilities.items())
        console.print(f"{case.case_id}  uncertainty {case.uncertainty:.2f}  {told}")
    console.print(f"{len(ranked)} cases ranked; the order is in the store's worklist.")


def probe(model: Model, store: StoreOption, *, device: Device = "auto", alone: Alone = False) -> None:
    """Tell how well the source of a slice can be read from the input and from the network's features."""
    from cpam_train.evaluation.model import opened_model
    from cpam_train.evaluation.source_probe import probe_sources

    with opened(store) as source, opened_model(model, device=device) as predictor, counting("probing") as progress:
        found = probe_sources(predictor.without_context() if alone else predictor, source, progress=progress)
    for one in found:
        console.print(
            f"{one.description}: source told with balanced accuracy {one.accuracy:.3f} (chance {one.chance:.3f}; "
            f"{one.slices} slices of {one.patients} patients)"
        )


def learning_curve(
    store: StoreOption,
    out: Annotated[Path, typer.Option("--out", help="Folder for runs, table and picture; the same one goes on.")],
    *,
    start: Annotated[int, typer.Option(help="Cases annotated before the reader begins.", min=1)] = 40,
    add: Annotated[str, typer.Option(help="Numbers of corrected cases, by comma.")] = "40,120,320",
    strategies: Annotated[str, typer.Option(help="How cases are chosen, by comma: random, rank.")] = "random,rank",
    preset: Preset = "default",
    config: ConfigFile = None,
    settings: Overrides = None,
) -> None:
    """Simulate a reader who corrects cases, train again, and show Dice on the test patients against their number."""
    from rich.markdown import Markdown

    from cpam_train.config import build_train_config
    from cpam_train.learning_curve.choice import strategies_of
    from cpam_train.learning_curve.run import Plan, Room, numbers_of, run_curve

    values = build_train_config("segmenter", preset=preset, file=config, overrides=settings or ())
    chosen = strategies_of([name.strip() for name in strategies.split(",")])
    plan = Plan(values, start, numbers_of(add), tuple(chosen))
    with opened(store) as source:
        points = run_curve(plan, Room(source, out, errors, counting))
    from cpam_train.learning_curve.page import picture, render

    page = render(points, plan)
    (out / "learning-curve.md").write_text(page, encoding="utf-8")
    (out / "learning-curve.png").write_bytes(picture(points, plan))
    console.print(Markdown(page))
    console.print(f"Wrote {out / 'learning-curve.md'}.")


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
    with opened(store) as source:
        from cpam_train.benchmark.run import run_systems
        from cpam_train.benchmark.tables import render
        from cpam_train.fitting.slice_batches import divide

        rule = divide(source, recipe.config(names[0], 0))[2]
        outcomes = run_systems(source, out, recipe, names, seeds, console=errors, counting=counting)
    page = render(outcomes, split_rule=rule, seeds=seeds)
    (out / "benchmark.md").write_text(page, encoding="utf-8")
    console.print(Markdown(page))
    console.print(f"Wrote {out / 'benchmark.md'}.")


def _evaluate_brats(model: str, store: str, out: Path, *, split: str, device: str) -> None:
    import json
    from dataclasses import asdict

    from cpam_train.brats.folder import BratsFolder
    from cpam_train.brats.judge import judge_brats, region_estimates
    from cpam_train.run_folder import RunFolder
    from napari_cpam_stroke.annotations.records import SPLITS, one_of

    chosen = cast("Split", one_of(split, SPLITS, "split"))
    folder = BratsFolder.open(Path(store), create=False)
    with counting("judging") as progress:
        judged = judge_brats(RunFolder(Path(model)), folder, split=chosen, device=device, progress=progress)
    estimates = region_estimates([judged])
    out.mkdir(parents=True, exist_ok=True)
    values = {"split": split, "regions": {name: asdict(e) for name, e in estimates.items()}}
    (out / "metrics.json").write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
    for name, figure in estimates.items():
        console.print(f"{name}: Dice {figure}")


def _benchmark_brats(store: str, out: Path, recipe: Recipe, names: list[str], seeds: int) -> None:
    from cpam_train.brats.benchmark import render_table_7, run_brats
    from cpam_train.brats.folder import BratsFolder

    folder = BratsFolder.open(Path(store), create=False)
    page = render_table_7(run_brats(folder, out, recipe, names, seeds, console=errors, counting=counting), seeds=seeds)
    (out / "benchmark.md").write_text(page, encoding="utf-8")
    console.print(page)


def _evaluated(
    model: str, where: str, *, split: str, sources: list[str] | None, device: str, alone: bool = False
) -> Evaluation:
    from cpam_train.evaluation.model import opened_model
    from cpam_train.evaluation.run import evaluate_model
    from napari_cpam_stroke.annotations.records import SPLITS, one_of

    chosen = cast("Split", one_of(split, SPLITS, "split"))
    with (
        opened(where) as store,
        opened_model(model, device=device) as predictor,
        counting(f"judging {predictor.card.reference}") as progress,
    ):
        shown = predictor.without_context() if alone else predictor
        return evaluate_model(shown, store, split=chosen, sources=sources or (), progress=progress)


def _terms(values: list[str] | None) -> dict[str, str]:
    from napari_cpam_stroke.errors import InputError

    told: dict[str, str] = {}
    for value in values or ():
        source, separator, text = value.partition("=")
        if not separator:
            raise InputError("--terms needs a source and its terms", got=repr(value), expected="source=text")
        told[source] = text
    return told
