"""Commands that fill and look at a store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cpam_train.commands.common import StoreOption, console, errors, opened, progress_bar
from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.files import read_text

if TYPE_CHECKING:
    from cpam_train.importers import ImportSummary


def import_(  # noqa: PLR0913 - one per option
    format_: Annotated[str, typer.Argument(metavar="FORMAT", help="teknofest, ct-ich, cpaisd, mbh, ...")],
    source: Annotated[Path, typer.Argument(metavar="SRC", help="Folder of the data set.")],
    store: StoreOption,
    *,
    split: Annotated[bool, typer.Option(help="Give new patients a split (70/10/20), fixed for ever.")] = True,
    limit: Annotated[int | None, typer.Option(help="At most this many new cases.", min=1)] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", help="One import option, as name=value.")] = None,
    meanings: Annotated[
        list[str] | None,
        typer.Option(
            "--map", help='What a label is: "Segment_1=hemorrhage", "3=ischemia", "Brain=ignore"; may be repeated.'
        ),
    ] = None,
    patients: Annotated[
        Path | None, typer.Option("--patients", help="CSV with columns case,patient: which cases are one patient's.")
    ] = None,
    patient_pattern: Annotated[
        str | None, typer.Option("--patient-pattern", help="Its one group is the patient in a name: '(pat\\d+)_.*'.")
    ] = None,
    masks: Annotated[Path | None, typer.Option("--masks", help="ct-ich: folder of masks of its own.")] = None,
    window: Annotated[
        str | None,
        typer.Option("--window", help="Of 8-bit pictures: centre/width in HU, as 40/80."),
    ] = None,
    root: Annotated[
        Path | None, typer.Option("--root", help="monai, csv: folder from which the paths of the list count.")
    ] = None,
    images: Annotated[Path | None, typer.Option("--images", help="coco: folder of the images.")] = None,
    again: Annotated[
        bool,
        typer.Option("--again", help="Replace what an earlier import read, where nobody touched it."),
    ] = False,
    left_out: Annotated[
        Path | None,
        typer.Option("--left-out", help="CSV to write: every skipped or kept case and why."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the split.", min=0)] = 0,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read everything and tell, but write nothing into the store.")
    ] = False,
) -> None:
    """Bring a public data set, or masks of a usual format, into the store; BraTS into a folder of its own."""
    from tempfile import TemporaryDirectory

    from cpam_train.commands.importing import BRATS, import_into
    from cpam_train.importers import import_options
    from cpam_train.importers.left_out_table import write_left_out
    from cpam_train.importers.options import window_of
    from cpam_train.importers.record import NoneImportedError

    if again and dry_run:
        raise InputError("--again cannot be tried: what it replaces lies in the store", remedy="leave out --dry-run")
    options = import_options(
        settings or (),
        limit=limit,
        meanings=meanings,
        patients=patients,
        patient_pattern=patient_pattern,
        masks=masks,
        grey_window=None if window is None else window_of(window),
        root=root,
        images=images,
    )
    with progress_bar(f"importing {format_}") as progress, TemporaryDirectory() as aside:
        target = Path(aside) / "store" if dry_run else store
        try:
            summary = import_into(format_, source, target, options, again=again, progress=progress)
        except NoneImportedError as nothing:
            if left_out is not None:
                write_left_out(left_out, nothing.skipped)
            raise
    if left_out is not None:
        write_left_out(left_out, summary.skipped, summary.kept)
    _tell(summary)
    if dry_run:
        console.print("Nothing was written.")
    elif split and format_ != BRATS:
        _assign(store, seed)
    if summary.skipped:
        raise typer.Exit(1)


def _tell(summary: ImportSummary) -> None:
    """Print what an import did: results to standard output, what should be looked at to standard error."""
    console.print(summary.sentence)
    if summary.order:
        console.print(f"{summary.order}.", soft_wrap=True)
    for warning in summary.warnings:
        console.print(warning, style="red", markup=False, soft_wrap=True)
    for doubt in summary.patient_doubts:
        errors.print(doubt, style="yellow", markup=False, soft_wrap=True)
    for complaint in summary.complaints:
        errors.print(complaint, markup=False)


def _assign(store: str, seed: int, test: Path | None = None) -> None:
    """Give patients without a split one, and tell; `test` names the test patients instead of a draw."""
    from cpam_train.data.split_assignment import WITHOUT_TEST, assign_splits, hold_out
    from napari_cpam_stroke.annotations.splits import DEFAULT_FRACTIONS

    with opened(store) as target, progress_bar("looking for near-duplicates") as progress:
        if test is not None:
            hold_out(target, _listed(test))
        fractions = DEFAULT_FRACTIONS if test is None else WITHOUT_TEST
        report = assign_splits(target, fractions=fractions, seed=seed, progress=progress)
        counts = ", ".join(f"{name} {number}" for name, number in target.splits().items())
    console.print(f"{len(report.assigned)} patients got a split; patients now: {counts}.")


def _listed(path: Path) -> list[str]:
    """Return the patients of a list, one a line."""
    try:
        lines = read_text(path, encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The list of test patients {path} cannot be read", got=str(error)) from error
    return [line.strip() for line in lines if line.strip()]


def check(
    store: StoreOption,
    *,
    assign: Annotated[bool, typer.Option("--assign", help="First give patients without a split one.")] = False,
    seed: Annotated[int, typer.Option(help="Of that split.", min=0)] = 0,
    test: Annotated[
        Path | None, typer.Option("--test", help="With --assign: the test patients, one a line; no other becomes one.")
    ] = None,
    compare: Annotated[bool, typer.Option(help="Look for one patient under two names (slow).")] = True,
) -> None:
    """Look for damage, patients in two splits and near-duplicates; exit 1 where something stands in the way."""
    from rich.table import Table

    from cpam_train.data.store_check import check_store

    if test is not None and not assign:
        raise InputError("A list of test patients is for an assignment", remedy="add --assign")
    if assign:
        _assign(store, seed, test)
    with opened(store) as source, progress_bar("comparing slices") as progress:
        report = check_store(source, compare=compare, progress=progress)
    table = Table("source", "split", "patients", "cases", "slices", "labelled", "outlined")
    for cell in report.counts:
        numbers = (" / ".join(f"{n} {v}" for n, v in values.items()) for values in (cell.labelled, cell.outlined))
        table.add_row(cell.source, cell.split, str(cell.patients), str(cell.cases), str(cell.slices), *numbers)
    console.print(table)
    for problem in report.problems:
        console.print(problem, style="red", markup=False, soft_wrap=True)
    for remark in report.remarks:
        console.print(remark, style="yellow", markup=False, soft_wrap=True)
    if not report.sound:
        raise typer.Exit(1)
    console.print("Sound: nothing stands in the way of an honest figure.")


def augment_sheet(
    store: StoreOption,
    out: Annotated[Path, typer.Option("--out", help="PNG file to write.")],
    *,
    preset: Annotated[str, typer.Option("--preset", help="Whose augmentation to show.")] = "default",
    settings: Annotated[list[str] | None, typer.Option("--set", help="One setting, as a.b=value.")] = None,
    slices: Annotated[int, typer.Option(help="Rows of the sheet.", min=1, max=20)] = 4,
    seed: Annotated[int, typer.Option(help="Another seed shows other draws.", min=0)] = 0,
) -> None:
    """Draw what augmentation does to real training slices."""
    from cpam_train.fitting.augment_sheet import write_augment_sheet
    from cpam_train.presets import build_train_config

    config = build_train_config("segmenter", preset=preset, overrides=settings or ())
    with opened(store) as source:
        written = write_augment_sheet(source, config, out, slices=slices, seed=seed)
    console.print(f"Wrote {written}.")
