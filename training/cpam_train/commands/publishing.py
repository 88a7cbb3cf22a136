"""Commands that put a model into use, and take it out again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cpam_train.commands.common import StoreOption, console, errors, opened_to_learn
from cpam_train.commands.watching import progress_of, write_event
from napari_cpam_stroke.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from cpam_train.publishing.gate import Asked
    from cpam_train.publishing.promote import Gate, Promotion


def promote(  # noqa: PLR0913 - one per option
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a finished run.")],
    name: Annotated[str, typer.Option("--name", help="Name of the model.")],
    store: StoreOption,
    *,
    min_gain: Annotated[
        float, typer.Option(help="The gain (Dice, else AUC) of one class must lie above this with its whole interval.")
    ] = 0.0,
    max_loss: Annotated[
        float, typer.Option(help="No class may lose so much: its whole interval lies above minus this.", min=0)
    ] = 0.05,
    insist: Annotated[
        str, typer.Option(help="Publish it though it does not show all that is asked for; say why, for the card.")
    ] = "",
    out: Annotated[Path | None, typer.Option(help="Write the bundle here instead of installing it.")] = None,
    terms: Annotated[list[str] | None, typer.Option("--terms", help="Terms of a source, as source=text.")] = None,
    notes: Annotated[str, typer.Option(help="Remarks for the card.")] = "",
    failures: Annotated[
        Path | None, typer.Option(help="Folder with failures.json and pictures of synthetic heads.")
    ] = None,
    sign: Annotated[Path | None, typer.Option(help="Sign the bundle with this private Ed25519 key.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Publish nothing: tell, and write verdict.json into the run folder.")
    ] = False,
    progress: Annotated[
        str, typer.Option("--progress", help="lines: for a person; jsonl: one JSON object a line on standard output.")
    ] = "lines",
) -> None:
    """Publish a run if it is shown to be better on the frozen test set than the model it follows; else exit with 1."""
    from cpam_train.evaluation.model import draft_of_run
    from cpam_train.publishing.gate import Asked, Margins
    from cpam_train.publishing.promote import PromotionRefusedError, Remarks, read_failures
    from cpam_train.publishing.promote import promote as publish_segmenter
    from cpam_train.publishing.prompted_promotion import promote_prompted
    from cpam_train.run_folder import RunFolder
    from napari_cpam_stroke.bundles.card import check_name
    from napari_cpam_stroke.commands.signing_key import opened_key

    check_name(name)
    known, pictures = read_failures(failures) if failures else ((), {})
    key = None if sign is None else opened_key(sign)
    prompted = draft_of_run(RunFolder(run)).prompts is not None
    publish = promote_prompted if prompted else publish_segmenter
    asked, told = Asked(Margins(gain=min_gain, loss=max_loss), insist), progress_of(progress)
    if dry_run:
        if prompted or out is not None:
            raise InputError("--dry-run judges a segmenter or classifier to be installed", remedy="leave it out")
        _only_judge(run, name, store, asked, progress)
        return
    with opened_to_learn(store) as source:
        try:
            done = publish(
                RunFolder(run),
                name,
                source,
                asked=asked,
                out=out,
                progress_bar=told.bar,
                remarks=Remarks(_terms(terms), notes, known, pictures, key),
            )
        except PromotionRefusedError as error:
            errors.print(str(error), style="red", markup=False, soft_wrap=True)
            raise typer.Exit(1) from error
    _tell(done, told.console)
    if progress == "jsonl":
        write_event({"stage": "published", "model": done.bundle.card.reference})


def _only_judge(run: Path, name: str, store: str, asked: Asked, progress: str) -> None:
    """Judge a run as it would be judged, and write what was found; exit with 1 where it would be refused."""
    from cpam_train.publishing.promote import PromotionRefusedError
    from cpam_train.publishing.verdict import VERDICT_FILE, judge_run
    from cpam_train.run_folder import RunFolder

    told = progress_of(progress)
    with opened_to_learn(store) as source:
        gate = judge_run(RunFolder(run), name, source, asked=asked, progress_bar=told.bar)
    _tell_demands(gate, told.console)
    told.console.print(f"Nothing was published; in {run / VERDICT_FILE}.")
    try:
        gate.require()
    except PromotionRefusedError as error:
        errors.print(str(error), style="red", markup=False, soft_wrap=True)
        raise typer.Exit(1) from error


def _tell(done: Promotion, to: Console) -> None:
    if done.gate is None:
        to.print(f"{done.bundle.card.reference}: score {done.score:.4f}, in {done.bundle.path}.")
        return
    _tell_demands(done.gate, to)
    to.print(
        f"{done.bundle.card.reference}: score {done.score:.4f} (gain {done.gain:+.4f} over {done.gate.rival}), in "
        f"{done.bundle.path}."
    )


def _tell_demands(gate: Gate, to: Console) -> None:
    for demand in gate.demands:
        to.print(f"{'shown' if demand.met else 'NOT SHOWN'}: {demand}")


def rollback(name: Annotated[str, typer.Argument(metavar="NAME", help="Name of an installed model.")]) -> None:
    """Let a name lead to the version that was in use before."""
    from napari_cpam_stroke.bundles import Registry

    entry = Registry().rollback(name)
    console.print(f"{entry.name} is now version {entry.version}.")


def _terms(values: list[str] | None) -> dict[str, str]:
    terms: dict[str, str] = {}
    for value in values or ():
        source, separator, text = value.partition("=")
        if not separator:
            raise InputError("--terms needs a source and its terms", got=repr(value), expected="source=text")
        terms[source] = text
    return terms
