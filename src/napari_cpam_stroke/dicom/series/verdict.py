"""Judge a group of images: ready, to be looked at only, or refused; always with the reason."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from napari_cpam_stroke.core import VolumeGeometry
from napari_cpam_stroke.core.notice import Notice, NoticeCode, limitation, refusal, warning
from napari_cpam_stroke.dicom.file.frame_header import FrameHeader
from napari_cpam_stroke.dicom.file.limits import MAX_SLICES, MAX_VOLUME_BYTES, MIN_SLICES
from napari_cpam_stroke.dicom.series.content import (
    computed_limitations,
    computed_warnings,
    share_of,
    unit_limitations,
)
from napari_cpam_stroke.dicom.series.grouping import Group, placed
from napari_cpam_stroke.dicom.series.kernels import kernel_sharpness

CT_IMAGES = "1.2.840.10008.5.1.4.1.1.2"
"""SOP classes of CT images begin with this."""

OTHER_IMAGES = {
    "1.2.840.10008.5.1.4.1.1.4": "MR",
    "1.2.840.10008.5.1.4.1.1.20": "NM",
    "1.2.840.10008.5.1.4.1.1.128": "PET",
    "1.2.840.10008.5.1.4.1.1.130": "PET",
}
"""SOP classes of other images, also with a further number behind, and what they are."""

SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
"""SOP class of screen captures and scanned paper."""

PERFUSION_FROM = 3
"""From this many images of every place on, a series is a perfusion or other dynamic study."""

_LOCALIZER = re.compile(
    r"(?<![A-Z])(?:LOCALI[SZ]ER|SCOUT|TOPOGRAM|SURVIEW|SCANO(?:GRAM|SCOPE)?|CT_SOM\d+ TOP)(?![A-Z])"
)
"""Words of ImageType for an overview, by several makers."""

_PICTURES = frozenset({"SCREEN SAVE", "DOSE_INFO", "CT_SOM5 PROT", "CT_SOM7 PROT", "CT_SOM8 PROT"})
"""Values of ImageType for pictures of text: screens, protocols, dose."""

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
    elif other := next((_other_images(frame) for frame in frames if _other_images(frame)), ""):
        sentence = f"The modality is CT, but the SOP class is that of {other} images."
        found.append(refusal(NoticeCode.NOT_CT, sentence, modality=other))
    kinds = {value for frame in frames for value in frame.image_type}
    if any(map(_LOCALIZER.search, kinds)):
        found.append(refusal(NoticeCode.LOCALIZER, "A scout (localizer), not a volume."))
    if kinds & _PICTURES or (first.sop_class_uid == SECONDARY_CAPTURE and not placed(first)):
        found.append(refusal(NoticeCode.SCREEN_CAPTURE, "A screen capture, not CT slices."))
    if group.tangled:
        sentence = "Several images lie at most places and nothing in the headers tells them apart."
        found.append(refusal(NoticeCode.IMAGES_NOT_TOLD_APART, sentence))
    size = len(frames) * first.pixels.rows * first.pixels.columns * 2
    if len(frames) > MAX_SLICES or size > MAX_VOLUME_BYTES:
        sentence = f"{len(frames)} slices ({size / 2**30:.1f} GB) are more than one volume may have."
        found.append(refusal(NoticeCode.VOLUME_TOO_LARGE, sentence, slices=len(frames), bytes=size))
    return found


def _other_images(frame: FrameHeader) -> str:
    """Return what a SOP class holds where that is not CT; empty where it may be."""
    uid = frame.sop_class_uid
    return next((kind for start, kind in OTHER_IMAGES.items() if uid == start or uid.startswith(f"{start}.")), "")


def limitations(group: Group, frames: Sequence[FrameHeader], geometry: VolumeGeometry | None) -> list[Notice]:
    """Return why the AI must stay off although the images can be looked at; a contrast agent apart."""
    found = _shape_limitations(frames, geometry) + unit_limitations(frames)
    if group.contested:
        named = " and ".join(group.contested)
        sentence = f"Other images under the same Series Instance UID name another {named}: the AI stays off."
        found.append(limitation(NoticeCode.IDENTIFIERS_DIFFER, sentence, differing=named))
    if group.moments >= PERFUSION_FROM:
        sentence = f"One of {group.moments} time points (perfusion or dynamic study): the AI stays off."
        found.append(limitation(NoticeCode.TIME_SERIES, sentence, time_points=group.moments))
    return found + computed_limitations(frames)


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


def contrast_limitation(frames: Sequence[FrameHeader]) -> list[Notice]:
    """Return why the AI stays off unless asked for: a contrast agent; empty without one."""
    agent = next((frame.contrast for frame in frames if frame.contrast), "")
    sentence = "With contrast agent: the AI is made for non-contrast CT and stays off unless asked for."
    return [limitation(NoticeCode.CONTRAST_AGENT, sentence, agent=agent)] if agent else []


def content_warnings(frames: Sequence[FrameHeader]) -> list[Notice]:
    """Return the banners of a sound series: contrast agent, bone kernel, lossy pixels, doubtful description."""
    found = []
    if agent := next((frame.contrast for frame in frames if frame.contrast), ""):
        found.append(warning(NoticeCode.CONTRAST_AGENT, f"Contrast agent ({agent}).", agent=agent))
    elif any(map(suggests_contrast, frames)):
        sentence = "The description suggests a contrast agent, the header names none."
        found.append(warning(NoticeCode.CONTRAST_SUSPECTED, sentence))
    sharp = next((f for f in frames if kernel_sharpness(f.kernel, f.description) == "sharp"), None)
    if sharp is not None:
        sentence = f"Bone kernel ({sharp.kernel or 'by its description'}): noisy for brain tissue."
        found.append(warning(NoticeCode.BONE_KERNEL, sentence, kernel=sharp.kernel))
    elsewhere = next((frame.body_part for frame in frames if not of_the_head(frame)), "")
    if elsewhere:
        sentence = f"The body part is {elsewhere}, not the head."
        found.append(warning(NoticeCode.OTHER_BODY_PART, sentence, body_part=elsewhere))
    if lossy := sum(frame.lossy for frame in frames):
        sentence = f"The pixels {share_of(lossy, frames)}were compressed with loss."
        some = {} if lossy == len(frames) else {"slices": lossy}
        found.append(warning(NoticeCode.LOSSY_COMPRESSION, sentence, **some))
    return found + computed_warnings(frames)


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
