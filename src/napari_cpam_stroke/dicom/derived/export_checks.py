"""Checks of our own on what is written: validators miss some of what makes a file useless."""

from __future__ import annotations

from collections.abc import Iterator

from pydicom.dataset import Dataset

from napari_cpam_stroke.core import CTVolume, LesionClass, LesionTable
from napari_cpam_stroke.dicom.derived import codes
from napari_cpam_stroke.errors import UnreferableError

VOLUME_TOLERANCE_ML = 0.001
"""Rounding of the volumes in a report."""

_GROUP, _DEVICE_UID = "125007", "121012"
"""Code values (DCM) of a measurement group and of a device observer's UID."""


def segmentation_problems(segmentation: Dataset, volume: CTVolume) -> list[str]:
    """Return what is wrong with a SEG made for `volume`; an empty list when it is sound.

    Looks for what dciodvfy does not: a missing frame of reference, frames without position or source image, references
    to images that are not the volume's, another grid, another content.
    """
    found = []
    geometry = volume.geometry
    if not segmentation.get("FrameOfReferenceUID"):
        found.append("FrameOfReferenceUID (0020,0052) is missing")
    elif geometry is not None and segmentation.FrameOfReferenceUID != geometry.frame_of_reference_uid:
        found.append("FrameOfReferenceUID (0020,0052) is not the series'")
    if (segmentation.Rows, segmentation.Columns) != volume.shape[1:]:
        found.append("rows and columns are not the series'")
    if segmentation.get("ContentDescription") != volume.content_hash:
        found.append("the content hash is not the series'")
    known = {frame.sop_instance_uid for frame in volume.source}
    groups = segmentation.get("PerFrameFunctionalGroupsSequence", [])
    if len(groups) != int(segmentation.get("NumberOfFrames", 0)):
        found.append("the number of frames differs from their descriptions")
    for number, group in enumerate(groups, start=1):
        found += [f"frame {number} {problem}" for problem in _frame_problems(group, known)]
    return found


def check_segmentation(segmentation: Dataset, volume: CTVolume) -> None:
    """Raise `UnreferableError` if a SEG is not sound."""
    problems = segmentation_problems(segmentation, volume)
    if problems:
        raise UnreferableError("The segmentation could not be written soundly", got="; ".join(problems[:3]))


def report_problems(report: Dataset, table: LesionTable) -> list[str]:
    """Return what is wrong with an SR on a mask measured as `table`: rows that are missing, values that differ."""
    groups = [item for item in _walk(report) if _concept(item) == _GROUP]
    found = []
    if len(groups) != len(LesionClass) + len(table.lesions):
        found.append(f"{len(groups)} groups for {len(LesionClass)} classes and {len(table.lesions)} lesions")
    volumes = [*(table.volumes_ml[c.label] for c in LesionClass), *(lesion.volume_ml for lesion in table.lesions)]
    for number, (group, volume_ml) in enumerate(zip(groups, volumes, strict=False), start=1):
        found += [f"group {number} {problem}" for problem in _group_problems(group, volume_ml or 0.0)]
    if not any(_concept(item) == _DEVICE_UID for item in _walk(report)):
        found.append("the device observer has no UID")
    return found


def check_report(report: Dataset, table: LesionTable) -> None:
    """Raise `UnreferableError` if an SR is not sound."""
    problems = report_problems(report, table)
    if problems:
        raise UnreferableError("The report could not be written soundly", got="; ".join(problems[:3]))


def _group_problems(group: Dataset, volume_ml: float) -> list[str]:
    numbers = [item for item in group.ContentSequence if item.ValueType == "NUM"]
    values = [item.MeasuredValueSequence[0] for item in numbers]
    found = []
    if any(v.MeasurementUnitsCodeSequence[0].CodingSchemeDesignator != "UCUM" for v in values):
        found.append("has a unit that is not UCUM's")
    written = [v.NumericValue for item, v in zip(numbers, values, strict=True) if _concept(item) == codes.VOLUME.value]
    if len(written) != 1 or abs(float(written[0]) - volume_ml) > VOLUME_TOLERANCE_ML:
        found.append("has another volume than the mask")
    return found


def _walk(item: Dataset) -> Iterator[Dataset]:
    for child in item.get("ContentSequence", []):
        yield child
        yield from _walk(child)


def _concept(item: Dataset) -> str:
    return str(item.ConceptNameCodeSequence[0].CodeValue) if item.get("ConceptNameCodeSequence") else ""


def _frame_problems(group: Dataset, known: set[str]) -> list[str]:
    found = []
    positions = group.get("PlanePositionSequence")
    if not positions or len(positions[0].get("ImagePositionPatient") or ()) != 3:
        found.append("has no position")
    sources = [
        str(image.ReferencedSOPInstanceUID)
        for derivation in group.get("DerivationImageSequence", [])
        for image in derivation.get("SourceImageSequence", [])
    ]
    if not sources:
        found.append("names no source image")
    elif not set(sources) <= known:
        found.append("names an image of another series")
    return found
