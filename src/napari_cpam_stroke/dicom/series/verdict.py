"""Judge a group of images: ready, to be looked at only, or refused; always with the reason."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from napari_cpam_stroke.core import VolumeGeometry
from napari_cpam_stroke.core.notice import Notice, NoticeCode, limitation, notice_of, refusal, warning
from napari_cpam_stroke.dicom.file.frame_header import FrameHeader
from napari_cpam_stroke.dicom.file.limits import MAX_SLICES, MAX_VOLUME_BYTES, MIN_SLICES
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


def refusals(group: Group, frames: Sequence[FrameHeader]) -> list[Notice]:
    """Return why the group cannot be read as a volume at all."""
    first = frames[0]
    found = list(first.problems)
    if first.modality != "CT" and (first.modality or not first.sop_class_uid.startswith(CT_IMAGES)):
        sentence = f"The modality is {first.modality or 'not given'}, not CT."
        found.append(refusal(NoticeCode.NOT_CT, sentence, modality=first.modality))
    if "LOCALIZER" in first.image_type or "SCOUT" in first.image_type:
        found.append(refusal(NoticeCode.LOCALIZER, "A scout (localizer), not a volume."))
    if "SCREEN SAVE" in first.image_type or (first.sop_class_uid == SECONDARY_CAPTURE and not placed(first)):
        found.append(refusal(NoticeCode.SCREEN_CAPTURE, "A screen capture, not CT slices."))
    if group.tangled:
        sentence = "Several images lie at most places and nothing in the headers tells them apart."
        found.append(refusal(NoticeCode.IMAGES_NOT_TOLD_APART, sentence))
    size = len(frames) * first.pixels.rows * first.pixels.columns * 2
    if len(frames) > MAX_SLICES or size > MAX_VOLUME_BYTES:
        sentence = f"{len(frames)} slices ({size / 2**30:.1f} GB) are more than one volume may have."
        found.append(refusal(NoticeCode.VOLUME_TOO_LARGE, sentence, slices=len(frames), bytes=size))
    return found


def limitations(group: Group, frames: Sequence[FrameHeader], geometry: VolumeGeometry | None) -> list[Notice]:
    """Return why the AI must stay off although the images can be looked at; a contrast agent apart."""
    first = frames[0]
    found = _shape_limitations(frames, geometry) + _unit_limitations(first)
    if group.moments >= PERFUSION_FROM:
        sentence = f"One of {group.moments} time points (perfusion or dynamic study): the AI stays off."
        found.append(limitation(NoticeCode.TIME_SERIES, sentence, time_points=group.moments))
    kinds = {value for frame in frames for value in frame.image_type}
    if computed := [kind for kind in (*_PROJECTIONS, *_MAPS) if kind in kinds]:
        sentence = f"A computed picture ({computed[0]}), not plain CT slices: the AI stays off."
        found.append(limitation(NoticeCode.COMPUTED_PICTURE, sentence, image_type=computed[0]))
    return found


def _shape_limitations(frames: Sequence[FrameHeader], geometry: VolumeGeometry | None) -> list[Notice]:
    first = frames[0]
    if not placed(first):
        sentence = "The files give no position or no orientation: only single images, no volumes in ml."
        return [limitation(NoticeCode.NO_POSITION, sentence)]
    if len(frames) < MIN_SLICES:
        return [limitation(NoticeCode.SINGLE_SLICE, "A single slice is not a volume: the AI stays off.")]
    if geometry is not None and not geometry.axial:
        sentence = "Not axial (a reformat or an oblique series): the AI stays off."
        return [limitation(NoticeCode.NOT_AXIAL, sentence)]
    return []


def _unit_limitations(frame: FrameHeader) -> list[Notice]:
    found = []
    if other := notice_of(frame.notes, NoticeCode.NOT_HOUNSFIELD):
        units = other.data["rescale_type"]
        sentence = f"RescaleType is not HU ({units}): these may be no CT numbers, the AI stays off."
        found.append(limitation(NoticeCode.NOT_HOUNSFIELD, sentence, rescale_type=units))
    if notice_of(frame.notes, NoticeCode.RESCALE_MISSING):
        sentence = "There is no RescaleSlope and RescaleIntercept: the values may not be Hounsfield units."
        found.append(limitation(NoticeCode.RESCALE_MISSING, sentence))
    return found


def contrast_limitation(frame: FrameHeader) -> list[Notice]:
    """Return why the AI stays off unless asked for: a contrast agent; empty without one."""
    sentence = "With contrast agent: the AI is made for non-contrast CT and stays off unless asked for."
    return [limitation(NoticeCode.CONTRAST_AGENT, sentence, agent=frame.contrast)] if frame.contrast else []


def content_warnings(frame: FrameHeader) -> list[Notice]:
    """Return the banners of a sound series: contrast agent, bone kernel, lossy pixels, doubtful description."""
    found = []
    if frame.contrast:
        found.append(warning(NoticeCode.CONTRAST_AGENT, f"Contrast agent ({frame.contrast}).", agent=frame.contrast))
    elif suggests_contrast(frame):
        sentence = "The description suggests a contrast agent, the header names none."
        found.append(warning(NoticeCode.CONTRAST_SUSPECTED, sentence))
    if kernel_sharpness(frame.kernel, frame.description) == "sharp":
        sentence = f"Bone kernel ({frame.kernel or 'by its description'}): noisy for brain tissue."
        found.append(warning(NoticeCode.BONE_KERNEL, sentence, kernel=frame.kernel))
    if not of_the_head(frame):
        sentence = f"The body part is {frame.body_part}, not the head."
        found.append(warning(NoticeCode.OTHER_BODY_PART, sentence, body_part=frame.body_part))
    if frame.lossy:
        found.append(warning(NoticeCode.LOSSY_COMPRESSION, "The pixels were compressed with loss."))
    return found


def suggests_contrast(frame: FrameHeader) -> bool:
    """Whether there was a contrast agent, by the header or at least by the description."""
    words = frame.description
    return bool(frame.contrast or (_CONTRAST_WORDS.search(words) and not _NO_CONTRAST_WORDS.search(words)))


def of_the_head(frame: FrameHeader) -> bool:
    """Whether the body part is the head, or not given."""
    return not frame.body_part or bool(_HEAD_WORDS.search(frame.body_part))


def geometry_warnings(frames: Sequence[FrameHeader], geometry: VolumeGeometry) -> list[Notice]:
    """Return what is odd about a geometry that can still be used."""
    found = []
    if any(f.thickness is None for f in frames):
        sentence = "Slice thickness is not given; the distance between slices is used."
        found.append(warning(NoticeCode.THICKNESS_MISSING, sentence))
    if not geometry.frame_of_reference_uid:
        sentence = "No frame of reference: positions cannot be compared with other series."
        found.append(warning(NoticeCode.NO_FRAME_OF_REFERENCE, sentence))
    dominant = max(abs(float(geometry.row_direction[0])), abs(float(geometry.column_direction[1])))
    if geometry.axial and dominant < np.cos(np.pi / 4):
        sentence = "The head lies on its side in the images: left and right are up and down."
        found.append(warning(NoticeCode.HEAD_ON_ITS_SIDE, sentence))
    return found
