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

from napari_cpam_stroke.progress import Stage

PIPED_WIDTH = 240
"""Columns where no terminal says how many there are: a path stays on its line."""

OUT = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else PIPED_WIDTH)
ERR = Console(stderr=True, highlight=False, soft_wrap=True)


def print_json(values: Any) -> None:
    """Print values for a program to read; what the output's encoding lacks is written as an escape, not lost."""
    text = json.dumps(values, indent=2, ensure_ascii=False)
    try:
        text.encode(OUT.encoding)
    except UnicodeEncodeError:
        text = json.dumps(values, indent=2)
    OUT.print(text, markup=False)


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
