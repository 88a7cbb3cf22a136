"""Find each frame's fragments in encapsulated pixel data."""

from __future__ import annotations

from itertools import pairwise

from napari_cpam_stroke.core.notice import NoticeCode
from napari_cpam_stroke.dicom.file.frame_header import PixelFormat
from napari_cpam_stroke.dicom.file.sources import ByteSource, UnreadableError

MAX_FRAGMENTS = 100_000
"""Fragments of one file."""

MAX_FRAME_BYTES = 64 * 2**20
"""Length of one compressed frame."""

Fragment = tuple[int, int]
"""Offset and length in bytes."""

_ITEM, _END = b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0"


def locate_frames(source: ByteSource, pixels: PixelFormat) -> list[list[Fragment]]:
    """Return the fragments of every frame of a file.

    Raises
    ------
    UnreadableError
        If the fragments run beyond the file or cannot be told apart by frame.
    """
    offsets, fragments = _fragments(source, pixels)
    if not fragments:
        raise UnreadableError("the compressed pixel data are empty")
    if pixels.frames == 1:
        return [fragments]
    if len(fragments) == pixels.frames:
        return [[fragment] for fragment in fragments]
    if len(offsets) == pixels.frames and len(fragments) > pixels.frames:
        first = fragments[0][0] - 8
        bounds = [first + offset for offset in offsets] + [fragments[-1][0] + 1]
        frames = [[f for f in fragments if low <= f[0] - 8 < high] for low, high in pairwise(bounds)]
        if all(frames):
            return frames
    raise UnreadableError(f"{len(fragments)} compressed fragments cannot be shared among {pixels.frames} frames")


def read_frame(source: ByteSource, fragments: list[Fragment]) -> bytes:
    """Return the bytes of one compressed frame."""
    if sum(length for _, length in fragments) > MAX_FRAME_BYTES:
        raise UnreadableError(f"a compressed frame is longer than {MAX_FRAME_BYTES // 2**20} MB", NoticeCode.OVER_LIMIT)
    data = b"".join(source.read(offset, length) for offset, length in fragments)
    if len(data) != sum(length for _, length in fragments):
        raise UnreadableError("a compressed frame is cut short")
    return data


def _fragments(source: ByteSource, pixels: PixelFormat) -> tuple[list[int], list[Fragment]]:
    """Return the basic offset table and all fragments."""
    at = pixels.offset
    found: list[Fragment] = []
    for _ in range(MAX_FRAGMENTS):
        head = source.read(at, 8)
        if head[:4] == _END:
            break
        if head[:4] != _ITEM or len(head) < 8:
            raise UnreadableError("the compressed pixel data are cut short or damaged")
        length = int.from_bytes(head[4:], "little")
        at += 8
        if length > MAX_FRAME_BYTES or not source.has(at + length):
            raise UnreadableError("the compressed pixel data are cut short or damaged")
        found.append((at, length))
        at += length
    if not found:
        return [], []
    table = source.read(*found[0])
    return [int.from_bytes(table[i : i + 4], "little") for i in range(0, len(table) - 3, 4)], found[1:]
