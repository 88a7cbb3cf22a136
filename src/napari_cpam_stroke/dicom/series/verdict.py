"""Judge a group of images: ready, to be looked at only, or refused; always with the reason."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from napari_cpam_stroke.core import VolumeGeometry
from napari_cpam_stroke.dicom.file.frame_header import FrameHeader
from napari_cpam_stroke.dicom.file.limits import MAX_SLICES, MAX_VOLUME_BYTES, MIN_SLICES
from napari_cpam_stroke.dicom.headers.frames import NO_RESCALE, OTHER_UNITS
from napari_cpam_stroke.dicom.series.grouping import Group, placed
from napari_cpam_stroke.dicom.series.kernels import kernel_sharpness

CT_IMAGES = "1.2.840.10008.5.1.4.1.1.2"
"""SOP classes of CT images begin with this."""

SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
"""SOP class of screen captures and scanned paper."""

PERFUSION_FROM = 3
"""From this many images of every place on, a series is a perfusion or other dynamic study."""

_PROJECTIONS = ("MIP", "MINIP", "MAX_IP", "MIN_IP", "MPR_MIP", "VRT", "SSD", "VOLUME_RENDERED", "PROJECTION IMAGE")
_MAPS = ("PERFUSION", "CBF", "CBV", "MTT", "TTP", "TMAX", "PARAMETRIC", "IODINE", "MONOENERGETIC")
_HEAD_WORDS = re.compile(r"HEAD|BRAIN|SKULL|CRAN|CEREB|NEURO|KOPF|TETE|CABEZA", re.IGNORECASE)
_CONTRAST_WORDS = re.compile(
    r"\bCTA\b|ANGIO|\+C\b|\bC\+|POST.?CONTRAST|CONTRAST|\bKM\b|VENOUS|ARTERIAL|PERFUSION", re.IGNORECASE
)
_NO_CONTRAST_WORDS = re.compile(
    r"W/?O\b|WITHOUT|NON|OHNE|NATIV|PLAIN|\bSANS\b|\bNO\b|\bSIN\b|PRE.?CONTRAST|\bNC", re.IGNORECASE
)


def refusals(group: Group, frames: Sequence[FrameHeader]) -> list[str]:
    """Return why the group cannot be read as a volume at all."""
    first = frames[0]
    found = [f"{problem[0].upper()}{problem[1:]}." for problem in first.problems]
    if first.modality != "CT" and (first.modality or not first.sop_class_uid.startswith(CT_IMAGES)):
        found.append(f"The modality is {first.modality or 'not given'}, not CT.")
    if "LOCALIZER" in first.image_type or "SCOUT" in first.image_type:
        found.append("A scout (localizer), not a volume.")
    if "SCREEN SAVE" in first.image_type or (first.sop_class_uid == SECONDARY_CAPTURE and not placed(first)):
        found.append("A screen capture, not CT slices.")
    if group.tangled:
        found.append("Several images lie at most places and nothing in the headers tells them apart.")
    size = len(frames) * first.pixels.rows * first.pixels.columns * 2
    if len(frames) > MAX_SLICES or size > MAX_VOLUME_BYTES:
        found.append(f"{len(frames)} slices ({size / 2**30:.1f} GB) are more than one volume may have.")
    return found


def limitations(group: Group, frames: Sequence[FrameHeader], geometry: VolumeGeometry | None) -> list[str]:
    """Return why the AI must stay off although the images can be looked at."""
    first = frames[0]
    kinds = {value for frame in frames for value in frame.image_type}
    found = []
    if not placed(first):
        found.append("The files give no position or no orientation: only single images, no volumes in ml.")
    elif len(frames) < MIN_SLICES:
        found.append("A single slice is not a volume: the AI stays off.")
    elif geometry is not None and not geometry.axial:
        found.append("Not axial (a reformat or an oblique series): the AI stays off.")
    if group.moments >= PERFUSION_FROM:
        found.append(f"One of {group.moments} time points (perfusion or dynamic study): the AI stays off.")
    if other := next((n for n in first.notes if n.startswith(OTHER_UNITS)), ""):
        found.append(f"{other}: these may be no CT numbers, the AI stays off.")
    if NO_RESCALE in first.notes:
        found.append(f"There is {NO_RESCALE}.")
    if computed := [kind for kind in (*_PROJECTIONS, *_MAPS) if kind in kinds]:
        found.append(f"A computed picture ({computed[0]}), not plain CT slices: the AI stays off.")
    return found


def contrast_reason(frame: FrameHeader) -> str:
    """Return the sentence about a contrast agent, or an empty string."""
    if not frame.contrast:
        return ""
    return "With contrast agent: the AI is made for non-contrast CT and stays off unless asked for."


def content_warnings(frame: FrameHeader) -> list[str]:
    """Return the banners of a sound series: contrast agent, bone kernel, lossy pixels, doubtful description."""
    found = []
    if frame.contrast:
        found.append(f"Contrast agent ({frame.contrast}).")
    elif suggests_contrast(frame):
        found.append("The description suggests a contrast agent, the header names none.")
    if kernel_sharpness(frame.kernel, frame.description) == "sharp":
        found.append(f"Bone kernel ({frame.kernel or 'by its description'}): noisy for brain tissue.")
    if not of_the_head(frame):
        found.append(f"The body part is {frame.body_part}, not the head.")
    if frame.lossy:
        found.append("The pixels were compressed with loss.")
    return found


def suggests_contrast(frame: FrameHeader) -> bool:
    """Whether there was a contrast agent, by the header or at least by the description."""
    words = frame.description
    return bool(frame.contrast or (_CONTRAST_WORDS.search(words) and not _NO_CONTRAST_WORDS.search(words)))


def of_the_head(frame: FrameHeader) -> bool:
    """Whether the body part is the head, or not given."""
    return not frame.body_part or bool(_HEAD_WORDS.search(frame.body_part))


def geometry_warnings(frames: Sequence[FrameHeader], geometry: VolumeGeometry) -> list[str]:
    """Return what is odd about a geometry that can still be used."""
    found = []
    if any(f.thickness is None for f in frames):
        found.append("Slice thickness is not given; the distance between slices is used.")
    if not geometry.frame_of_reference_uid:
        found.append("No frame of reference: positions cannot be compared with other series.")
    dominant = max(abs(float(geometry.row_direction[0])), abs(float(geometry.column_direction[1])))
    if geometry.axial and dominant < np.cos(np.pi / 4):
        found.append("The head lies on its side in the images: left and right are up and down.")
    return found
