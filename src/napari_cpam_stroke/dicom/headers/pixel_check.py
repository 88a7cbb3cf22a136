"""Are a file's pixels all there, and do they agree with the header? Told from lengths and heads, without decoding."""

from __future__ import annotations

from napari_cpam_stroke.core.notice import Notice, NoticeCode
from napari_cpam_stroke.dicom.file.codestream import check_codestream
from napari_cpam_stroke.dicom.file.elements import DEFLATED, Header
from napari_cpam_stroke.dicom.file.encapsulated import locate_frames
from napari_cpam_stroke.dicom.file.frame_header import FrameHeader
from napari_cpam_stroke.dicom.file.sources import FileSource, UnreadableError
from napari_cpam_stroke.dicom.file.syntaxes import UNCOMPRESSED

CODESTREAM_HEAD_BYTES = 4 * 2**10
"""Beginning of a compressed frame that holds its size."""


class TruncatedError(UnreadableError):
    """A file whose header is whole but whose pixels are not; carries what the header said."""

    def __init__(
        self, reason: str, frames: tuple[FrameHeader, ...], code: NoticeCode = NoticeCode.PIXELS_CUT_SHORT
    ) -> None:
        super().__init__(reason, code)
        self.frames = frames


def check_pixels(header: Header, frames: tuple[FrameHeader, ...]) -> list[Notice]:
    """Return what the reader must know of how the pixels are stored.

    Raises
    ------
    TruncatedError
        If pixels end too soon or a compressed frame contradicts the header.
    """
    pixels, place = frames[0].pixels, header.pixels
    if place is None or frames[0].problems:
        return []
    if pixels.transfer_syntax not in UNCOMPRESSED:
        return _check_compressed(header.source, frames) if isinstance(header.source, FileSource) else []
    needed = pixels.frame_bytes * len(frames)
    if place.length is None or place.length < needed:
        raise TruncatedError(f"pixel data are {place.length or 'an unknown number of'} bytes, not {needed}", frames)
    if pixels.transfer_syntax != DEFLATED and not header.source.has(place.offset + needed):
        raise TruncatedError(f"truncated: the file ends before its {needed} bytes of pixel data", frames)
    return []


def _check_compressed(source: FileSource, frames: tuple[FrameHeader, ...]) -> list[Notice]:
    pixels = frames[0].pixels
    try:
        located = locate_frames(source, pixels)
        first = located.frames[0][0]
        check_codestream(source.read(first[0], min(first[1], CODESTREAM_HEAD_BYTES)), pixels, whole=False)
    except UnreadableError as error:
        raise TruncatedError(str(error), frames, error.code) from error
    return located.notices
