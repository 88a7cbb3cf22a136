"""What a compressed frame says about itself, read before any decoder sees it."""

from __future__ import annotations

from dataclasses import dataclass

from napari_cpam_stroke.dicom.file.frame_header import PixelFormat
from napari_cpam_stroke.dicom.file.sources import UnreadableError
from napari_cpam_stroke.dicom.file.syntaxes import CODECS, Codec

END_OF_IMAGE = b"\xff\xd9"
"""Last bytes of a JPEG, JPEG-LS or JPEG 2000 codestream."""

_START_OF_IMAGE, _SIZE_MARKER = b"\xff\xd8", b"\xff\x4f\xff\x51"
_FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC} | {0xF7}
_ALONE = frozenset(range(0xD0, 0xDA)) | {0x01, 0xFF}
_MAX_MARKERS = 1000


@dataclass(frozen=True)
class Codestream:
    """Size of a compressed frame, bits per value, and whether values have a sign of their own."""

    rows: int
    columns: int
    precision: int
    signed: bool


def inspect_codestream(codec: Codec, data: bytes, *, whole: bool = True) -> Codestream | None:
    """Return what the codestream's own header says; None for RLE, which has none.

    Parameters
    ----------
    whole
        False: only the beginning is given, so that the end is not looked for.

    Raises
    ------
    UnreadableError
        If it is damaged, is cut short, or has more than one component.
    """
    if codec == "rle":
        return None
    if whole and not data.rstrip(b"\0").endswith(END_OF_IMAGE):
        raise UnreadableError("a compressed frame is cut short")
    try:
        found, components = _jpeg_2000(data) if codec == "jpeg_2000" else _jpeg(data)
    except IndexError as error:
        raise UnreadableError("a compressed frame is damaged") from error
    if components != 1:
        raise UnreadableError(f"a compressed frame has {components} components, CT has one")
    return found


def _jpeg_2000(data: bytes) -> tuple[Codestream, int]:
    at = data.find(_SIZE_MARKER, 0, 4096)
    if at < 0 or len(data) < at + 47:
        raise UnreadableError("a compressed frame is no JPEG 2000")
    x, y, x_offset, y_offset = (int.from_bytes(data[at + 8 + i * 4 : at + 12 + i * 4], "big") for i in range(4))
    components = int.from_bytes(data[at + 40 : at + 42], "big")
    depth = data[at + 42]
    return Codestream(y - y_offset, x - x_offset, (depth & 0x7F) + 1, bool(depth & 0x80)), components


def _jpeg(data: bytes) -> tuple[Codestream, int]:
    if not data.startswith(_START_OF_IMAGE):
        raise UnreadableError("a compressed frame is no JPEG")
    at = 2
    for _ in range(_MAX_MARKERS):
        if data[at] != 0xFF:
            break
        marker = data[at + 1]
        if marker in _ALONE:
            at += 1 if marker == 0xFF else 2
            continue
        if marker in _FRAME_MARKERS:
            rows, columns = int.from_bytes(data[at + 5 : at + 7], "big"), int.from_bytes(data[at + 7 : at + 9], "big")
            return Codestream(rows, columns, data[at + 4], signed=False), data[at + 9]
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    raise UnreadableError("a compressed frame has no size")


def check_codestream(data: bytes, pixels: PixelFormat, *, whole: bool = True) -> None:
    """Refuse a frame whose codestream contradicts the header, before a decoder allocates anything.

    Parameters
    ----------
    data
        The compressed frame, or only its beginning (`whole` False).
    """
    found = inspect_codestream(CODECS[pixels.transfer_syntax], data, whole=whole)
    if found is None:
        return
    if (found.rows, found.columns) != (pixels.rows, pixels.columns):
        raise UnreadableError(
            f"its compressed frame is {found.rows} x {found.columns}, the header says {pixels.rows} x {pixels.columns}"
        )
    if pixels.signed and not found.signed and found.precision < pixels.stored:
        raise UnreadableError("its compressed values have fewer bits than the header says, so their sign is unknown")
