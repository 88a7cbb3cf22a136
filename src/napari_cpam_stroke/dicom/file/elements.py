"""Walk the data elements of a DICOM header under limits, keeping only the values asked for and never the pixels.

One pass, no recursion beyond `MAX_SEQUENCE_DEPTH`, no value longer than `MAX_VALUE_BYTES`: a header that lies about
its lengths or nests without end is refused before any other library sees it.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from struct import Struct

from napari_cpam_stroke.core.notice import Notice, NoticeCode, warning
from napari_cpam_stroke.dicom.file.limits import (
    HEADER_BLOCK_BYTES,
    MAX_ELEMENTS,
    MAX_HEADER_BYTES,
    MAX_SEQUENCE_DEPTH,
    MAX_VALUE_BYTES,
)
from napari_cpam_stroke.dicom.file.sources import ByteSource, UnreadableError, inflate

Elements = dict[int, "bytes | list[Elements]"]
"""Values by tag (group << 16 | element): raw bytes, or the items of a sequence."""

UNDEFINED = 0xFFFFFFFF
IMPLICIT, EXPLICIT, DEFLATED, BIG_ENDIAN = (
    "1.2.840.10008.1.2",
    "1.2.840.10008.1.2.1",
    "1.2.840.10008.1.2.1.99",
    "1.2.840.10008.1.2.2",
)
PIXEL_DATA, FLOAT_PIXELS, DOUBLE_PIXELS = 0x7FE00010, 0x7FE00008, 0x7FE00009
_PIXELS = frozenset({PIXEL_DATA, FLOAT_PIXELS, DOUBLE_PIXELS})
TRANSFER_SYNTAX = 0x00020010
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_MARKS = frozenset({_ITEM, _ITEM_END, _SEQUENCE_END})
_LONG = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"})
_SHORT = frozenset(
    {b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO", b"LT", b"PN", b"SH", b"SL"}
    | {b"SS", b"ST", b"TM", b"UI", b"UL", b"US"}
)
_PREAMBLE = 128
_MAX_NAMED = 5


@dataclass(frozen=True, slots=True)
class PixelLocation:
    """Where the pixels begin in their source and how long they are (None: encapsulated, undefined length)."""

    tag: int
    offset: int
    length: int | None


@dataclass(frozen=True, slots=True)
class Header:
    """What was kept of one header.

    Attributes
    ----------
    elements
        Values of the data set by tag.
    transfer_syntax
        As the file says it; where it says nothing, as the data set looks.
    little_endian
        Byte order of binary values.
    source
        Bytes in which `pixels.offset` counts: the file, or the inflated data set.
    data_set_at
        Where the data set begins in the file, deflated or not.
    notes
        What is odd about how it is written.
    """

    elements: Elements
    transfer_syntax: str
    little_endian: bool
    pixels: PixelLocation | None
    source: ByteSource
    data_set_at: int
    notes: tuple[Notice, ...] = ()


class _Encoding:
    """How data elements are written: VR named or not, and the byte order."""

    __slots__ = ("explicit", "little", "long", "short", "tag")

    def __init__(self, *, explicit: bool, little: bool) -> None:
        order = "<" if little else ">"
        self.explicit, self.little = explicit, little
        self.tag, self.long, self.short = Struct(order + "HH"), Struct(order + "I"), Struct(order + "H")


_EXPLICIT, _IMPLICIT = _Encoding(explicit=True, little=True), _Encoding(explicit=False, little=True)
_BIG = _Encoding(explicit=True, little=False)


def read_header(source: ByteSource, wanted: Container[int]) -> Header:
    """Walk one file and return the wanted values and the place of the pixels.

    Raises
    ------
    UnreadableError
        If the file is no DICOM, ends too soon, lies about a length or goes beyond a limit.
    """
    start = _PREAMBLE + 4 if source.read(_PREAMBLE, 4) == b"DICM" else 0
    meta, at = _Walker(source, {TRANSFER_SYNTAX}).file_meta(start)
    syntax = _ascii(meta.get(TRANSFER_SYNTAX))
    data_set_at = at
    if syntax == DEFLATED:
        source, at = inflate(source, at, MAX_HEADER_BYTES), 0
    encoding = _encoding_of(source.read(at, 8), syntax, has_preamble=start > 0)
    walker = _Walker(source, wanted)
    elements, _ = walker.elements(at, None, encoding, depth=0)
    if not elements and walker.pixels is None:
        raise UnreadableError("not a DICOM file", NoticeCode.NOT_DICOM)
    if not syntax:
        syntax = BIG_ENDIAN if not encoding.little else EXPLICIT if encoding.explicit else IMPLICIT
    return Header(elements, syntax, encoding.little, walker.pixels, source, data_set_at, walker.notes)


class _Walker:
    def __init__(self, source: ByteSource, wanted: Container[int]) -> None:
        self._source, self._wanted = source, wanted
        self._block, self._base = b"", 0
        self._count = self._read = 0
        self._undelimited: set[int] = set()
        self.pixels: PixelLocation | None = None

    @property
    def notes(self) -> tuple[Notice, ...]:
        """What is odd about how the header is written."""
        if not self._undelimited:
            return ()
        named = ", ".join(map(tag_name, sorted(self._undelimited)[:_MAX_NAMED]))
        sentence = f"A sequence in the header lacks its closing delimiter ({named}); what follows it was read."
        return (warning(NoticeCode.NOT_DELIMITED, sentence),)

    def file_meta(self, at: int) -> tuple[Elements, int]:
        """Return the wanted values of group 0002 and where the data set begins."""
        found: Elements = {}
        while len(head := self._bytes(at, 8)) == 8 and head[:2] == b"\x02\x00":
            tag, _, length, value = self._element(at, _EXPLICIT)
            if length == UNDEFINED:
                raise UnreadableError("the file meta group is damaged")
            if tag in self._wanted:
                found[tag] = self._value(tag, value, length)
            at = value + length
        return found, at

    def elements(self, at: int, end: int | None, encoding: _Encoding, *, depth: int) -> tuple[Elements, int]:
        """Return the wanted values of a data set or item, and where it ends.

        `end` None: up to the pixels or the end of the file at depth 0, up to the item's delimiter below.
        """
        found: Elements = {}
        while end is None or at < end:
            if depth == 0 and self._place(at, 1) == len(self._block):
                break
            tag, vr, length, value = self._element(at, encoding, end)
            if tag in _MARKS and end is None and depth:
                return found, value if tag == _ITEM_END else at
            if depth == 0 and tag in _PIXELS:
                self.pixels = PixelLocation(tag, value, None if length == UNDEFINED else length)
                break
            if vr == b"SQ" or length == UNDEFINED:
                items, at = self._nested(tag, vr, value, length, encoding, depth)
                if items is not None:
                    found[tag] = items
                continue
            if tag in self._wanted:
                found[tag] = self._kept(tag, vr, value, length, encoding, depth)
            at = value + length
            if not self._source.has(at):
                raise UnreadableError(f"{tag_name(tag)} says it is {length} bytes long, the file ends sooner")
        if end is not None and at != end:
            raise UnreadableError("an item of a sequence is longer than the sequence")
        return found, at

    def _nested(
        self, tag: int, vr: bytes, at: int, length: int, encoding: _Encoding, depth: int
    ) -> tuple[list[Elements] | None, int]:
        """Walk a sequence, or pass over encapsulated pixels inside one (an icon)."""
        if length == UNDEFINED and (tag == PIXEL_DATA or vr in (b"OB", b"OW")):
            return None, self._after_fragments(tag, at, encoding)
        return self._sequence(tag, at, length, _IMPLICIT if vr == b"UN" else encoding, depth + 1)

    def _kept(
        self, tag: int, vr: bytes, at: int, length: int, encoding: _Encoding, depth: int
    ) -> bytes | list[Elements]:
        """Return a wanted value; where no VR is written, a sequence is known by its first item."""
        inner = _IMPLICIT if vr == b"UN" else encoding
        if vr in (b"", b"UN") and length >= 8 and self._bytes(at, 4) == inner.tag.pack(0xFFFE, 0xE000):
            return self._sequence(tag, at, length, inner, depth + 1)[0] or []
        return self._value(tag, at, length)

    def _sequence(
        self, tag: int, at: int, length: int, encoding: _Encoding, depth: int
    ) -> tuple[list[Elements] | None, int]:
        keep = tag in self._wanted
        end = None if length == UNDEFINED else at + length
        if end is not None and not self._source.has(end):
            raise UnreadableError(f"sequence {tag_name(tag)} is longer than the file")
        if end is not None and not keep:
            return None, end
        if depth > MAX_SEQUENCE_DEPTH:
            raise UnreadableError(f"sequences are nested more than {MAX_SEQUENCE_DEPTH} deep", NoticeCode.OVER_LIMIT)
        items: list[Elements] = []
        while end is None or at < end:
            item, _, size, value = self._element(at, encoding)
            if item == _SEQUENCE_END:
                return (items if keep else None), value
            if end is None and _follows(item, tag):
                self._undelimited.add(tag)
                return (items if keep else None), at
            if item != _ITEM:
                raise UnreadableError(f"sequence {tag_name(tag)} is damaged")
            stop = None if size == UNDEFINED else value + size
            if stop is not None and not keep:
                at = stop
                continue
            content, at = self.elements(value, stop, encoding, depth=depth)
            items.append(content)
        return (items if keep else None), at

    def _after_fragments(self, tag: int, at: int, encoding: _Encoding) -> int:
        """Return where encapsulated pixels inside a sequence (an icon) end."""
        while True:
            item, _, length, value = self._element(at, encoding)
            if item == _SEQUENCE_END:
                return value
            if item != _ITEM or not self._source.has(value + length):
                raise UnreadableError(f"{tag_name(tag)} is damaged")
            at = value + length

    def _element(self, at: int, encoding: _Encoding, end: int | None = None) -> tuple[int, bytes, int, int]:
        """Return tag, VR (empty if not written), length and place of the value.

        `end`: where the item ends that holds the element, if that is known.
        """
        self._count += 1
        if self._count > MAX_ELEMENTS:
            raise UnreadableError(f"the header holds more than {MAX_ELEMENTS} elements", NoticeCode.OVER_LIMIT)
        place = self._place(at, 12)
        block = self._block
        if len(block) - place < 8:
            raise UnreadableError("the header ends in the middle")
        group, number = encoding.tag.unpack_from(block, place)
        tag, vr = group << 16 | number, block[place + 4 : place + 6]
        if encoding.explicit and group != 0xFFFE:
            if vr in _SHORT:
                return tag, vr, encoding.short.unpack_from(block, place + 6)[0], at + 8
            if vr in _LONG:
                if len(block) - place < 12:
                    raise UnreadableError("the header ends in the middle")
                return tag, vr, encoding.long.unpack_from(block, place + 8)[0], at + 12
            return (tag, *self._unknown_vr(tag, block[place : place + 12], at, encoding, end))
        return tag, b"", encoding.long.unpack_from(block, place + 4)[0], at + 8

    def _unknown_vr(
        self, tag: int, head: bytes, at: int, encoding: _Encoding, end: int | None
    ) -> tuple[bytes, int, int]:
        """Return VR (empty), length and place of the value of an element whose VR no edition of DICOM knows.

        Its length is written in 2 bytes, in 4 bytes, or in the place of the VR (implicit). The one that leads to an
        element with a known VR and a higher tag is right; if none does, the one that leads to a higher tag.
        """
        vr, head = head[4:6], head.ljust(12, b"\0")
        short = (encoding.short.unpack_from(head, 6)[0], at + 8)
        long = (encoding.long.unpack_from(head, 8)[0], at + 12)
        implicit = (encoding.long.unpack_from(head, 4)[0], at + 8)
        tried = (short, long, implicit) if all(0x20 <= byte < 0x7F for byte in vr) else (implicit, short, long)
        sound = [self._soundness(tag, place, length, encoding, end) for length, place in tried]
        if not max(sound):
            raise UnreadableError(f"{tag_name(tag)} has an unknown VR ({vr.hex(' ').upper()}) and no length that fits")
        return b"", *tried[sound.index(max(sound))]

    def _soundness(self, tag: int, place: int, length: int, encoding: _Encoding, end: int | None) -> int:
        """Return 2 if a known element follows a value, 1 if perhaps one of another unknown VR does, else 0."""
        if length == UNDEFINED:
            return 2 * (self._peek(place, 4) in (encoding.tag.pack(0xFFFE, 0xE000), encoding.tag.pack(0xFFFE, 0xE0DD)))
        after = place + length
        if tag in _PIXELS:
            return 2 * self._source.has(after)
        if after > MAX_HEADER_BYTES or not self._source.has(after):
            return 0
        if end is not None and after >= end:
            return 2 * (after == end)
        return _follow_on(tag, self._peek(after, 8), encoding)

    def _peek(self, at: int, length: int) -> bytes:
        """Return some bytes further on without leaving the block; they count as read."""
        place = at - self._base
        if place >= 0 and place + length <= len(self._block):
            return self._block[place : place + length]
        self._read += length
        return self._source.read(at, length)

    def _value(self, tag: int, at: int, length: int) -> bytes:
        if length > MAX_VALUE_BYTES:
            raise UnreadableError(
                f"{tag_name(tag)} is {length} bytes long, more than a value may be", NoticeCode.OVER_LIMIT
            )
        value = self._bytes(at, length)
        if len(value) < length:
            raise UnreadableError(f"{tag_name(tag)} says it is {length} bytes long, the file ends sooner")
        return value

    def _bytes(self, at: int, length: int) -> bytes:
        """Return up to `length` bytes."""
        place = self._place(at, length)
        return self._block[place : place + length]

    def _place(self, at: int, length: int) -> int:
        """Return where `at` lies in the block, which is read so that it holds what there is of `length` bytes.

        A header beyond `MAX_HEADER_BYTES` is refused.
        """
        place = at - self._base
        if place >= 0 and place + length <= len(self._block):
            return place
        wanted = HEADER_BLOCK_BYTES - at if at + length <= HEADER_BLOCK_BYTES else HEADER_BLOCK_BYTES
        self._block, self._base = self._source.read(at, max(length, wanted)), at
        self._read += len(self._block)
        if self._read > MAX_HEADER_BYTES:
            raise UnreadableError(f"the header is longer than {MAX_HEADER_BYTES // 2**20} MB", NoticeCode.OVER_LIMIT)
        return 0


def _follows(tag: int, other: int) -> bool:
    """Whether an element may stand behind another one in a data set: tags ascend."""
    return other < tag <= PIXEL_DATA


def _follow_on(tag: int, head: bytes, encoding: _Encoding) -> int:
    """Return how well the 8 bytes behind a value fit as the beginning of the next element, as `_soundness` does."""
    if len(head) < 8:
        return 2 * (not head)
    group, number = encoding.tag.unpack_from(head)
    if group == 0xFFFE:
        return 2 * (number in (0xE000, 0xE00D, 0xE0DD))
    if tag >> 16 == 0x0002 and group != 0x0002:
        return 2 * (group == 0x0008)
    return 1 + _is_vr(head[4:6]) if _follows(group << 16 | number, tag) else 0


def tag_name(tag: int) -> str:
    """Return a tag as (gggg,eeee)."""
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


def _encoding_of(head: bytes, syntax: str, *, has_preamble: bool) -> _Encoding:
    """Return how the data set is written: what it looks like counts more than what the meta group says."""
    if len(head) < 8:
        raise UnreadableError("the file is empty or ends before its header")
    said = syntax in (EXPLICIT, DEFLATED) and all(0x20 <= byte < 0x7F for byte in head[4:6])
    named = said or _is_vr(head[4:6])
    if syntax == BIG_ENDIAN or (not syntax and named and head[0] == 0 and head[1] != 0):
        return _BIG
    group = int.from_bytes(head[:2], "little")
    if not has_preamble and (group not in (0x0002, 0x0008) or head[2:4] == b"\xff\xff"):
        raise UnreadableError("not a DICOM file", NoticeCode.NOT_DICOM)
    return _EXPLICIT if named else _IMPLICIT


def _is_vr(code: bytes) -> bool:
    return code in _SHORT or code in _LONG


def _ascii(value: bytes | list[Elements] | None) -> str:
    return value.decode("ascii", "replace").strip(" \0") if isinstance(value, bytes) else ""
