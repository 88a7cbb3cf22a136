"""Files that are no files with content: what lies where a file was expected."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

SPARSE_BYTES = 2**40
"""Of a file that holds nothing: a terabyte."""

PIPES = hasattr(os, "mkfifo")


def put_odd_place(path: Path, random: Random) -> str:
    """Put something else where a file was; return what it is."""
    path.unlink(missing_ok=True)
    kind = random.choice(KINDS)
    kind(path)
    return kind.__name__.strip("_").replace("_", " ")


def _an_empty_file(path: Path) -> None:
    path.touch()


def _a_sparse_file(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(SPARSE_BYTES)


def _a_pipe(path: Path) -> None:
    os.mkfifo(path)


def _a_link_to_nothing(path: Path) -> None:
    path.symlink_to(path.parent / "nowhere")


def _a_link_to_itself(path: Path) -> None:
    path.symlink_to(path)


def _a_link_to_a_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _a_folder(path: Path) -> None:
    path.mkdir()


def _nothing(_path: Path) -> None:
    """Leave the place empty."""


KINDS: Sequence[Callable[[Path], None]] = (
    _an_empty_file, _a_sparse_file, _a_link_to_nothing, _a_link_to_itself, _a_folder, _nothing,
    *((_a_pipe, _a_link_to_a_device) if PIPES else ()),
)  # fmt: skip
