"""Checks of our own on what is written: validators miss some of what makes a file useless."""

from __future__ import annotations

from pydicom.dataset import Dataset

from napari_cpam_stroke.core import CTVolume
from napari_cpam_stroke.errors import SeriesError


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
    """Raise `SeriesError` if a SEG is not sound."""
    problems = segmentation_problems(segmentation, volume)
    if problems:
        raise SeriesError("The segmentation could not be written soundly", got="; ".join(problems[:3]))


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
