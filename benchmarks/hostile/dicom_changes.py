"""Changes to the elements of a DICOM file in explicit VR little endian, at any depth."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

from hostile.byte_changes import HUGE, change_bytes, change_within

PREAMBLE = 132
LONG_VRS = frozenset({b"OB", b"OW", b"OF", b"OD", b"OL", b"OV", b"SQ", b"UN", b"UT", b"UC", b"UR", b"SV", b"UV"})
VRS = (b"CS", b"DS", b"IS", b"US", b"SS", b"UL", b"FD", b"LO", b"PN", b"UI", b"SQ", b"OW", b"OB", b"UN", b"XX", b"\0\0")
UNDEFINED = 0xFFFFFFFF
ITEM_GROUP = b"\xfe\xff"
PATIENT_GROUP = b"\x10\x00"
PIXEL_DATA = b"\xe0\x7f\x10\x00"

VALUES = (
    b"", b" ", b"\0\0", b"-1", b"0 ", b"1 ", b"1e999 ", b"-1e308 ", b"nan ", b"inf ", b"-inf", b"x ",
    b"1\\2\\3\\4 ", b"\\\\\\ ", b"9" * 16, b"9" * 400, b"A" * 70000, b"1\0", b"\xed\xb3\xbf\xff", b"\x1b[31mred ",
    b"\n\r\t ", b"\xff" * 8, b"\x00\x00\xc0\x7f", b"\xff\xff", b"\x01\x00", b"\x00\x80", b"1.2.3 ", b"..",
    b"../../x ", b"ISO 2022 IR 87", b"65536 ", b"1_0 ", b"\xd9\xa3 ", b"0x10", b"+1", b"1,5 ", b"5e-324",
)  # fmt: skip
"""Odd values of an element: no number, no text, or too much of either."""


@dataclass(frozen=True)
class Element:
    """Where one element stands; offsets count from the start of the file."""

    start: int
    length_at: int
    length_size: int
    value: int
    end: int
    around: tuple[tuple[int, int], ...]
    """Length fields (offset, value) of the sequences and items that it lies in, where these have a length."""


def change_elements(data: bytes, random: Random) -> bytes:
    """Change a few elements, or now and then any bytes."""
    if random.random() < 0.35:
        return change_header_or_rest(data, random)
    changed = data
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        found = list(elements(changed))
        if not found:
            break
        changed = random.choice(CHANGES)(changed, random.choice(found), random, found)
    return changed


def change_header_or_rest(data: bytes, random: Random) -> bytes:
    """Change bytes of the header mostly: the pixels are the larger part of a file."""
    end = data.rfind(PIXEL_DATA)
    return change_within(data, random, 0, end + 12) if end > 0 and random.random() < 0.6 else change_bytes(data, random)


def change_codestream(data: bytes, random: Random) -> bytes:
    """Change compressed pixels mostly, and their length now and then, so that decoders get to see much of it."""
    if random.random() < 0.3:
        return change_elements(data, random)
    begin = data.rfind(PIXEL_DATA) + 12
    if random.random() < 0.4:
        return change_within(data, random, begin, len(data))
    changed = bytearray(data)
    for _ in range(random.randint(1, 8)):
        at = random.randrange(min(begin + 24, len(data) - 1), len(data))
        changed[at] = random.choice((random.randrange(256), changed[at] ^ 1 << random.randrange(8), 0, 255))
    return bytes(changed)


def change_deflated(data: bytes, random: Random) -> bytes:
    """Change the elements inside a deflated data set, or the packed bytes."""
    at = _after_meta(data)
    if random.random() < 0.3:
        return change_bytes(data, random)
    plain = bytes(PREAMBLE) + zlib.decompress(data[at:], -zlib.MAX_WBITS)
    engine = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    packed = engine.compress(change_elements(plain, random)[PREAMBLE:]) + engine.flush()
    return data[:at] + packed


MEANINGFUL = frozenset(
    {
        0x00080005,
        0x00080008,
        0x00080016,
        0x00080018,
        0x00080060,
        0x0020000D,
        0x0020000E,
        0x00185100,
        0x00180050,
        0x00181120,
    }
)
"""Elements outside geometry and pixels that say what kind of image it is, which one, and of which series."""


def change_words(data: bytes, random: Random) -> bytes:
    """Give odd values to elements that say nothing about pixels, place or kind: names, dates, machines."""
    changed = data
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        found = [element for element in elements(changed) if not element.around and _is_word(changed, element.start)]
        changed = _other_value(changed, random.choice(found), random, found)
    return changed


def _is_word(data: bytes, at: int) -> bool:
    group, number = (int.from_bytes(data[at + i : at + i + 2], "little") for i in (0, 2))
    return group in {0x0008, 0x0010, 0x0018} and group << 16 | number not in MEANINGFUL


def elements(data: bytes) -> Iterator[Element]:
    """Yield every element and item that can be made out, outer ones before those they hold."""
    yield from _walk(data, PREAMBLE, len(data), ())


def _walk(data: bytes, at: int, end: int, around: tuple[tuple[int, int], ...]) -> Iterator[Element]:
    while at + 8 <= end:
        element, undefined, holds = _head(data, at, end, around)
        yield element
        if holds:
            inner = around if undefined else (*around, (element.length_at, element.end - element.value))
            yield from _walk(data, element.value, element.end, inner)
        at = max(element.end, element.value)


def _head(data: bytes, at: int, end: int, around: tuple[tuple[int, int], ...]) -> tuple[Element, bool, bool]:
    if data[at : at + 2] == ITEM_GROUP:
        length_at, size, value, holds = at + 4, 4, at + 8, data[at + 2 : at + 4] == b"\x00\xe0"
    elif data[at + 4 : at + 6] in LONG_VRS:
        length_at, size, value, holds = at + 8, 4, at + 12, data[at + 4 : at + 6] == b"SQ"
    else:
        length_at, size, value, holds = at + 6, 2, at + 8, False
    length = int.from_bytes(data[length_at : length_at + size], "little")
    undefined = size == 4 and length == UNDEFINED
    stop = end if undefined else min(value + length, end)
    return Element(at, length_at, size, value, stop, around), undefined, holds or undefined


def _after_meta(data: bytes) -> int:
    return PREAMBLE + 12 + int.from_bytes(data[PREAMBLE + 8 : PREAMBLE + 12], "little")


def _replaced(data: bytes, element: Element, low: int, high: int, new: bytes, *, tell: bool = True) -> bytes:
    """Return the file with a part of it replaced; told: lengths of what is around grow with it."""
    changed = bytearray(data)
    if tell:
        for at, length in element.around:
            changed[at : at + 4] = max(length + len(new) - (high - low), 0).to_bytes(4, "little")
    changed[low:high] = new
    return bytes(changed)


def _remove(data: bytes, element: Element, random: Random, _found: Sequence[Element]) -> bytes:
    return _replaced(data, element, element.start, element.end, b"", tell=random.random() < 0.8)


def _repeat(data: bytes, element: Element, random: Random, _found: Sequence[Element]) -> bytes:
    block = data[element.start : element.end] * random.choice((1, 1, 1, 40))
    return _replaced(data, element, element.start, element.start, block, tell=random.random() < 0.8)


def _other_vr(data: bytes, element: Element, random: Random, _found: Sequence[Element]) -> bytes:
    return data[: element.start + 4] + random.choice(VRS) + data[element.start + 6 :]


def _other_tag(data: bytes, element: Element, random: Random, found: Sequence[Element]) -> bytes:
    other = random.choice(found)
    if data[element.start : element.start + 2] == PATIENT_GROUP:  # what no longer is a name cannot be told from a text
        return data
    return data[: element.start] + data[other.start : other.start + 4] + data[element.start + 4 :]


def _other_length(data: bytes, element: Element, random: Random, _found: Sequence[Element]) -> bytes:
    value = random.choice((*HUGE, 0, 1, 3, element.end - element.value + random.choice((-1, 1, 2))))
    length = (value % 2 ** (8 * element.length_size)).to_bytes(element.length_size, "little")
    return data[: element.length_at] + length + data[element.length_at + element.length_size :]


def _other_value(data: bytes, element: Element, random: Random, _found: Sequence[Element]) -> bytes:
    """Give the element an odd value of the right length field."""
    value = random.choice(VALUES)
    if element.length_size == 2:
        value = value[: 2**16 - 2]
    length = len(value).to_bytes(element.length_size, "little")
    return _replaced(data, element, element.length_at, element.end, length + value)


def _swap_values(data: bytes, element: Element, random: Random, found: Sequence[Element]) -> bytes:
    """Give the element the value of another one."""
    other = random.choice(found)
    value = data[other.value : other.end]
    if len(value) >= 2 ** (8 * element.length_size) - 1:
        return data
    length = len(value).to_bytes(element.length_size, "little")
    return _replaced(data, element, element.length_at, element.end, length + value)


def _bend_value(data: bytes, element: Element, random: Random, _found: Sequence[Element]) -> bytes:
    """Change bytes inside the value."""
    if element.end <= element.value:
        return data
    changed = bytearray(data)
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        changed[random.randrange(element.value, element.end)] = random.choice(b"\x00\xff\x5c 0-.eE9+\x80A")
    return bytes(changed)


CHANGES: Sequence[Callable[[bytes, Element, Random, Sequence[Element]], bytes]] = (
    _remove, _repeat, _other_vr, _other_tag, _other_length, _other_value, _other_value, _other_value, _swap_values,
    _bend_value,
)  # fmt: skip
