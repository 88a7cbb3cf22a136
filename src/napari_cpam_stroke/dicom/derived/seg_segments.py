"""The segments of a DICOM SEG: what each shows, and who or what made it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pydicom.dataset import Dataset

from napari_cpam_stroke.core.label_map import HOW_TO_MAP, LabelMap
from napari_cpam_stroke.core.label_names import CodedName, Meaning, meaning_of_segment
from napari_cpam_stroke.core.mask_reading import MADE_BY, MadeBy, MaskMaker
from napari_cpam_stroke.dicom.derived import codes
from napari_cpam_stroke.dicom.headers.plain import plain_text
from napari_cpam_stroke.errors import InputError

_OWN_CODES = {(code.value, code.scheme_designator) for code in codes.SEGMENT_TYPE.values()}


@dataclass(frozen=True)
class Segment:
    """One segment as its file describes it.

    Attributes
    ----------
    label
        Its name as written; `shown` for people.
    kind
        Segmented property type.
    """

    number: int
    label: str
    kind: CodedName
    maker: MaskMaker

    @property
    def shown(self) -> str:
        """Number, name and type as plain text."""
        kind = plain_text(self.kind.meaning)
        return f"{self.number} '{plain_text(self.label)}'" + (f" ({kind})" if kind else "")

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
    found = tuple(_segment(item, dataset) for item in dataset.get("SegmentSequence") or [])
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
        remedy=HOW_TO_MAP.format(name=plain_text(found[0].label) or found[0].number),
    )


def no_lesion(segments: Iterable[Segment]) -> InputError:
    """Return the refusal of a segmentation that says nothing of lesions: its empty mask would say there are none."""
    found = tuple(segments)
    return InputError(
        "No segment of the segmentation shows a lesion",
        got="; ".join(segment.shown for segment in found),
        expected="hemorrhage or ischemia",
        remedy=HOW_TO_MAP.format(name=plain_text(found[0].label) or found[0].number),
    )


def _segment(item: Dataset, dataset: Dataset) -> Segment:
    kind = (item.get("SegmentedPropertyTypeCodeSequence") or [Dataset()])[0]
    return Segment(
        number=int(str(item.SegmentNumber)),
        label=_text(item, "SegmentLabel"),
        kind=CodedName(_text(kind, "CodeValue"), _text(kind, "CodingSchemeDesignator"), _text(kind, "CodeMeaning")),
        maker=_maker(item, dataset),
    )


def _maker(item: Dataset, dataset: Dataset) -> MaskMaker:
    """Return who made a segment; one that names an algorithm but not its part in it counts as automatic."""
    algorithm = (item.get("SegmentationAlgorithmIdentificationSequence") or [Dataset()])[0]
    name = _text(algorithm, "AlgorithmName") or _text(item, "SegmentAlgorithmName")
    program = (_text(dataset, name) for name in ("Manufacturer", "ManufacturerModelName", "SoftwareVersions"))
    return MaskMaker(
        made_by=_made_by(_text(item, "SegmentAlgorithmType"), name),
        algorithm_name=plain_text(name),
        algorithm_version=plain_text(_text(algorithm, "AlgorithmVersion")),
        program=plain_text(" ".join(dict.fromkeys(part for part in program if part))),
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
    return str(value).strip() if isinstance(value, str) or not hasattr(value, "__iter__") else " ".join(map(str, value))
