"""Find each frame's fragments in encapsulated pixel data."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from napari_cpam_stroke.core.notice import Notice, NoticeCode, warning
from napari_cpam_stroke.dicom.file.codestream import END_OF_IMAGE
from napari_cpam_stroke.dicom.file.frame_header import PixelFormat
from napari_cpam_stroke.dicom.file.sources import ByteSource, UnreadableError
from napari_cpam_stroke.dicom.file.syntaxes import CODECS

MAX_FRAGMENTS = 100_000
"""Fragments of one file."""

MAX_FRAME_BYTES = 64 * 2**20
"""Length of one compressed frame."""

_TAIL_BYTES = 4 * 2**10
"""End of a frame in which its closing marker is looked for; zeros may follow it."""

_DAMAGED = "the compressed pixel data are cut short or damaged"

Fragment = tuple[int, int]
"""Offset and length in bytes."""

_ITEM, _END = b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0"
_JPEG_START, _JPEG_2000_STARTS = b"\xff\xd8\xff", (b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP")
_RLE_FIRST_SEGMENT = (64).to_bytes(4, "little")


@dataclass(frozen=True)
class Encapsulated:
    """Where the compressed frames of a file lie.

    Attributes
    ----------
    frames
        The fragments of each frame, in order.
    delimited
        False where the file ends with the last fragment, without the delimiter that should follow.
    """

    frames: list[list[Fragment]]
    delimited: bool = True

    @property
    def notices(self) -> list[Notice]:
        """What the reader must know of it."""
        if self.delimited:
            return []
        sentence = "The compressed pixels lack their closing delimiter; every fragment is whole and was read."
        return [warning(NoticeCode.NOT_DELIMITED, sentence)]


def locate_frames(source: ByteSource, pixels: PixelFormat) -> Encapsulated:
    """Return the fragments of every frame of a file.

    Raises
    ------
    UnreadableError
        If the fragments run beyond the file or cannot be told apart by frame.
    """
    offsets, fragments, delimited = _fragments(source, pixels)
    if not fragments:
        raise UnreadableError("the compressed pixel data are empty")
    frames = _by_frame(source, pixels, offsets, fragments)
    if not delimited and not _ends(source, pixels, frames[-1]):
        raise UnreadableError(_DAMAGED)
    return Encapsulated(frames, delimited)


def _by_frame(
    source: ByteSource, pixels: PixelFormat, offsets: list[int], fragments: list[Fragment]
) -> list[list[Fragment]]:
    if pixels.frames == 1:
        return [fragments]
    if len(fragments) == pixels.frames:
        return [[fragment] for fragment in fragments]
    starts = [fragment[0] - 8 for fragment in fragments]
    first = [starts[0] + offset for offset in offsets]
    if len(first) != pixels.frames or not set(first) <= set(starts):
        first = [f[0] - 8 for f in fragments if _starts_frame(source, pixels, f)]
    bounds = [*first, starts[-1] + 1]
    if len(first) == pixels.frames and first[0] == starts[0] and all(low < high for low, high in pairwise(bounds)):
        number = {place: i for i, place in enumerate(starts)}
        cuts = [number[place] for place in first]
        return [fragments[low:high] for low, high in pairwise([*cuts, len(fragments)])]
    raise UnreadableError(f"{len(fragments)} compressed fragments cannot be shared among {pixels.frames} frames")


def _starts_frame(source: ByteSource, pixels: PixelFormat, fragment: Fragment) -> bool:
    """Whether a fragment begins with what a frame of its codec begins with."""
    head = source.read(fragment[0], min(fragment[1], 8))
    codec = CODECS[pixels.transfer_syntax]
    if codec == "rle":
        segments = max(1, pixels.allocated // 8)
        return head == segments.to_bytes(4, "little") + _RLE_FIRST_SEGMENT
    return head.startswith(_JPEG_2000_STARTS if codec == "jpeg_2000" else _JPEG_START)


def _ends(source: ByteSource, pixels: PixelFormat, fragments: list[Fragment]) -> bool:
    """Whether a frame's last fragment holds its end, as far as its codec marks one; RLE is judged by decoding."""
    if CODECS[pixels.transfer_syntax] == "rle":
        return len(fragments) == 1
    offset, length = fragments[-1]
    tail = min(length, _TAIL_BYTES)
    return source.read(offset + length - tail, tail).rstrip(b"\0").endswith(END_OF_IMAGE)


def read_frame(source: ByteSource, fragments: list[Fragment]) -> bytes:
    """Return the bytes of one compressed frame."""
    if sum(length for _, length in fragments) > MAX_FRAME_BYTES:
        raise UnreadableError(f"a compressed frame is longer than {MAX_FRAME_BYTES // 2**20} MB", NoticeCode.OVER_LIMIT)
    data = b"".join(source.read(offset, length) for offset, length in fragments)
    if len(data) != sum(length for _, length in fragments):
        raise UnreadableError("a compressed frame is cut short")
    return data


def _fragments(source: ByteSource, pixels: PixelFormat) -> tuple[list[int], list[Fragment], bool]:
    """Return the basic offset table, all fragments, and whether a delimiter follows them."""
    at = pixels.offset
    found: list[Fragment] = []
    for _ in range(MAX_FRAGMENTS):
        head = source.read(at, 8)
        if head[:4] == _END or (found and _END.startswith(head)):
            break
        if head[:4] != _ITEM or len(head) < 8:
            raise UnreadableError(_DAMAGED)
        length = int.from_bytes(head[4:], "little")
        at += 8
        if length > MAX_FRAME_BYTES or not source.has(at + length):
            raise UnreadableError(_DAMAGED)
        found.append((at, length))
        at += length
    delimited = source.read(at, 4) == _END
    if not found:
        return [], [], delimited
    table = source.read(*found[0])
    return [int.from_bytes(table[i : i + 4], "little") for i in range(0, len(table) - 3, 4)], found[1:], delimited
