"""One slice to bytes and back, with nothing but zlib.

CT: the difference to the left neighbour, folded to small non-negative numbers (zigzag), low and high bytes apart,
then zlib with run lengths: 3.4 times smaller than int16 at 3 ms per 512 x 512 slice. An empty slice takes no bytes.
"""

from __future__ import annotations

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

LEVEL, MEMORY = 1, 9
"""zlib effort: higher levels take five times as long for 1 % less."""

RAW_WINDOW = -15
"""Raw deflate with the largest window; integrity is the job of the blob's sha256."""

ROWS = struct.Struct("<II")
"""First and one past the last row that is not all zero; only those are kept."""

DTYPES: tuple[np.dtype[np.generic], ...] = (np.dtype("uint8"), np.dtype("<i2"))
"""Pixel types a blob may hold; the position in this tuple is the code written into the blob."""


def encode_frame(frame: NDArray[np.generic]) -> bytes:
    """Compress one uint8 or int16 slice (Y, X); all zero gives no bytes."""
    rows = np.flatnonzero(frame.any(axis=1))
    if not rows.size:
        return b""
    first, last = int(rows[0]), int(rows[-1]) + 1
    used = frame[first:last]
    plain = used if used.dtype == np.uint8 else _small_first(used)
    squeeze = zlib.compressobj(LEVEL, zlib.DEFLATED, RAW_WINDOW, MEMORY, zlib.Z_RLE)
    return ROWS.pack(first, last) + squeeze.compress(np.ascontiguousarray(plain).data) + squeeze.flush()


def decode_frame(data: bytes, dtype: np.dtype[np.generic], shape: tuple[int, int]) -> NDArray[np.generic]:
    """Return the slice (Y, X) that `encode_frame` was given.

    Parameters
    ----------
    data
        What `encode_frame` returned.
    dtype, shape
        Type and (Y, X) of that slice.

    Raises
    ------
    ValueError
        If the bytes are not a slice of that type and shape.
    """
    frame = np.zeros(shape, dtype)
    if not data:
        return frame
    if len(data) < ROWS.size:
        raise ValueError("a slice is cut short")
    first, last = ROWS.unpack_from(data)
    size = max(last - first, 0) * shape[1] * dtype.itemsize
    try:
        plain = zlib.decompressobj(RAW_WINDOW).decompress(data[ROWS.size :], size)
    except zlib.error as error:
        raise ValueError(str(error)) from error
    if len(plain) != size or not 0 < size <= frame.nbytes or last > shape[0]:
        raise ValueError(f"rows {first} to {last} with {len(plain)} bytes do not fit a slice of {shape}")
    values = np.frombuffer(plain, np.uint8)
    rows = (last - first, shape[1])
    frame[first:last] = values.reshape(rows) if dtype == np.uint8 else _undo_small_first(values, rows)
    return frame


def _small_first(frame: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Return bytes in which a CT slice is mostly small numbers and zeros."""
    values = np.ascontiguousarray(frame, dtype="<i2").view(np.uint16)
    step = values.copy()
    step[:, 1:] -= values[:, :-1]
    signed = step.view(np.int16)
    folded = ((signed << 1) ^ (signed >> 15)).view(np.uint16)
    return folded.view(np.uint8).reshape(-1, 2).T


def _undo_small_first(values: NDArray[np.uint8], shape: tuple[int, int]) -> NDArray[np.int16]:
    half = values.size // 2
    folded = values[:half] | (values[half:].astype(np.uint16) << 8)
    step = ((folded >> 1) ^ (np.uint16(0) - (folded & np.uint16(1)))).reshape(shape)
    return np.cumsum(step, axis=1, dtype=np.uint16).view(np.int16)
