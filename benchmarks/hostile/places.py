"""Files that are no files with content: what lies where a file was expected."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

SPARSE_BYTES = 2**40
"""Of a file that holds nothing: a terabyte."""

PIPES = hasattr(os, "mkfifo")


def put_odd_place(path: Path, random: Random) -> None:
    """Put something else where a file was."""
    path.unlink(missing_ok=True)
    random.choice(KINDS)(path)


def an_empty_file(path: Path) -> None:
    path.touch()


def a_sparse_file(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(SPARSE_BYTES)


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def a_link_to_nothing(path: Path) -> None:
    path.symlink_to(path.parent / "nowhere")


def a_link_to_itself(path: Path) -> None:
    path.symlink_to(path)


def a_link_to_a_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def a_folder(path: Path) -> None:
    path.mkdir()


def nothing(_path: Path) -> None:
    """Leave the place empty."""


KINDS: Sequence[Callable[[Path], None]] = (
    an_empty_file, a_sparse_file, a_link_to_nothing, a_link_to_itself, a_folder, nothing,
    *((a_pipe, a_link_to_a_device) if PIPES else ()),
)  # fmt: skip
