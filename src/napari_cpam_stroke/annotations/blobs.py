"""A folder of stacks that never change, each file named by the sha256 of what is in it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from threading import local
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from napari_cpam_stroke.annotations.stacks import Stack, checked_bytes, read_index, read_stack
from napari_cpam_stroke.annotations.store_errors import plain_file_errors
from napari_cpam_stroke.errors import StoreError
from napari_cpam_stroke.files import (
    Content,
    is_unfinished,
    make_sure,
    open_regular,
    settle,
    write_beside,
    write_whole,
)


class BlobFolder:
    """Stacks below one folder, in 256 sub-folders; safe to share between threads."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._thread = local()

    def path(self, name: str) -> Path:
        """Return where a stack lies, or will lie."""
        return self.root / name[:2] / name

    def put(self, stack: Stack) -> str:
        """Keep a stack and return its name; on the disk when this returns, unless this thread is inside `deferred`."""
        name = stack.name
        if self.intact(name):
            self._reuse(name)
        else:
            self._write(name, stack.write_to)
        return name

    def read(self, name: str, indices: Sequence[int] | None = None) -> NDArray[np.generic]:
        """Return slices (n, Y, X), all of them without `indices`.

        Raises
        ------
        StoreError
            If the file is missing or a byte of what was asked for has changed.
        """
        with self._open(name) as file:
            return read_stack(file, name, indices)

    def digests(self, name: str) -> tuple[bytes, ...]:
        """Return the sha256 of each encoded slice, without reading the slices."""
        with self._open(name) as file:
            return tuple(digest for _, _, digest in read_index(file, name).entries)

    def intact(self, name: str) -> bool:
        """Whether the whole stack is there and nothing in it has changed."""
        if not self._place(name).is_file():
            return False
        try:
            with os.fdopen(open_regular(self._place(name), follow=True), "rb") as file:
                index = read_index(file, name)
                for z in range(index.shape[0]):
                    checked_bytes(file, index, z)
        except (OSError, ValueError):
            return False
        return True

    def names(self) -> Iterator[str]:
        """Names of all stacks in the folder."""
        return (path.name for path in self.root.glob("??/*") if not is_unfinished(path))

    def leftovers(self) -> list[Path]:
        """Unfinished files that a crash left behind."""
        return [path for path in self.root.glob("??/*") if is_unfinished(path)]

    @contextmanager
    def deferred(self) -> Iterator[Callable[[], None]]:
        """Let what this thread writes inside wait for the disk once, at the end; after a failure throw it away.

        Yields
        ------
        What is called to wait for the disk now. Inside another block it does nothing: all waits for the end of that.
        """
        if self._waiting() is not None:
            yield lambda: None
            return
        waiting: dict[str, Path] = {}
        self._thread.waiting, self._thread.reused = waiting, set()

        def settle_now() -> None:
            with self._written():
                settle({self.path(name): temporary for name, temporary in waiting.items()}, durable=True)
                make_sure(self._thread.reused)
            waiting.clear()
            self._thread.reused.clear()

        try:
            yield settle_now
            settle_now()
        finally:
            self._thread.waiting = None
            for temporary in waiting.values():
                temporary.unlink(missing_ok=True)

    def copy_from(self, other: BlobFolder, name: str) -> None:
        """Take over one stack of another folder, verified on the way."""
        if self.intact(name):
            self._reuse(name)
            return
        other.read(name, [])
        if not other.intact(name):
            raise _damaged(other.path(name), "a slice is not what was written")
        self._write(name, other.path(name).read_bytes())

    def _write(self, name: str, content: Content) -> None:
        waiting = self._waiting()
        with self._written():
            if waiting is None:
                write_whole(self.path(name), content, durable=True)
            else:
                waiting[name] = write_beside(self.path(name), content, durable=True)

    def _reuse(self, name: str) -> None:
        """Make a file as sure as one that is written now, and as young: it is no leftover before its row is there."""
        waiting, path = self._waiting(), self.path(name)
        if waiting is None:
            with self._written():
                make_sure([path])
        elif name not in waiting:
            self._thread.reused.add(path)
        with suppress(OSError):
            os.utime(self._place(name))

    @contextmanager
    def _open(self, name: str) -> Iterator[BinaryIO]:
        try:
            with os.fdopen(open_regular(self._place(name), follow=True), "rb") as file:
                yield file
        except (OSError, ValueError) as error:
            raise _damaged(self.path(name), str(error)) from error

    def _written(self) -> AbstractContextManager[None]:
        return plain_file_errors(f"Pixels cannot be written below {self.root}")

    def _waiting(self) -> dict[str, Path] | None:
        waiting: dict[str, Path] | None = getattr(self._thread, "waiting", None)
        return waiting

    def _place(self, name: str) -> Path:
        return (self._waiting() or {}).get(name, self.path(name))


def _damaged(path: Path, reason: str) -> StoreError:
    return StoreError(
        "A pixel file of the store is missing or damaged",
        got=f"{path} ({reason})",
        remedy="run `cpam-stroke store repair` with a backup",
    )
