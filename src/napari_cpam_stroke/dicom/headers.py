"""From the raw elements of a file to one `FrameHeader` per image plane, classic or Enhanced multi-frame."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from napari_cpam_stroke.dicom.elements import DEFLATED, PIXEL_DATA, Elements, Header, read_header
from napari_cpam_stroke.dicom.frame_header import FrameHeader, PixelFormat, Vector
from napari_cpam_stroke.dicom.limits import (
    COSINE_TOLERANCE,
    MAX_EDGE,
    MAX_PIXEL_SPACING_MM,
    MAX_POSITION_MM,
    MAX_SLICES,
    MIN_PIXEL_SPACING_MM,
)
from napari_cpam_stroke.dicom.plain import decode_text, plain_text
from napari_cpam_stroke.dicom.pseudonym import Pseudonyms
from napari_cpam_stroke.dicom.sources import ByteSource, UnreadableError
from napari_cpam_stroke.dicom.syntaxes import CODECS, LOSSY, UNCOMPRESSED
from napari_cpam_stroke.dicom.tags import WANTED, Tag
from napari_cpam_stroke.dicom.values import ElementReader

ENHANCED_CT = ("1.2.840.10008.5.1.4.1.1.2.1", "1.2.840.10008.5.1.4.1.1.2.2")
"""Enhanced CT and Legacy Converted Enhanced CT Image Storage."""

_NOT_AN_IMAGE = {
    "1.2.840.10008.1.3.10": "a DICOMDIR, the list of a disc",
    "1.2.840.10008.5.1.4.1.1.88.67": "a radiation dose report",
    "1.2.840.10008.5.1.4.1.1.88": "a structured report",
    "1.2.840.10008.5.1.4.1.1.104": "an encapsulated document",
    "1.2.840.10008.5.1.4.1.1.11": "a presentation state",
    "1.2.840.10008.5.1.4.1.1.66": "a segmentation or raw data",
}
"""What files without CT pixels are, by the start of their SOP class."""

NO_CONTRAST = frozenset(
    {"", "NO", "NONE", "N", "NIL", "0", "WITHOUT", "UNENHANCED", "NATIVE", "NATIV", "W/O", "NA", "N/A"}
)
"""Values of ContrastBolusAgent that mean there was none."""

IMAGE_TYPE_VALUES = 3
"""Values of ImageType that must be equal within a volume; scanners put remarks such as ADD behind them."""

_NAME_PARTS = re.compile(r"[\s^=.,_\-]+")


class TruncatedError(UnreadableError):
    """A file whose header is whole but whose pixels are not; carries what the header said."""

    def __init__(self, reason: str, frames: tuple[FrameHeader, ...]) -> None:
        super().__init__(reason)
        self.frames = frames


@dataclass(frozen=True)
class Origin:
    """The file that a header came from: its path, its size and time of change."""

    path: Path
    stamp: tuple[int, int]


def read_frames(source: ByteSource, origin: Origin, pseudonyms: Pseudonyms) -> tuple[FrameHeader, ...]:
    """Return every image plane of one file, pixels untouched.

    Raises
    ------
    UnreadableError
        If the file is no DICOM image or is damaged; `TruncatedError` if only its pixels are cut short.
    """
    header = read_header(source, WANTED)
    top = ElementReader(header.elements, little_endian=header.little_endian)
    if header.pixels is None or Tag.ROWS not in top:
        raise UnreadableError(_what_it_is(top.code(Tag.SOP_CLASS_UID)))
    sets = _frame_elements(header, top)
    frames = tuple(_frame(header, elements, origin, pseudonyms, n, len(sets)) for n, elements in enumerate(sets, 1))
    _check_length(header, frames)
    return frames


def _what_it_is(sop_class: str) -> str:
    for start, name in _NOT_AN_IMAGE.items():
        if sop_class == start or sop_class.startswith(start + "."):
            return f"{name}, not an image"
    return "holds no pixels"


def _frame_elements(header: Header, top: ElementReader) -> list[Elements]:
    """Return the elements of every frame: functional groups laid flat over the data set."""
    per_frame = header.elements.get(Tag.PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE)
    count = top.number(Tag.NUMBER_OF_FRAMES) or 1
    if not isinstance(per_frame, list):
        if count != 1:
            raise UnreadableError(f"a multi-frame file of {count:g} frames without a position for each")
        return [header.elements]
    if count != len(per_frame) or not 1 <= count <= MAX_SLICES:
        raise UnreadableError(f"{Tag.NUMBER_OF_FRAMES} is {count:g}, but positions are given for {len(per_frame)}")
    shared = header.elements.get(Tag.SHARED_FUNCTIONAL_GROUPS_SEQUENCE)
    base = dict(header.elements)
    for item in shared if isinstance(shared, list) else []:
        base |= _flat(item)
    return [base | _flat(item) for item in per_frame]


def _flat(groups: Elements) -> Elements:
    flat: Elements = {}
    for tag, group in groups.items():
        if isinstance(group, list) and group and tag != Tag.CONTRAST_BOLUS_AGENT_SEQUENCE:
            flat |= group[0]
    if Tag.FRAME_TYPE in flat:
        flat[Tag.IMAGE_TYPE] = flat[Tag.FRAME_TYPE]
    return flat


def _check_length(header: Header, frames: tuple[FrameHeader, ...]) -> None:
    """Raise if uncompressed pixels end too soon."""
    pixels, place = frames[0].pixels, header.pixels
    if place is None or pixels.transfer_syntax not in UNCOMPRESSED or frames[0].problems:
        return
    needed = pixels.frame_bytes * len(frames)
    if place.length is None or place.length < needed:
        raise TruncatedError(f"pixel data are {place.length or 'an unknown number of'} bytes, not {needed}", frames)
    if header.transfer_syntax != DEFLATED and not header.source.has(place.offset + needed):
        raise TruncatedError(f"truncated: the file ends before its {needed} bytes of pixel data", frames)


def _frame(
    header: Header, elements: Elements, origin: Origin, pseudonyms: Pseudonyms, number: int, frames: int
) -> FrameHeader:
    e = ElementReader(elements, little_endian=header.little_endian)
    problems: list[str] = []
    pixels = _pixels(e, header, frames, problems)
    spacing, thickness = _spacing(e, problems), e.number(Tag.SLICE_THICKNESS)
    orientation, position = _orientation(e, problems), _position(e, problems)
    patient, key, words = _patient(e, pseudonyms)
    charset = e.code(Tag.SPECIFIC_CHARACTER_SET)
    return FrameHeader(
        path=origin.path,
        frame_number=number,
        stamp=origin.stamp,
        sop_instance_uid=e.code(Tag.SOP_INSTANCE_UID),
        sop_class_uid=e.code(Tag.SOP_CLASS_UID),
        study_uid=e.code(Tag.STUDY_INSTANCE_UID),
        series_uid=e.code(Tag.SERIES_INSTANCE_UID),
        frame_of_reference_uid=e.code(Tag.FRAME_OF_REFERENCE_UID),
        patient=patient,
        patient_key=key,
        modality=e.code(Tag.MODALITY).upper(),
        image_type=tuple(plain_text(v).upper() for v in e.codes(Tag.IMAGE_TYPE)),
        kernel=plain_text(decode_text(e.raw(Tag.CONVOLUTION_KERNEL), charset), hide=words),
        contrast=_contrast(e, charset),
        body_part=plain_text(e.code(Tag.BODY_PART_EXAMINED)),
        description=plain_text(decode_text(e.raw(Tag.SERIES_DESCRIPTION), charset), hide=words),
        orientation=orientation,
        position=position,
        spacing=spacing,
        thickness=thickness if thickness is not None and thickness > 0 else None,
        tilt_tag=e.number(Tag.GANTRY_DETECTOR_TILT),
        instance_number=int(e.number(Tag.INSTANCE_NUMBER) or 0),
        moments=_moments(e),
        lossy=header.transfer_syntax in LOSSY or e.code(Tag.LOSSY_IMAGE_COMPRESSION) == "01",
        pixels=pixels,
        problems=tuple(problems),
        notes=_notes(e),
    )


def _pixels(e: ElementReader, header: Header, frames: int, problems: list[str]) -> PixelFormat:
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


def _spacing(e: ElementReader, problems: list[str]) -> tuple[float, float] | None:
    values = e.numbers(Tag.PIXEL_SPACING, 2)
    if values is None:
        state = "is not two numbers" if e.raw(Tag.PIXEL_SPACING).strip(b" \0") else "is missing"
        problems.append(f"{Tag.PIXEL_SPACING} {state}, so nothing can be measured")
        return None
    if not all(MIN_PIXEL_SPACING_MM <= v <= MAX_PIXEL_SPACING_MM for v in values):
        problems.append(f"{Tag.PIXEL_SPACING} is {values[0]:g} x {values[1]:g} mm, which no head scan has")
        return None
    return values[0], values[1]


def _position(e: ElementReader, problems: list[str]) -> Vector | None:
    values = e.numbers(Tag.IMAGE_POSITION_PATIENT, 3)
    if values is not None and max(map(abs, values)) <= MAX_POSITION_MM:
        return values[0], values[1], values[2]
    if e.raw(Tag.IMAGE_POSITION_PATIENT).strip(b" \0"):
        problems.append(f"{Tag.IMAGE_POSITION_PATIENT} is not a position")
    return None


def _orientation(e: ElementReader, problems: list[str]) -> tuple[Vector, Vector] | None:
    values = e.numbers(Tag.IMAGE_ORIENTATION_PATIENT, 6)
    if values is None:
        if e.raw(Tag.IMAGE_ORIENTATION_PATIENT).strip(b" \0"):
            problems.append(f"{Tag.IMAGE_ORIENTATION_PATIENT} is not six numbers")
        return None
    row, column = np.array(values[:3]), np.array(values[3:])
    lengths = np.linalg.norm(row), np.linalg.norm(column)
    if max(abs(lengths[0] - 1), abs(lengths[1] - 1), abs(row @ column)) > COSINE_TOLERANCE:
        problems.append(f"{Tag.IMAGE_ORIENTATION_PATIENT} is not two unit vectors at a right angle")
        return None
    row = row / lengths[0]
    column = column - (column @ row) * row
    column /= np.linalg.norm(column)
    return (float(row[0]), float(row[1]), float(row[2])), (float(column[0]), float(column[1]), float(column[2]))


def _patient(e: ElementReader, pseudonyms: Pseudonyms) -> tuple[str, str, tuple[str, ...]]:
    """Return the patient's pseudonym, the one that also tells names apart, and words that must not be shown."""
    number, name, birth = (
        e.raw(tag).decode("latin-1").strip(" \0") for tag in (Tag.PATIENT_ID, Tag.PATIENT_NAME, Tag.PATIENT_BIRTH_DATE)
    )
    return _pseudonyms_of(number, name, birth, pseudonyms)


