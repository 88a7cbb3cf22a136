"""Where commands write: results to standard output, progress and complaints to standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from napari_cpam_stroke.plain_line import without_controls
from napari_cpam_stroke.progress import Stage

PIPED_WIDTH = 240
"""Columns where no terminal says how many there are: a path stays on its line."""


class PlainConsole(Console):
    """A console whose texts cannot steer the terminal: names of files and members of archives are others' words."""

    def print(self, *objects: Any, **options: Any) -> None:
        """Print texts without control characters; all else as rich does."""
        super().print(*(without_controls(each) if isinstance(each, str) else each for each in objects), **options)


OUT = PlainConsole(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else PIPED_WIDTH)
ERR = PlainConsole(stderr=True, highlight=False, soft_wrap=True)


def print_json(values: Any) -> None:
    """Print values for a program to read; what cannot be shown as it is, is written as an escape, not lost."""
    text = json.dumps(values, indent=2, ensure_ascii=False)
    OUT.print(text if _can_be_shown(text) else json.dumps(values, indent=2), markup=False)


def _can_be_shown(text: str) -> bool:
    """Return whether the output's encoding has all of it, and nothing of it steers a terminal."""
    try:
        text.encode(OUT.encoding)
    except UnicodeEncodeError:
        return False
    return text == without_controls(text)


def plain_table(*heads: str) -> Table:
    """Return a table without frames, columns as wide as their words."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for head in heads:
        table.add_column(head, overflow="fold")
    return table


def say(text: str) -> None:
    """Print a sentence."""
    OUT.print(text, markup=False)


def complain(text: str) -> None:
    """Print a sentence to standard error."""
    ERR.print(text, markup=False)


@contextmanager
def progress_of(title: str) -> Iterator[Stage]:
    """Show how far a long job is, with the time left; yields what the job calls with a step's name, done and total."""
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        console=ERR, transient=True,
    )  # fmt: skip
    with bar:
        task = bar.add_task(title, total=None)

        def step(name: str, done: int, total: int) -> None:
            bar.update(task, description=f"{title}: {name}", completed=done, total=total)

        yield step
