"""Commands that put a model into use, and take it out again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cpam_train.commands.common import StoreOption, console, errors, opened_to_learn, progress_bar


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
) -> None:
    """Publish a run if it is shown to be better on the frozen test set than the model it follows; else exit with 1."""
    from cpam_train.evaluation.model import draft_of_run
    from cpam_train.publishing.gate import Asked, Margins
    from cpam_train.publishing.promote import PromotionRefusedError, Remarks, read_failures
    from cpam_train.publishing.promote import promote as publish_segmenter
    from cpam_train.publishing.prompted_promotion import promote_prompted
    from cpam_train.run_folder import RunFolder
    from napari_cpam_stroke.bundles.card import check_name

    check_name(name)
    known, pictures = read_failures(failures) if failures else ((), {})
    publish = promote_prompted if draft_of_run(RunFolder(run)).prompts is not None else publish_segmenter
    with opened_to_learn(store) as source:
        try:
            done = publish(
                RunFolder(run),
                name,
                source,
                asked=Asked(Margins(gain=min_gain, loss=max_loss), insist),
                out=out,
                progress_bar=progress_bar,
                remarks=Remarks(_terms(terms), notes, known, pictures, sign),
            )
        except PromotionRefusedError as error:
            errors.print(str(error), style="red", markup=False, soft_wrap=True)
            raise typer.Exit(1) from error
    if done.gate is None:
        console.print(f"{done.bundle.card.reference}: score {done.score:.4f}, in {done.bundle.path}.")
        return
    for demand in done.gate.demands:
        console.print(f"{'shown' if demand.met else 'NOT SHOWN'}: {demand}")
    console.print(
        f"{done.bundle.card.reference}: score {done.score:.4f} (gain {done.gain:+.4f} over {done.gate.rival}), in "
        f"{done.bundle.path}."
    )


def rollback(name: Annotated[str, typer.Argument(metavar="NAME", help="Name of an installed model.")]) -> None:
    """Let a name lead to the version that was in use before."""
    from napari_cpam_stroke.bundles import Registry

    entry = Registry().rollback(name)
    console.print(f"{entry.name} is now version {entry.version}.")


def _terms(values: list[str] | None) -> dict[str, str]:
    from napari_cpam_stroke.errors import InputError

    terms: dict[str, str] = {}
    for value in values or ():
        source, separator, text = value.partition("=")
        if not separator:
            raise InputError("--terms needs a source and its terms", got=repr(value), expected="source=text")
        terms[source] = text
    return terms
