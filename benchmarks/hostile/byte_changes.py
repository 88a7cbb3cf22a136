"""Changes to bytes that know nothing of what these mean."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

Change = Callable[[bytes, Random], bytes]
"""Content of a file and a source of chance to another content."""

RUN_BYTES = (1, 2, 4, 8, 16, 64, 400)
HUGE = (2**15 - 1, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**32 - 2, 2**63 - 1)
NUMBERS = (1, 1, 1, 2, 4)
"""How many places of a file are changed."""


def change_bytes(data: bytes, random: Random) -> bytes:
    """Change a few places of the content."""
    return change_within(data, random, 0, len(data))


def change_header(length: int) -> Change:
    """Return a change of only the first bytes."""
    return lambda data, random: change_within(data, random, 0, length)


def change_within(data: bytes, random: Random, low: int, high: int) -> bytes:
    """Change a few places between two offsets."""
    changed = bytearray(data)
    for _ in range(random.choice(NUMBERS)):
        high = min(high, len(changed))
        if high <= low:
            break
        random.choice(CHANGES)(changed, random, random.randrange(low, high))
    return bytes(changed)


def _flip(data: bytearray, random: Random, at: int) -> None:
    data[at] ^= 1 << random.randrange(8)


def _noise(data: bytearray, random: Random, at: int) -> None:
    length = min(random.choice(RUN_BYTES), len(data) - at)
    data[at : at + length] = random.randbytes(length)


def _constant(data: bytearray, random: Random, at: int) -> None:
    length = min(random.choice(RUN_BYTES), len(data) - at)
    data[at : at + length] = random.choice((b"\0", b"\xff", b"\x7f", b"\x80")) * length


def _number(data: bytearray, random: Random, at: int) -> None:
    """Write a huge or odd number, as a length field may hold it."""
    size, order = random.choice((2, 4, 8)), random.choice(("little", "big"))
    value = random.choice((*HUGE, 0, 1, 3, random.randrange(2**16)))
    data[at : at + size] = (value % 2 ** (8 * size)).to_bytes(size, order)


def _remove(data: bytearray, random: Random, at: int) -> None:
    del data[at : at + random.choice(RUN_BYTES)]


def _repeat(data: bytearray, random: Random, at: int) -> None:
    data[at:at] = data[at : at + random.choice(RUN_BYTES)] * random.choice((1, 1, 2, 50))


def _move(data: bytearray, random: Random, at: int) -> None:
    length = random.choice(RUN_BYTES)
    block = data[at : at + length]
    del data[at : at + length]
    to = random.randrange(len(data) + 1)
    data[to:to] = block


def _cut(data: bytearray, random: Random, at: int) -> None:
    if random.random() < 0.3:
        del data[at:]


CHANGES: Sequence[Callable[[bytearray, Random, int], None]] = (
    _flip, _flip, _noise, _constant, _number, _number, _remove, _repeat, _move, _cut
)  # fmt: skip
