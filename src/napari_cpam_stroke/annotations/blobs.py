"""Stacks of slices in files that are named by what is in them and never change.

A file is a header and the compressed slices. The header lists offset, length and sha256 of every slice; the file's
name is the sha256 of the header. So one slice is read, and proved to be the right one, without the rest of its volume.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import local
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from napari_cpam_stroke.annotations.codec import DTYPES, decode_frame, encode_frame
from napari_cpam_stroke.annotations.durable import (
    TEMPORARY,
    sync_file,
    sync_folder,
    write_beside,
    write_durably,
)
from napari_cpam_stroke.errors import StoreError

MAGIC = b"CPSTACK1"
SHAPE = struct.Struct("<IIII")
"""Type code, then number of slices, rows, columns."""
ENTRY = struct.Struct("<QI32s")
"""Per slice: offset after the header, length, sha256."""

MAX_SLICES = 1_000_000
"""A header that claims more is damaged."""

THREADS = 4
"""Compression and disk syncs release the interpreter, so a few threads help."""


@dataclass(frozen=True)
class Stack:
    """An encoded stack: the header and its slices."""

    header: bytes
    frames: tuple[bytes, ...]

    @property
    def name(self) -> str:
        """The sha256 that names the file."""
        return hashlib.sha256(self.header).hexdigest()


def encode_stack(array: NDArray[np.generic]) -> Stack:
    """Compress a (Z, Y, X) uint8 or int16 stack slice by slice."""
    if len(array) > THREADS:
        with ThreadPoolExecutor(THREADS) as pool:
            frames = tuple(pool.map(encode_frame, array))
    else:
        frames = tuple(encode_frame(frame) for frame in array)
    entries, offset = [], 0
    for frame in frames:
        entries.append(ENTRY.pack(offset, len(frame), hashlib.sha256(frame).digest()))
        offset += len(frame)
    return Stack(MAGIC + SHAPE.pack(DTYPES.index(array.dtype), *array.shape) + b"".join(entries), frames)


def read_stack(file: BinaryIO, name: str, indices: Sequence[int] | None = None) -> NDArray[np.generic]:
    """Return slices of the stack that begins where `file` stands.

    Raises
    ------
    ValueError
        If a byte of what was asked for has changed, or there is no such slice.
    """
    index = _read_index(file, name)
    wanted = range(index.shape[0]) if indices is None else indices
    stack = np.zeros((len(wanted), *index.shape[1:]), index.dtype)
    for position, z in enumerate(wanted):
        stack[position] = _read_frame(file, index, z)
    return stack


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
        name, chunks, waiting = stack.name, (stack.header, *stack.frames), self._waiting()
        if (waiting is not None and name in waiting) or self.intact(name):
            return name
        if waiting is None:
            write_durably(self.path(name), chunks)
        else:
            waiting[name] = write_beside(self.path(name), chunks)
        return name

    def read(self, name: str, indices: Sequence[int] | None = None) -> NDArray[np.generic]:
        """Return slices (n, Y, X), all of them without `indices`.

        Raises
        ------
        StoreError
            If the file is missing or a byte of what was asked for has changed.
        """
        try:
            with self._place(name).open("rb") as file:
                return read_stack(file, name, indices)
        except (OSError, ValueError) as error:
            raise StoreError(
                "The store's pixel file is missing or damaged",
                got=f"{self.path(name)} ({error})",
                remedy="bring that file back from a backup",
            ) from error

    def intact(self, name: str) -> bool:
        """Whether the whole stack is there and nothing in it has changed."""
        if not self.path(name).is_file():
            return False
        try:
            self.read(name)
        except StoreError:
            return False
        return True

    def names(self) -> Iterator[str]:
        """Names of all stacks in the folder."""
        return (path.name for path in self.root.glob("??/*") if not path.name.startswith(TEMPORARY))

    def leftovers(self) -> list[Path]:
        """Unfinished files that a crash left behind."""
        return list(self.root.glob(f"??/{TEMPORARY}*"))

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Let what this thread writes inside wait for the disk once, at the end; after a failure throw it away."""
        waiting: dict[str, Path] = {}
        self._thread.waiting = waiting
        try:
            yield
            self._settle(waiting)
        finally:
            self._thread.waiting = None
            for temporary in waiting.values():
                temporary.unlink(missing_ok=True)

    def copy_from(self, other: BlobFolder, name: str) -> None:
        """Take over one stack of another folder, verified on the way."""
        if not self.intact(name):
            other.read(name)
            write_durably(self.path(name), [other.path(name).read_bytes()])

    def _settle(self, waiting: dict[str, Path]) -> None:
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(sync_file, waiting.values()))
            for name, temporary in waiting.items():
                temporary.replace(self.path(name))
            list(pool.map(sync_folder, {temporary.parent for temporary in waiting.values()}))

    def _waiting(self) -> dict[str, Path] | None:
        waiting: dict[str, Path] | None = getattr(self._thread, "waiting", None)
        return waiting

    def _place(self, name: str) -> Path:
        return (self._waiting() or {}).get(name, self.path(name))


@dataclass(frozen=True)
class _Index:
    dtype: np.dtype[np.generic]
    shape: tuple[int, int, int]
    start: int
    entries: list[tuple[int, int, bytes]]


def _read_index(file: BinaryIO, name: str) -> _Index:
    fixed = file.read(len(MAGIC) + SHAPE.size)
    if len(fixed) < len(MAGIC) + SHAPE.size or not fixed.startswith(MAGIC):
        raise ValueError("not a pixel file")
    code, z, y, x = SHAPE.unpack(fixed[len(MAGIC) :])
    if code >= len(DTYPES) or z > MAX_SLICES:
        raise ValueError("its header is damaged")
    table = file.read(z * ENTRY.size)
    if hashlib.sha256(fixed + table).hexdigest() != name:
        raise ValueError("its header is damaged")
    return _Index(DTYPES[code], (z, y, x), file.tell(), list(ENTRY.iter_unpack(table)))


def _read_frame(file: BinaryIO, index: _Index, z: int) -> NDArray[np.generic]:
    if not -index.shape[0] <= z < index.shape[0]:
        raise ValueError(f"there is no slice {z}")
    offset, length, digest = index.entries[z]
    data = b""
    if length:
        file.seek(index.start + offset)
        data = file.read(length)
    if hashlib.sha256(data).digest() != digest:
        raise ValueError(f"slice {z} is not what was written")
    return decode_frame(data, index.dtype, index.shape[1:])
