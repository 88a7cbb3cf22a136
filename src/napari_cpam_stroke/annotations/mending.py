"""One flipped bit in a row is found by trying: the checksum says when it is the right one."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import Any

from napari_cpam_stroke.annotations.checksums import digest_of
from napari_cpam_stroke.annotations.schema import Base

BITS_OF_BYTE, BITS_OF_NUMBER = 8, 63


def mended(kind: type[Base], values: Sequence[Any]) -> tuple[Any, ...] | None:
    """Return the values of a row's columns, its checksum last, as they were before one bit of them was flipped.

    None where no single bit explains the damage: nothing is guessed, for a checksum of 128 bits fits by chance never.
    """
    *covered, checksum = values
    if isinstance(checksum, str):
        right = digest_of(kind, covered)
        if any(near == right for near in _flipped(checksum)):
            return *covered, right
    for place, value in enumerate(covered):
        for near in _flipped(value):
            tried = (*covered[:place], near, *covered[place + 1 :])
            if digest_of(kind, tried) == checksum:
                return *tried, checksum
    return None


def _flipped(value: object) -> Iterator[Any]:
    """Yield a value with each of its bits the other way."""
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (value ^ (1 << bit) for bit in range(BITS_OF_NUMBER))
    elif isinstance(value, float):
        yield from (struct.unpack("<d", each)[0] for each in _flipped_bytes(struct.pack("<d", value)))
    elif isinstance(value, str):
        yield from _flipped_texts(value.encode("utf-8", "surrogateescape"))


def _flipped_texts(content: bytes) -> Iterator[str]:
    for each in _flipped_bytes(content):
        try:
            yield each.decode()
        except UnicodeDecodeError:
            continue


def _flipped_bytes(content: bytes) -> Iterator[bytes]:
    for bit in range(BITS_OF_BYTE * len(content)):
        place = bit // BITS_OF_BYTE
        yield content[:place] + bytes([content[place] ^ (1 << bit % BITS_OF_BYTE)]) + content[place + 1 :]
