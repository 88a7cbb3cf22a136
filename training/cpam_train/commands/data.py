"""Commands that fill and look at a store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cpam_train.commands.common import StoreOption, console, counting, opened


def import_(
    format_: Annotated[str, typer.Argument(metavar="FORMAT", help="teknofest, ct-ich, cpaisd, mbh, ...")],
    source: Annotated[Path, typer.Argument(metavar="SRC", help="Folder of the data set.")],
    store: StoreOption,
    *,
    split: Annotated[bool, typer.Option(help="Give new patients a split (70/10/20), fixed for ever.")] = True,
    limit: Annotated[int | None, typer.Option(help="At most this many new cases.", min=1)] = None,
    seed: Annotated[int, typer.Option(help="Of the split.")] = 0,
) -> None:
    """Bring a public data set, or masks of a usual format, into the store."""
    from cpam_train.importers import ImportOptions, import_cases
    from cpam_train.splits import assign_splits

    with opened(store, create=True) as target:
        with counting(f"importing {format_}") as progress:
            summary = import_cases(format_, source, target, ImportOptions(limit=limit), progress=progress)
        console.print(summary.sentence)
        if split:
            with counting("looking for near-duplicates") as progress:
                report = assign_splits(target, seed=seed, progress=progress)
            counts = ", ".join(f"{name} {number}" for name, number in target.splits().items())
            console.print(f"{len(report.assigned)} patients got a split; patients now: {counts}.")


def augment_sheet(
    store: StoreOption,
    out: Annotated[Path, typer.Option("--out", help="PNG file to write.")],
    *,
    preset: Annotated[str, typer.Option("--preset", help="Whose augmentation to show.")] = "default",
    settings: Annotated[list[str] | None, typer.Option("--set", help="One setting, as a.b=value.")] = None,
    slices: Annotated[int, typer.Option(help="Rows of the sheet.", min=1, max=20)] = 4,
    seed: Annotated[int, typer.Option(help="Another seed shows other draws.")] = 0,
) -> None:
    """Draw what augmentation does to real training slices."""
    from cpam_train.augment_sheet import write_augment_sheet
    from cpam_train.config import build_train_config

    config = build_train_config("segmenter", preset=preset, overrides=settings or ())
    with opened(store) as source:
        written = write_augment_sheet(source, config, out, slices=slices, seed=seed)
    console.print(f"Wrote {written}.")
