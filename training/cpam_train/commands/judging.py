"""Commands that judge a model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from cpam_train.commands.common import StoreOption, console, is_brats, opened, opened_to_learn, progress_bar
from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.files import write_whole

if TYPE_CHECKING:
    from cpam_train.evaluation.run import Evaluation
    from napari_cpam_stroke.annotations.records import Split

Model = Annotated[str, typer.Argument(metavar="MODEL", help="A run folder, a bundle folder, or an installed name.")]
SplitOption = Annotated[str, typer.Option("--split", help="test, validation or train.")]
Device = Annotated[str, typer.Option("--device", help="auto, cpu, cuda or mps.")]
WithoutContext = Annotated[bool, typer.Option("--alone", help="Show every slice without its neighbours.")]
Sources = Annotated[list[str] | None, typer.Option("--source", help="Only this source; may be repeated.")]


def evaluate(  # noqa: PLR0913 - one per option
    model: Model,
    store: StoreOption,
    out: Annotated[Path, typer.Option("--out", help="Folder for report.html, metrics.json, cases.csv and tables.")],
    *,
    split: SplitOption = "test",
    source: Sources = None,
    device: Device = "auto",
    without_context: WithoutContext = False,
    neighbours: Annotated[
        bool, typer.Option("--neighbours", help="Also tell what true neighbours change on lesion slices.")
    ] = False,
    clicks: Annotated[
        bool, typer.Option("--clicks", help="Judge a model that listens to prompts by simulated readers.")
    ] = False,
    beside: Annotated[
        list[str] | None,
        typer.Option(
            "--beside",
            help="With --clicks: also judge litemedsam or nninteractive, each by its own package; litemedsam=RUN: as "
            "cpam-train fit litemedsam has tuned it.",
        ),
    ] = None,
    start: Annotated[
        str | None, typer.Option("--start", help="With --clicks: also begin from what this model draws by itself.")
    ] = None,
) -> None:
    """Judge a model on annotated cases it has not been trained on; on a BraTS folder by its regions.

    A folder that holds an evaluation is refused: nothing is overwritten.
    """
    if clicks:
        _evaluate_clicks(model, store, out, split=split, device=device, beside=beside or (), start=start)
        return
    if beside or start:
        raise InputError("--beside and --start are for prompts", remedy="add --clicks")
    from cpam_train.evaluation.write import require_free, write_evaluation

    require_free(out)
    if is_brats(store):
        _evaluate_brats(model, store, out, split=split, device=device)
        return
    evaluation = _evaluated(
        model,
        store,
        split=split,
        sources=source,
        device=device,
        without_context=without_context,
        neighbours=neighbours,
    )
    report = write_evaluation(evaluation, out)
    for name, summary in evaluation.summaries().items():
        dice, auc = summary.lesion_cases.get("dice"), summary.slices.get("auc")
        console.print(f"{name}: Dice {dice or '-'}; AUC of slices {auc or '-'}")
    for name, effect in evaluation.neighbours.items():
        console.print(f"{name}: {effect.sentence}", soft_wrap=True)
    console.print(f"Wrote {report}.")


def compare(first: Model, second: Model, store: StoreOption, *, split: SplitOption = "test") -> None:
    """Print the paired difference of two models, first minus second, with its interval over patients."""
    from cpam_train.evaluation.compare import compare as difference
    from cpam_train.evaluation.tables import split_rule

    one, other = (_evaluated(ref, store, split=split, sources=None, device="auto") for ref in (first, second))
    for name, gain in difference(one, other).items():
        console.print(f"{name}: Dice {gain.dice or '-'}; AUC of slices {gain.auc or '-'}")
    console.print("An interval above 0 says that the first is better, below 0 the second; else neither is shown.")
    for model, evaluation in ((first, one), (second, other)):
        console.print(f"{model}: training and judged cases parted {split_rule(evaluation)}")


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
    from cpam_train.evaluation.uncertainty import rank_cases, what_teaches

    with opened(store) as source, opened_model(model, device=device) as predictor, progress_bar("ranking") as progress:
        ranked = rank_cases(predictor, source, everything=everything, progress=progress)
        reasons = what_teaches(source, [case.case_id for case in ranked[:top]])
    for case in ranked[:top]:
        probabilities = "  ".join(f"{name} {p:.2f}" for name, p in case.probabilities.items())
        said = f"{case.case_id}  uncertainty {case.uncertainty:.2f}  {probabilities}  {reasons[case.case_id]}"
        console.print(said, soft_wrap=True)
    console.print(f"{len(ranked)} cases ranked; the order is in the store's worklist.")


def probe(
    model: Model, store: StoreOption, *, device: Device = "auto", without_context: WithoutContext = False
) -> None:
    """Tell how well the source of a slice can be read from the input and from the network's features."""
    from cpam_train.evaluation.model import opened_model
    from cpam_train.evaluation.source_probe import probe_sources

    with opened(store) as source, opened_model(model, device=device) as predictor, progress_bar("probing") as progress:
        probed = probe_sources(predictor.without_context() if without_context else predictor, source, progress=progress)
    for one in probed:
        console.print(
            f"{one.description}: source told with balanced accuracy {one.accuracy:.3f} (chance {one.chance:.3f}; "
            f"{one.slices} slices of {one.patients} patients)"
        )


