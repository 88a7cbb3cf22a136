"""Files that survive a power cut: written beside, synced, swapped in, and the folder synced too."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from uuid import uuid4

TEMPORARY = ".tmp-"
"""Start of the name of a file that is not finished; left behind only by a crash."""


def write_durably(path: Path, chunks: Iterable[bytes]) -> None:
    """Write a new file, or replace an old one, so that either the old or the whole new content is ever seen."""
    temporary = write_beside(path, chunks)
    sync_file(temporary)
    temporary.replace(path)
    sync_folder(path.parent)


def write_beside(path: Path, chunks: Iterable[bytes]) -> Path:
    """Write a temporary file in the folder of `path`, not synced yet, and return it."""
    make_folder(path.parent)
    temporary = path.with_name(f"{TEMPORARY}{uuid4().hex}")
    try:
        with temporary.open("wb") as file:
            file.writelines(chunks)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def make_folder(folder: Path) -> None:
    """Create a folder; a new one is synced into its parent."""
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        sync_folder(folder.parent)


def sync_file(path: Path) -> None:
    """Wait until the file's content is on the disk."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Wait until the folder's entries are on the disk; Windows does so by itself and cannot be asked."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