@lru_cache(maxsize=256)
def _pseudonyms_of(number: str, name: str, birth: str, pseudonyms: Pseudonyms) -> tuple[str, str, tuple[str, ...]]:
    parts = tuple(part for part in _NAME_PARTS.split(name.casefold()) if part)
    patient = pseudonyms.patient(number.casefold()) if number else pseudonyms.patient(*parts, birth if parts else "")
    return patient, pseudonyms.patient(number.casefold(), *parts), tuple(p for p in (number, *parts) if len(p) >= 3)


def _contrast(e: ElementReader, charset: str) -> str:
    """Return the contrast agent in plain text, or an empty string."""
    agent = decode_text(e.raw(Tag.CONTRAST_BOLUS_AGENT), charset).strip()
    if agent.upper() not in NO_CONTRAST:
        return plain_text(agent) or "unnamed"
    return "unnamed" if e.items(Tag.CONTRAST_BOLUS_AGENT_SEQUENCE) else ""


def _moments(e: ElementReader) -> tuple[tuple[str, str], ...]:
    temporal = e.code(Tag.TEMPORAL_POSITION_IDENTIFIER) or str(e.unsigned(Tag.TEMPORAL_POSITION_INDEX) or "")
    acquisition = e.code(Tag.ACQUISITION_NUMBER) or str(e.unsigned(Tag.FRAME_ACQUISITION_NUMBER) or "")
    return (
        ("image type detail", "\\".join(e.codes(Tag.IMAGE_TYPE)[IMAGE_TYPE_VALUES:])),
        ("time point", temporal),
        ("stack", e.code(Tag.STACK_ID)),
        ("acquisition", acquisition),
        ("slice thickness", e.code(Tag.SLICE_THICKNESS)),
        ("tube voltage", e.code(Tag.KVP)),
        (
            "acquisition time",
            e.code(Tag.FRAME_ACQUISITION_DATE_TIME)
            or e.code(Tag.ACQUISITION_DATE_TIME)
            or e.code(Tag.ACQUISITION_TIME),
        ),
        ("content time", e.code(Tag.CONTENT_TIME)),
    )


def _notes(e: ElementReader) -> tuple[str, ...]:
    notes = [
        f"{Tag(tag)} is written with a decimal comma and was read as such"
        for tag in sorted(e.commas)
        if tag in set(Tag)
    ]
    if Tag.RESCALE_SLOPE not in e and Tag.RESCALE_INTERCEPT not in e:
        notes.append(NO_RESCALE)
    kind = e.code(Tag.RESCALE_TYPE).upper()
    if kind not in ("", "HU", "HU_MOD"):
        notes.append(f"{OTHER_UNITS} ({plain_text(kind)})")
    return tuple(notes)


NO_RESCALE = "no RescaleSlope and RescaleIntercept: the values may not be Hounsfield units"
"""Note of a frame without rescale."""

OTHER_UNITS = "RescaleType is not HU"
"""Note of a frame whose rescaled values are something else."""
