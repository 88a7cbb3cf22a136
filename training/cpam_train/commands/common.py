"""Options several commands share, and opening what they name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from napari_cpam_stroke.commands.console import PlainConsole

if TYPE_CHECKING:
    from cpam_train.brats.folder import BratsFolder
    from napari_cpam_stroke.annotations import AnnotationStore
    from napari_cpam_stroke.progress import Progress

console = PlainConsole(highlight=False, soft_wrap=True, markup=False)
errors = PlainConsole(stderr=True, highlight=False, soft_wrap=True, markup=False)
"""Without markup: a folder may be called `[red]`."""

STOPPED = 130
"""Exit code of what Ctrl-C ended, as shells have it: what is chained behind it with && does not begin."""

StoreOption = Annotated[str, typer.Option("--store", help="Annotation store: a folder or a postgresql:// address.")]
KIND_WORDS = "segmenter|classifier|prompted|litemedsam"
Kind = Annotated[str, typer.Argument(metavar=KIND_WORDS, help="What to train.")]
Preset = Annotated[str, typer.Option("--preset", help="Starting point: default, paper or quick.")]
ConfigFile = Annotated[
    Path | None, typer.Option("--config", help="JSON or YAML file with any part of the settings; config.json of a run.")
]
Start = Annotated[
    str | None,
    typer.Option("--from", help="Begin from a model: default, an installed name, a run, a bundle, a safetensors file."),
]
Overrides = Annotated[list[str] | None, typer.Option("--set", help="One setting, as a.b=value; may be repeated.")]


@contextmanager
def opened(address: str, *, create: bool = False) -> Iterator[AnnotationStore]:
    """Open a store and close it again."""
    from napari_cpam_stroke.annotations import AnnotationStore

    with AnnotationStore.open(address, create=create) as store:
        yield store


@contextmanager
def opened_data(address: str) -> Iterator[AnnotationStore | BratsFolder]:
    """Open a store as `opened_to_learn` does, or a folder of prepared BraTS cases where it is one."""
    if is_brats(address):
        from cpam_train.brats.folder import BratsFolder

        yield BratsFolder.open(Path(address), create=False)
        return
    with opened_to_learn(address) as store:
        yield store


@contextmanager
def opened_to_learn(address: str) -> Iterator[AnnotationStore]:
    """Open a store after corrections that wait for a split got theirs."""
    with opened(address) as store:
        place_corrections(store)
        yield store


def place_corrections(store: AnnotationStore) -> None:
    """Give patients read in the room the split they wait for, and tell; nobody else's is touched."""
    from cpam_train.data.readers_cases import nameless, waiting
    from cpam_train.data.split_assignment import assign_splits

    records = store.cases()
    patients = waiting(records)
    if not patients:
        return
    with progress_bar("looking for near-duplicates") as progress:
        report = assign_splits(store, only=patients, progress=progress)
    given = report.assigned
    counts = ", ".join(f"{split} {number}" for split, number in sorted(Counter(given.values()).items()))
    errors.print(f"{len(given)} patients read in the reading room got a split, fixed from now on: {counts}.")
    if alike := {p for pair in report.alike for p in (pair.first_patient, pair.second_patient)} & set(given):
        errors.print(
            f"{len(alike)} of them look like another patient, perhaps the same one, and share that one's split."
        )
    if unknown := nameless(records) & set(given):
        errors.print(
            f"{len(unknown)} of their cases do not say whose they are: these are trained on, but no model is judged on "
            "them."
        )


def is_brats(address: str) -> bool:
    """Whether a place is a folder of prepared BraTS cases."""
    return (Path(address) / "brats.json").is_file()


@contextmanager
def progress_bar(name: str) -> Iterator[Progress]:
    """Show a bar with the time left, or a line now and then where output is no terminal; yields what moves it."""
    if not errors.is_terminal:
        from cpam_train.evaluation.progress import ProgressLines

        yield ProgressLines(name, errors.print)
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=errors, transient=True) as bar:
        job = bar.add_task(name, total=None)
        yield lambda done, total: bar.update(job, completed=done, total=total)
