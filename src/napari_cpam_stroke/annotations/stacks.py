"""The file format of a stack of slices, named by what is in it.

A header, then the compressed slices. The header lists offset, length and sha256 of every slice; the stack's name is
the sha256 of the header. So one slice is read, and proved to be the right one, without the rest of its volume.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from napari_cpam_stroke.annotations.codec import DTYPES, decode_frame, encode_frame

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
    """An encoded stack: the header, its slices and the sha256 of each; equal slices have equal ones."""

    header: bytes
    frames: tuple[bytes, ...]
    digests: tuple[bytes, ...]

    @property
    def name(self) -> str:
        """The sha256 that names the file."""
        return hashlib.sha256(self.header).hexdigest()

    def write_to(self, file: BinaryIO) -> None:
        """Write header and slices where `file` stands."""
        file.writelines((self.header, *self.frames))


def encode_stack(array: NDArray[np.generic]) -> Stack:
    """Compress a (Z, Y, X) uint8 or int16 stack slice by slice."""
    if len(array) > THREADS and array.dtype != np.uint8:
        with ThreadPoolExecutor(THREADS) as pool:
            frames = tuple(pool.map(encode_frame, array))
    else:
        frames = tuple(encode_frame(frame) for frame in array)
    digests = tuple(hashlib.sha256(frame).digest() for frame in frames)
    entries, offset = [], 0
    for frame, digest in zip(frames, digests, strict=True):
        entries.append(ENTRY.pack(offset, len(frame), digest))
        offset += len(frame)
    header = MAGIC + SHAPE.pack(DTYPES.index(array.dtype), *array.shape) + b"".join(entries)
    return Stack(header, frames, digests)


def read_stack(file: BinaryIO, name: str, indices: Sequence[int] | None = None) -> NDArray[np.generic]:
    """Return slices (n, Y, X) of the stack that begins where `file` stands; all of them without `indices`.

    Raises
    ------
    ValueError
        If a byte of what was asked for has changed, or there is no such slice.
    """
    index = read_index(file, name)
    encoded = [checked_bytes(file, index, z) for z in (range(index.shape[0]) if indices is None else indices)]
    stack = np.zeros((len(encoded), *index.shape[1:]), index.dtype)

    def fill(position: int) -> None:
        stack[position] = decode_frame(encoded[position], index.dtype, index.shape[1:])

    used = [position for position, data in enumerate(encoded) if data]
    if len(used) > THREADS:
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(fill, used))
    else:
        for position in used:
            fill(position)
    return stack


@dataclass(frozen=True)
class StackIndex:
    """Where the slices of a stack lie in its file: (offset after `start`, length, sha256) each."""

    dtype: np.dtype[np.generic]
    shape: tuple[int, int, int]
    start: int
    entries: list[tuple[int, int, bytes]]


def read_index(file: BinaryIO, name: str) -> StackIndex:
    """Read and prove the header that begins where `file` stands; raises `ValueError` if it is not the named one."""
    fixed = file.read(len(MAGIC) + SHAPE.size)
    if len(fixed) < len(MAGIC) + SHAPE.size or not fixed.startswith(MAGIC):
        raise ValueError("not a pixel file")
    code, z, y, x = SHAPE.unpack(fixed[len(MAGIC) :])
    if code >= len(DTYPES) or z > MAX_SLICES:
        raise ValueError("its header is damaged")
    table = file.read(z * ENTRY.size)
    if hashlib.sha256(fixed + table).hexdigest() != name:
        raise ValueError("its header is damaged")
    return StackIndex(DTYPES[code], (z, y, x), file.tell(), list(ENTRY.iter_unpack(table)))


def checked_bytes(file: BinaryIO, index: StackIndex, z: int) -> bytes:
    """Read and prove one encoded slice; raises `ValueError` if it is not what was written."""
    if not -index.shape[0] <= z < index.shape[0]:
        raise ValueError(f"there is no slice {z}")
    offset, length, digest = index.entries[z]
    data = b""
    if length:
        file.seek(index.start + offset)
        data = file.read(length)
    if hashlib.sha256(data).digest() != digest:
        raise ValueError(f"slice {z} is not what was written")
    return data
