"""How one frame's pixels are stored, from its elements, and what speaks against reading them."""

from __future__ import annotations

from napari_cpam_stroke.dicom.file.elements import PIXEL_DATA, Header
from napari_cpam_stroke.dicom.file.frame_header import PixelFormat
from napari_cpam_stroke.dicom.file.limits import MAX_EDGE
from napari_cpam_stroke.dicom.file.syntaxes import CODECS, UNCOMPRESSED
from napari_cpam_stroke.dicom.file.tags import Tag
from napari_cpam_stroke.dicom.file.values import ElementReader
from napari_cpam_stroke.dicom.headers.plain import plain_text


def pixel_format(e: ElementReader, header: Header, frames: int, problems: list[str]) -> PixelFormat:
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


def _pixel_problems(e: ElementReader, pixels: PixelFormat, tag: int) -> list[str]:
    found = []
    samples, photometric = e.unsigned(Tag.SAMPLES_PER_PIXEL), e.code(Tag.PHOTOMETRIC_INTERPRETATION)
    if samples not in (None, 1) or photometric not in ("", "MONOCHROME1", "MONOCHROME2"):
        found.append(f"a colour picture ({plain_text(photometric) or 'colour'}), not CT numbers")
    if tag != PIXEL_DATA:
        found.append("the pixels are floating point numbers, which CT images do not use")
    if not (1 <= pixels.rows <= MAX_EDGE and 1 <= pixels.columns <= MAX_EDGE):
        found.append(f"{pixels.rows} x {pixels.columns} pixels are not between 1 and {MAX_EDGE} on a side")
    if e.unsigned(Tag.PIXEL_REPRESENTATION) not in (0, 1):
        found.append(f"{Tag.PIXEL_REPRESENTATION} is missing or neither 0 nor 1")
    if pixels.allocated not in (8, 16) or not 1 <= pixels.stored <= pixels.allocated:
        found.append(f"{Tag.BITS_ALLOCATED} {pixels.allocated} with {Tag.BITS_STORED} {pixels.stored} is not supported")
    elif not pixels.stored - 1 <= pixels.high_bit < pixels.allocated:
        found.append(f"{Tag.HIGH_BIT} is {pixels.high_bit}, which does not fit the stored bits")
    if pixels.transfer_syntax not in UNCOMPRESSED and pixels.transfer_syntax not in CODECS:
        found.append(f"the transfer syntax {plain_text(pixels.transfer_syntax)} is not supported")
    elif pixels.transfer_syntax in UNCOMPRESSED and pixels.length is None:
        found.append("the pixels are encapsulated although the transfer syntax says they are not compressed")
    return found + _rescale_problems(e)


def _rescale_problems(e: ElementReader) -> list[str]:
    tags = (Tag.RESCALE_SLOPE, Tag.RESCALE_INTERCEPT)
    found = [f"{tag} is not a number" for tag in tags if e.raw(tag).strip(b" \0") and e.number(tag) is None]
    if e.items(Tag.MODALITY_LUT_SEQUENCE):
        found.append(f"the values go through a table, {Tag.MODALITY_LUT_SEQUENCE}, which CT images do not use")
    if e.number(Tag.RESCALE_SLOPE) == 0:
        found.append(f"{Tag.RESCALE_SLOPE} is 0")
    return found


def _padding(e: ElementReader, *, signed: bool, allocated: int) -> tuple[int, int] | None:
    """Return the range of stored values that mean padding; the VR may contradict the pixels, the pixels decide."""
    values = [
        e.signed(tag) if signed else e.unsigned(tag) for tag in (Tag.PIXEL_PADDING_VALUE, Tag.PIXEL_PADDING_RANGE_LIMIT)
    ]
    given = [v for v in values if v is not None]
    return (min(given), max(given)) if given and values[0] is not None and allocated in (8, 16) else None
