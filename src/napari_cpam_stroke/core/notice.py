"""What is to be said of a series or a file: a code for programs, a sentence for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from napari_cpam_stroke.plain_line import plain_line

MOST_CHARACTERS = 2000
"""Of a sentence, which may hold words of a file."""

Severity = Literal["info", "warning", "limitation", "refusal"]
"""info: merely so. warning: the reader must know. limitation: may be looked at, but the AI stays off. refusal: cannot
be read as a volume, or a file that is set aside."""

Plain = str | int | float | bool | None
"""A value that JSON keeps as it is."""


class NoticeCode(StrEnum):
    """Stable names. Programs test them and stores keep them: a sentence may be reworded, a code never changes."""

    # files that are set aside
    CANNOT_BE_OPENED = "cannot-be-opened"
    NOT_A_REGULAR_FILE = "not-a-regular-file"
    LINK_NOT_FOLLOWED = "link-not-followed"
    OVER_LIMIT = "over-limit"
    NOT_DICOM = "not-dicom"
    NOT_AN_IMAGE = "not-an-image"
    PACKED = "packed"
    OTHER_FORMAT = "other-format"
    FILE_DAMAGED = "file-damaged"
    PIXELS_CUT_SHORT = "pixels-cut-short"
    FRAMES_WITHOUT_POSITION = "frames-without-position"
    ARCHIVE_DAMAGED = "archive-damaged"
    ARCHIVE_UNSAFE = "archive-unsafe"
    ARCHIVE_UNSUPPORTED = "archive-unsupported"
    DICOMDIR_OUTSIDE = "dicomdir-outside"
    DICOMDIR_MISSING_FILE = "dicomdir-missing-file"
    DICOMDIR_LEADS_NOWHERE = "dicomdir-leads-nowhere"
    CHANGED_SINCE_SCAN = "changed-since-scan"
    IMAGE_COPY = "image-copy"
    PLACE_TAKEN = "place-taken"

    # images that cannot be a volume
    COLOUR_PICTURE = "colour-picture"
    FLOAT_PIXELS = "float-pixels"
    MATRIX_SIZE = "matrix-size"
    PIXEL_REPRESENTATION = "pixel-representation"
    BIT_DEPTH = "bit-depth"
    TRANSFER_SYNTAX = "transfer-syntax"
    RESCALE_INVALID = "rescale-invalid"
    MODALITY_LUT = "modality-lut"
    PIXEL_SPACING_INVALID = "pixel-spacing-invalid"
    POSITION_INVALID = "position-invalid"
    ORIENTATION_INVALID = "orientation-invalid"
    NOT_CT = "not-ct"
    LOCALIZER = "localizer"
    SCREEN_CAPTURE = "screen-capture"
    IMAGES_NOT_TOLD_APART = "images-not-told-apart"
    VOLUME_TOO_LARGE = "volume-too-large"
    GEOMETRY_INVALID = "geometry-invalid"

    # series that the AI stays away from
    NO_POSITION = "no-position"
    SINGLE_SLICE = "single-slice"
    NOT_AXIAL = "not-axial"
    TIME_SERIES = "time-series"
    COMPUTED_PICTURE = "computed-picture"
    BURNED_IN_MARKS = "burned-in-marks"

    # a limitation, and a warning in the picture
    NOT_HOUNSFIELD = "not-hounsfield"
    RESCALE_MISSING = "rescale-missing"
    CONTRAST_AGENT = "contrast-agent"

    # what the reader must know
    CONTRAST_SUSPECTED = "contrast-suspected"
    BONE_KERNEL = "bone-kernel"
    OTHER_BODY_PART = "other-body-part"
    LOSSY_COMPRESSION = "lossy-compression"
    SLICES_MISSING = "slices-missing"
    SLICES_UNREADABLE = "slices-unreadable"
    IMAGES_LEFT_OUT = "images-left-out"
    THICKNESS_MISSING = "thickness-missing"
    NO_FRAME_OF_REFERENCE = "no-frame-of-reference"
    HEAD_ON_ITS_SIDE = "head-on-its-side"
    DECIMAL_COMMA = "decimal-comma"
    NOT_DELIMITED = "not-delimited"
    IDENTIFIERS_DIFFER = "identifiers-differ"
    REPEATED_SCAN = "repeated-scan"
    ACQUISITIONS_INTERLEAVED = "acquisitions-interleaved"
    VALUES_CUT_OFF = "values-cut-off"
    MASK_IN_AIR = "mask-in-air"
    VALUES_UNLIKE_A_HEAD = "values-unlike-a-head"
    SLICE_VALUES_UNLIKE = "slice-values-unlike"
    VIRTUAL_ENERGY = "virtual-energy"
    DUAL_ENERGY = "dual-energy"
    TISSUE_LEFT_OUT = "tissue-left-out"
    PART_OF_A_HEAD = "part-of-a-head"
    PARTS_MISSING = "parts-missing"

    # what is merely so
    SCANNER = "scanner"
    PIXEL_SPACING = "pixel-spacing"
    SLICE_THICKNESS = "slice-thickness"
    SLICE_DISTANCE = "slice-distance"
    SLICE_ORDER = "slice-order"
    GANTRY_TILT = "gantry-tilt"
    KERNEL = "kernel"
    IMAGE_TYPE = "image-type"
    SET_APART = "set-apart"
    TIME_POINT = "time-point"
    EIGHT_BIT_SOURCE = "eight-bit-source"
    HEMORRHAGE_TYPES = "hemorrhage-types"
    NAME_ALIKE = "name-alike"
    SYNTHETIC = "synthetic"

    # how a mask of another program was read
    LABEL_READ = "label-read"
    LABEL_PASSED_OVER = "label-passed-over"
    LABEL_VALUES_ASSUMED = "label-values-assumed"
    FRACTIONS_CUT = "fractions-cut"
    CLASSES_OVERLAP = "classes-overlap"
    MASKS_JOINED = "masks-joined"
    UNTOUCHED_MASK_LEFT_OUT = "untouched-mask-left-out"

    UNCODED = "uncoded"
    """A sentence of a store from before codes, or of a later program than this one."""


@dataclass(frozen=True)
class Notice:
    """One thing said.

    Attributes
    ----------
    sentence
        For people, one line; no code looks into it.
    data
        The values in the sentence, named with their unit, for programs; not to be changed.
    """

    code: NoticeCode
    severity: Severity
    sentence: str
    data: Mapping[str, Plain] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sentence", plain_line(self.sentence, MOST_CHARACTERS))


def info(code: NoticeCode, sentence: str, **data: Plain) -> Notice:
    """Return a notice of what is merely so."""
    return Notice(code, "info", sentence, data)


def warning(code: NoticeCode, sentence: str, **data: Plain) -> Notice:
    """Return a notice of what the reader must know."""
    return Notice(code, "warning", sentence, data)


def limitation(code: NoticeCode, sentence: str, **data: Plain) -> Notice:
    """Return a notice of why the AI must stay off."""
    return Notice(code, "limitation", sentence, data)


def refusal(code: NoticeCode, sentence: str, **data: Plain) -> Notice:
    """Return a notice of why something cannot be read."""
    return Notice(code, "refusal", sentence, data)


def sentences(notices: Iterable[Notice], *severities: Severity) -> tuple[str, ...]:
    """Return the sentences of some severities, in the order given."""
    return tuple(notice.sentence for notice in notices if notice.severity in severities)


def notice_of(notices: Iterable[Notice], code: NoticeCode) -> Notice | None:
    """Return the first notice with a code, None where there is none."""
    return next((notice for notice in notices if notice.code is code), None)