def _evaluate_clicks(
    model: str, address: str, out: Path, *, split: str, device: str, beside: Sequence[str], start: str | None
) -> None:
    from contextlib import ExitStack

    from cpam_train.evaluation.model import opened_engine, opened_model
    from cpam_train.evaluation.prompt_judgement import PromptJudgement
    from cpam_train.evaluation.prompt_page import write_page
    from cpam_train.evaluation.prompt_peers import peers
    from napari_cpam_stroke.annotations.records import SPLITS, one_of

    chosen, others = cast("Split", one_of(split, SPLITS, "split")), peers(beside, device)
    out.mkdir(parents=True, exist_ok=True)
    with ExitStack() as opening:
        store = opening.enter_context(opened(address))
        engine = opening.enter_context(opened_engine(model, device=device))
        judgement = PromptJudgement(store, chosen, out, progress_bar)
        readings = judgement.from_nothing(engine, others)
        if start is not None:
            readings += judgement.from_model(engine, opening.enter_context(opened_model(start, device=device)))
    console.print(f"Wrote {write_page(readings, out)}.")


def _evaluate_brats(model: str, store: str, out: Path, *, split: str, device: str) -> None:
    import json
    from dataclasses import asdict

    from cpam_train.brats.folder import BratsFolder
    from cpam_train.brats.judge import judge_brats, region_estimates
    from cpam_train.run_folder import RunFolder
    from napari_cpam_stroke.annotations.records import SPLITS, one_of

    chosen = cast("Split", one_of(split, SPLITS, "split"))
    folder = BratsFolder.open(Path(store), create=False)
    with progress_bar("judging") as progress:
        judged = judge_brats(RunFolder(Path(model)), folder, split=chosen, device=device, progress=progress)
    estimates = region_estimates([judged])
    values = {"split": split, "regions": {name: asdict(e) for name, e in estimates.items()}}
    write_whole(out / "metrics.json", json.dumps(values, indent=2) + "\n")
    for name, figure in estimates.items():
        console.print(f"{name}: Dice {figure}")


def _evaluated(
    model: str,
    address: str,
    *,
    split: str,
    sources: list[str] | None,
    device: str,
    without_context: bool = False,
    neighbours: bool = False,
) -> Evaluation:
    from cpam_train.evaluation.model import opened_model
    from cpam_train.evaluation.run import evaluate_model
    from napari_cpam_stroke.annotations.records import SPLITS, one_of

    if without_context and neighbours:
        raise InputError("--alone and --neighbours contradict", remedy="give one of the two")
    chosen = cast("Split", one_of(split, SPLITS, "split"))
    with (
        opened_to_learn(address) as store,
        opened_model(model, device=device) as predictor,
        progress_bar(f"judging {predictor.card.reference}") as progress,
    ):
        shown = predictor.without_context() if without_context else predictor
        return evaluate_model(
            shown, store, split=chosen, sources=sources or (), neighbours=neighbours, progress=progress
        )
