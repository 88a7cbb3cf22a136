"""From the raw elements of a file to one `FrameHeader` per image plane, classic or Enhanced multi-frame."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypedDict

from napari_cpam_stroke.core.acquisition import scanner_name
from napari_cpam_stroke.core.hounsfield_units import slice_unit_notices
from napari_cpam_stroke.core.notice import Notice, NoticeCode, warning
from napari_cpam_stroke.dicom.file.elements import Elements, Header, read_header
from napari_cpam_stroke.dicom.file.frame_header import FrameHeader
from napari_cpam_stroke.dicom.file.limits import MAX_SLICES
from napari_cpam_stroke.dicom.file.sources import ByteSource, UnreadableError
from napari_cpam_stroke.dicom.file.syntaxes import LOSSY
from napari_cpam_stroke.dicom.file.tags import WANTED, Tag
from napari_cpam_stroke.dicom.file.values import ElementReader
from napari_cpam_stroke.dicom.headers import plane_header
from napari_cpam_stroke.dicom.headers.origin_header import origin_of_pixels
from napari_cpam_stroke.dicom.headers.pixel_check import check_pixels
from napari_cpam_stroke.dicom.headers.pixel_header import pixel_format
from napari_cpam_stroke.dicom.headers.plain import decode_text, plain_text, without_words
from napari_cpam_stroke.dicom.headers.pseudonym import Pseudonyms
from napari_cpam_stroke.dicom.headers.subject_header import contrast_agent, patient_marks, patient_pseudonyms

_NOT_AN_IMAGE = {
    "1.2.840.10008.1.3.10": "a DICOMDIR, the list of a disc",
    "1.2.840.10008.5.1.4.1.1.88.67": "a radiation dose report",
    "1.2.840.10008.5.1.4.1.1.88": "a structured report",
    "1.2.840.10008.5.1.4.1.1.104": "an encapsulated document",
    "1.2.840.10008.5.1.4.1.1.11": "a presentation state",
    "1.2.840.10008.5.1.4.1.1.66": "a segmentation or raw data",
}
"""What files without CT pixels are, by the start of their SOP class."""

IMAGE_TYPE_VALUES = 3
"""Values of ImageType that must be equal within a volume; scanners put remarks such as ADD behind them."""


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
        raise UnreadableError(_what_it_is(top.code(Tag.SOP_CLASS_UID)), NoticeCode.NOT_AN_IMAGE)
    sets = _frame_elements(header, top)
    frames = tuple(_frame(header, elements, origin, pseudonyms, n, len(sets)) for n, elements in enumerate(sets, 1))
    notes = (*header.notes, *check_pixels(header, frames))
    return tuple(replace(frame, notes=(*frame.notes, *notes)) for frame in frames) if notes else frames


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
            raise UnreadableError(
                f"a multi-frame file of {count:g} frames without a position for each",
                NoticeCode.FRAMES_WITHOUT_POSITION,
            )
        return [header.elements]
    if count != len(per_frame) or not 1 <= count <= MAX_SLICES:
        raise UnreadableError(
            f"{Tag.NUMBER_OF_FRAMES} is {count:g}, but positions are given for {len(per_frame)}",
            NoticeCode.FRAMES_WITHOUT_POSITION,
        )
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


def _frame(
    header: Header, elements: Elements, origin: Origin, pseudonyms: Pseudonyms, number: int, frames: int
) -> FrameHeader:
    e = ElementReader(elements, little_endian=header.little_endian)
    problems: list[Notice] = []
    pixels = pixel_format(e, header, frames, problems)
    spacing, thickness = plane_header.pixel_spacing(e, problems), e.number(Tag.SLICE_THICKNESS)
    orientation, place = plane_header.orientation(e, problems), plane_header.position(e, problems)
    patient, key, words = patient_pseudonyms(e, pseudonyms)
    charset, plain = e.code(Tag.SPECIFIC_CHARACTER_SET), partial(plain_text, hide=words)
    return FrameHeader(
        path=origin.path,
        frame_number=number,
        stamp=origin.stamp,
        **_identifiers(e),
        patient=patient,
        patient_key=key,
        modality=plain(e.code(Tag.MODALITY)).upper(),
        image_type=tuple(plain(v).upper() for v in e.codes(Tag.IMAGE_TYPE)),
        kernel=plain(decode_text(e.raw(Tag.CONVOLUTION_KERNEL), charset)),
        scanner=_scanner(e, charset, words),
        contrast=contrast_agent(e, charset, hide=words),
        body_part=plain(e.code(Tag.BODY_PART_EXAMINED)),
        description=plain(decode_text(e.raw(Tag.SERIES_DESCRIPTION), charset)),
        orientation=orientation,
        position=place,
        spacing=spacing,
        thickness=thickness if thickness is not None and thickness > 0 else None,
        tilt_tag=e.number(Tag.GANTRY_DETECTOR_TILT),
        window=plane_header.display_window(e),
        instance_number=int(e.number(Tag.INSTANCE_NUMBER) or 0),
        moments=_moments(e),
        lossy=header.transfer_syntax in LOSSY or e.code(Tag.LOSSY_IMAGE_COMPRESSION) == "01",
        pixels=pixels,
        problems=_without_words(problems, words),
        notes=_without_words(_notes(e), words),
        series_number=e.code(Tag.SERIES_NUMBER),
        patient_marks=patient_marks(e, pseudonyms),
        **origin_of_pixels(e, charset),
    )


def _without_words(notices: Iterable[Notice], hide: tuple[str, ...]) -> tuple[Notice, ...]:
    """Return notices that do not show a patient's name or number, wherever in the header somebody wrote it."""
    return tuple(
        replace(
            notice,
            sentence=without_words(notice.sentence, hide),
            data={k: without_words(v, hide) if isinstance(v, str) else v for k, v in notice.data.items()},
        )
        for notice in notices
    )


def _scanner(e: ElementReader, charset: str, hide: tuple[str, ...]) -> str | None:
    parts = (decode_text(e.raw(tag), charset) for tag in (Tag.MANUFACTURER, Tag.MANUFACTURER_MODEL_NAME))
    return scanner_name(*(plain_text(part, hide=hide) for part in parts))


class _Identifiers(TypedDict):
    sop_instance_uid: str
    sop_class_uid: str
    study_uid: str
    series_uid: str
    frame_of_reference_uid: str


def _identifiers(e: ElementReader) -> _Identifiers:
    return {
        "sop_instance_uid": e.code(Tag.SOP_INSTANCE_UID),
        "sop_class_uid": e.code(Tag.SOP_CLASS_UID),
        "study_uid": e.code(Tag.STUDY_INSTANCE_UID),
        "series_uid": e.code(Tag.SERIES_INSTANCE_UID),
        "frame_of_reference_uid": e.code(Tag.FRAME_OF_REFERENCE_UID),
    }


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


def _notes(e: ElementReader) -> tuple[Notice, ...]:
    notes = [
        warning(NoticeCode.DECIMAL_COMMA, f"{Tag(tag)} is written with a decimal comma and was read as such.")
        for tag in sorted(e.commas)
        if tag in set(Tag)
    ]
    rescaled = e.number(Tag.RESCALE_SLOPE) is not None and e.number(Tag.RESCALE_INTERCEPT) is not None
    return (*notes, *slice_unit_notices(rescaled=rescaled, rescale_type=plain_text(e.code(Tag.RESCALE_TYPE))))
