"""What is known of one image plane before its pixels are read. No patient field is in it, only pseudonyms."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from napari_cpam_stroke.core.notice import Notice

Vector = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class PixelFormat:
    """How the pixels of one frame are stored and what they mean.

    Attributes
    ----------
    allocated, stored, high_bit, signed
        Bits of a stored value; bits above `high_bit` mean nothing.
    slope, intercept
        HU = stored * slope + intercept.
    padding
        Lowest and highest stored value that stand for "outside the field", or None.
    offset, length
        Place of all the file's pixels in bytes; length None where they are encapsulated.
    frames
        Frames in the file.
    """

    rows: int
    columns: int
    allocated: int
    stored: int
    high_bit: int
    signed: bool
    slope: float
    intercept: float
    padding: tuple[int, int] | None
    transfer_syntax: str
    little_endian: bool
    offset: int
    length: int | None
    frames: int

    @property
    def frame_bytes(self) -> int:
        """Length of one uncompressed frame."""
        return self.rows * self.columns * self.allocated // 8


USUAL_ENERGIES_KEV = (65.0, 75.0)
"""Virtual pictures of these energies come near a plain one of 120 kV."""


@dataclass(frozen=True, slots=True)
class ComputedPicture:
    """What a header says a picture was computed as.

    Attributes
    ----------
    kind
        Such as "subtraction"; "dual energy scan" for an acquisition whose pictures may still be plain.
    word
        The word that told it; nothing else of the text is kept.
    energy_kev
        Of a virtual energy, where it is named.
    """

    kind: str
    word: str
    energy_kev: float | None = None

    @property
    def plain(self) -> bool:
        """Whether it comes near enough to plain CT: a usual energy, or a mixture of two tube voltages."""
        low, high = USUAL_ENERGIES_KEV
        usual = self.energy_kev is not None and low <= self.energy_kev <= high
        return self.kind == "mixed energies" or (self.kind == "virtual energy" and usual)


@dataclass(frozen=True, slots=True)
class ConcatenationPart:
    """Which of how many files of one image this is; total None where the header does not say."""

    uid: str
    number: int
    total: int | None


@dataclass(frozen=True, slots=True)
class FrameHeader:
    """One plane of one file.

    Attributes
    ----------
    frame_number
        From 1, within the file.
    stamp
        Size and time of change of the file when it was read.
    patient, patient_key
        Pseudonyms: of the patient number, and of number and name together.
    patient_marks
        Pseudonyms of the patient's number, name and date of birth, each empty where it is not given.
    orientation
        Row then column direction cosines, unit length and at right angles; None where the source gives none.
    position
        LPS mm of the first pixel.
    moments
        What tells repeated images of one place apart: (name, value) pairs such as the acquisition number.
    scanner
        Manufacturer and model; None where the header gives neither.
    spacing
        Distance between rows, then between columns, mm.
    thickness
        Nominal slice thickness, mm.
    window
        Centre and width in HU that the header proposes for display.
    problems
        Refusals; with any of them the frame cannot be measured.
    notes
        Warnings for the reader.
    computed
        What its header says it was computed as; None for plain CT.
    multi_energy
        Acquired with more than one tube voltage.
    burned_in
        Text or marks were written into the pixels.
    concatenation
        Where the image is spread over several files.
    """

    path: Path
    frame_number: int
    stamp: tuple[int, int]
    sop_instance_uid: str
    sop_class_uid: str
    study_uid: str
    series_uid: str
    frame_of_reference_uid: str
    patient: str
    patient_key: str
    modality: str
    image_type: tuple[str, ...]
    kernel: str
    scanner: str | None
    contrast: str
    body_part: str
    description: str
    orientation: tuple[Vector, Vector] | None
    position: Vector | None
    spacing: tuple[float, float] | None
    thickness: float | None
    tilt_tag: float | None
    window: tuple[float, float] | None
    instance_number: int
    moments: tuple[tuple[str, str], ...]
    lossy: bool
    pixels: PixelFormat
    problems: tuple[Notice, ...]
    notes: tuple[Notice, ...]
    computed: ComputedPicture | None = None
    multi_energy: bool = False
    burned_in: bool = False
    concatenation: ConcatenationPart | None = None
    series_number: str = ""
    patient_marks: tuple[str, ...] = ()
