"""How one frame's pixels are stored, from its elements, and what speaks against reading them."""

from __future__ import annotations

from napari_cpam_stroke.core.notice import Notice, NoticeCode, refusal
from napari_cpam_stroke.dicom.file.elements import PIXEL_DATA, Header
from napari_cpam_stroke.dicom.file.frame_header import PixelFormat
from napari_cpam_stroke.dicom.file.limits import MAX_EDGE
from napari_cpam_stroke.dicom.file.syntaxes import CODECS, UNCOMPRESSED
from napari_cpam_stroke.dicom.file.tags import Tag
from napari_cpam_stroke.dicom.file.values import ElementReader
from napari_cpam_stroke.dicom.headers.plain import plain_text


def pixel_format(e: ElementReader, header: Header, frames: int, problems: list[Notice]) -> PixelFormat:
    """Return the pixel format; what cannot be read goes into `problems`."""
    place = header.pixels
    slope, intercept = e.number(Tag.RESCALE_SLOPE), e.number(Tag.RESCALE_INTERCEPT)
    signed = e.unsigned(Tag.PIXEL_REPRESENTATION) == 1
    allocated, stored = e.unsigned(Tag.BITS_ALLOCATED) or 0, e.unsigned(Tag.BITS_STORED) or 0
    high_bit = e.unsigned(Tag.HIGH_BIT)
    pixels = PixelFormat(
        rows=e.unsigned(Tag.ROWS) or 0,
        columns=e.unsigned(Tag.COLUMNS) or 0,
        allocated=allocated,
        stored=stored,
        high_bit=stored - 1 if high_bit is None else high_bit,
        signed=signed,
        slope=1.0 if slope is None else slope,
        intercept=0.0 if intercept is None else intercept,
        padding=_padding(e, signed=signed, allocated=allocated),
        transfer_syntax=header.transfer_syntax,
        little_endian=header.little_endian,
        offset=place.offset if place else 0,
        length=place.length if place else None,
        frames=frames,
    )
    problems += _pixel_problems(e, pixels, place.tag if place else 0)
    return pixels


def _pixel_problems(e: ElementReader, pixels: PixelFormat, tag: int) -> list[Notice]:
    found = []
    samples, photometric = e.unsigned(Tag.SAMPLES_PER_PIXEL), e.code(Tag.PHOTOMETRIC_INTERPRETATION)
    if samples not in (None, 1) or photometric not in ("", "MONOCHROME1", "MONOCHROME2"):
        kind = plain_text(photometric) or "colour"
        sentence = f"A colour picture ({kind}), not CT numbers."
        found.append(refusal(NoticeCode.COLOUR_PICTURE, sentence, photometric_interpretation=kind))
    if tag != PIXEL_DATA:
        sentence = "The pixels are floating point numbers, which CT images do not use."
        found.append(refusal(NoticeCode.FLOAT_PIXELS, sentence))
    if not (1 <= pixels.rows <= MAX_EDGE and 1 <= pixels.columns <= MAX_EDGE):
        sentence = f"{pixels.rows} x {pixels.columns} pixels are not between 1 and {MAX_EDGE} on a side."
        found.append(refusal(NoticeCode.MATRIX_SIZE, sentence, rows=pixels.rows, columns=pixels.columns))
    if e.unsigned(Tag.PIXEL_REPRESENTATION) not in (0, 1):
        sentence = f"{Tag.PIXEL_REPRESENTATION} is missing or neither 0 nor 1."
        found.append(refusal(NoticeCode.PIXEL_REPRESENTATION, sentence))
    return found + _bit_problems(pixels) + _syntax_problems(pixels) + _rescale_problems(e)


def _bit_problems(pixels: PixelFormat) -> list[Notice]:
    allocated, stored, high_bit = pixels.allocated, pixels.stored, pixels.high_bit
    bits = {"allocated": allocated, "stored": stored, "high_bit": high_bit}
    if allocated not in (8, 16) or not 1 <= stored <= allocated:
        sentence = f"{Tag.BITS_ALLOCATED} {allocated} with {Tag.BITS_STORED} {stored} is not supported."
    elif not stored - 1 <= high_bit < allocated:
        sentence = f"{Tag.HIGH_BIT} is {high_bit}, which does not fit the stored bits."
    else:
        return []
    return [refusal(NoticeCode.BIT_DEPTH, sentence, **bits)]


def _syntax_problems(pixels: PixelFormat) -> list[Notice]:
    syntax = plain_text(pixels.transfer_syntax)
    if pixels.transfer_syntax not in UNCOMPRESSED and pixels.transfer_syntax not in CODECS:
        sentence = f"The transfer syntax {syntax} is not supported."
    elif pixels.transfer_syntax in UNCOMPRESSED and pixels.length is None:
        sentence = "The pixels are encapsulated although the transfer syntax says they are not compressed."
    else:
        return []
    return [refusal(NoticeCode.TRANSFER_SYNTAX, sentence, transfer_syntax=syntax)]


def _rescale_problems(e: ElementReader) -> list[Notice]:
    found = [
        refusal(NoticeCode.RESCALE_INVALID, f"{tag} is not a number.")
        for tag in (Tag.RESCALE_SLOPE, Tag.RESCALE_INTERCEPT)
        if e.raw(tag).strip(b" \0") and e.number(tag) is None
    ]
    if e.items(Tag.MODALITY_LUT_SEQUENCE):
        sentence = f"The values go through a table, {Tag.MODALITY_LUT_SEQUENCE}, which CT images do not use."
        found.append(refusal(NoticeCode.MODALITY_LUT, sentence))
    if e.number(Tag.RESCALE_SLOPE) == 0:
        found.append(refusal(NoticeCode.RESCALE_INVALID, f"{Tag.RESCALE_SLOPE} is 0."))
    return found


def _padding(e: ElementReader, *, signed: bool, allocated: int) -> tuple[int, int] | None:
    """Return the range of stored values that mean padding; the VR may contradict the pixels, the pixels decide."""
    values = [
        e.signed(tag) if signed else e.unsigned(tag) for tag in (Tag.PIXEL_PADDING_VALUE, Tag.PIXEL_PADDING_RANGE_LIMIT)
    ]
    given = [v for v in values if v is not None]
    return (min(given), max(given)) if given and values[0] is not None and allocated in (8, 16) else None
