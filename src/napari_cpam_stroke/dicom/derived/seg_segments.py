"""The segments of a DICOM SEG: what each shows, and who or what made it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from napari_cpam_stroke.core.label_map import HOW_TO_MAP, LabelMap
from napari_cpam_stroke.core.label_names import CodedName, Meaning, meaning_of_segment
from napari_cpam_stroke.core.mask_reading import MADE_BY, MadeBy, MaskMaker
from napari_cpam_stroke.dicom.derived import codes
from napari_cpam_stroke.dicom.headers.plain import name_parts, plain_text
from napari_cpam_stroke.errors import InputError

_OWN_CODES = {(code.value, code.scheme_designator) for code in codes.SEGMENT_TYPE.values()}


_NUMBERS = ("PatientID", "OtherPatientIDs", "AccessionNumber")
_NAMES = (
    *("PatientName", "OtherPatientNames", "ContentCreatorName", "OperatorsName", "ReferringPhysicianName"),
    *("PerformingPhysicianName", "NameOfPhysiciansReadingStudy", "RequestingPhysician"),
)
"""Elements whose words are hidden in all that is said of a segmentation."""


@dataclass(frozen=True)
class Segment:
    """One segment as its file describes it.

    Attributes
    ----------
    label
        Its name as written; `shown` for people.
    kind
        Segmented property type.
    hidden
        Words of people's names and numbers that are never shown.
    """

    number: int
    label: str
    kind: CodedName
    maker: MaskMaker
    hidden: tuple[str, ...] = field(default=(), repr=False)

    @property
    def shown(self) -> str:
        """Number, name and type as plain text."""
        kind = plain_text(self.kind.meaning, hide=self.hidden)
        return f"{self.number} '{plain_text(self.label, hide=self.hidden)}'" + (f" ({kind})" if kind else "")

    @property
    def mapped_by(self) -> str | int:
        """What a user says to name it: its label, or its number where there is none or it names somebody."""
        label = plain_text(self.label)
        return label if label and label == plain_text(self.label, hide=self.hidden) else self.number

    def meaning(self, labels: LabelMap) -> Meaning:
        """Return what it shows: by the user's word, else by its name and type."""
        return labels.of(self.label, self.number) or meaning_of_segment(self.label, self.kind)

    @property
    def written_here(self) -> bool:
        """Whether it is named and coded as this program does."""
        return (self.kind.value, self.kind.scheme) in _OWN_CODES and self.label == self.kind.meaning


def read_segments(dataset: Dataset) -> tuple[Segment, ...]:
    """Return the segments of a SEG.

    Raises
    ------
    InputError
        If there is none, or two have one number.
    """
    hidden = _people_in(dataset)
    found = tuple(_segment(item, dataset, hidden) for item in dataset.get("SegmentSequence") or [])
    if not found or len({segment.number for segment in found}) < len(found):
        raise InputError(
            "The segmentation does not describe its segments",
            got=", ".join(segment.shown for segment in found) or "none",
            expected="one description per segment",
        )
    return found


def not_understood(segments: Iterable[Segment]) -> InputError:
    """Return the refusal of a segmentation with segments that could be a lesion and could be none."""
    found = tuple(segments)
    return InputError(
        "The segmentation has a segment that is not understood",
        got="; ".join(segment.shown for segment in found),
        expected="a name or code of hemorrhage or ischemia, or of what is no lesion",
        remedy=HOW_TO_MAP.format(name=found[0].mapped_by),
    )


def no_lesion(segments: Iterable[Segment]) -> InputError:
    """Return the refusal of a segmentation that says nothing of lesions: its empty mask would say there are none."""
    found = tuple(segments)
    return InputError(
        "No segment of the segmentation shows a lesion",
        got="; ".join(segment.shown for segment in found),
        expected="hemorrhage or ischemia",
        remedy=HOW_TO_MAP.format(name=found[0].mapped_by),
    )


def _people_in(dataset: Dataset) -> tuple[str, ...]:
    """Return the words that tell who the patient is, or who worked on the images."""
    names = " ".join(_text(dataset, name) for name in _NAMES)
    return (*(number for name in _NUMBERS for number in _text(dataset, name).split()), *name_parts(names))


def _segment(item: Dataset, dataset: Dataset, hidden: tuple[str, ...]) -> Segment:
    kind = (item.get("SegmentedPropertyTypeCodeSequence") or [Dataset()])[0]
    return Segment(
        number=int(str(item.SegmentNumber)),
        label=_text(item, "SegmentLabel"),
        kind=CodedName(_text(kind, "CodeValue"), _text(kind, "CodingSchemeDesignator"), _text(kind, "CodeMeaning")),
        maker=_maker(item, dataset, hidden),
        hidden=hidden,
    )


def _maker(item: Dataset, dataset: Dataset, hidden: tuple[str, ...]) -> MaskMaker:
    """Return who made a segment; one that names an algorithm but not its part in it counts as automatic."""
    algorithm = (item.get("SegmentationAlgorithmIdentificationSequence") or [Dataset()])[0]
    name = _text(algorithm, "AlgorithmName") or _text(item, "SegmentAlgorithmName")
    program = (_text(dataset, name) for name in ("Manufacturer", "ManufacturerModelName", "SoftwareVersions"))
    return MaskMaker(
        made_by=_made_by(_text(item, "SegmentAlgorithmType"), name),
        algorithm_name=plain_text(name, hide=hidden),
        algorithm_version=plain_text(_text(algorithm, "AlgorithmVersion"), hide=hidden),
        program=plain_text(" ".join(dict.fromkeys(part for part in program if part)), hide=hidden),
    )


def _made_by(written: str, algorithm: str) -> MadeBy:
    word = written.strip().upper()
    if word.startswith("AUTO"):
        return "AUTOMATIC"
    unstated: MadeBy = "AUTOMATIC" if algorithm else ""
    return next((kind for kind in MADE_BY if kind and kind == word), unstated)


def _text(dataset: Dataset, name: str) -> str:
    value = dataset.get(name)
    if value is None:
        return ""
    return " ".join(map(str, value)) if isinstance(value, MultiValue | list) else str(value).strip()
