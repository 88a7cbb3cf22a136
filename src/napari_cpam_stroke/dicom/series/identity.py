"""Which frames are of one series: absent identifiers tell nothing apart, identifiers of every slice neither."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

from napari_cpam_stroke.core.notice import NoticeCode, warning
from napari_cpam_stroke.dicom.file.frame_header import FrameHeader
from napari_cpam_stroke.dicom.file.limits import SAME_PLACE_MM
from napari_cpam_stroke.dicom.series.grouping import (
    along_normal,
    complete_each_other,
    even,
    one_line,
    placed,
    repeated_share,
    same_shape,
)

MIN_JOINED = 3
"""Slices with an identifier of their own each that may be one volume; two are too few to see a stack."""

ENHANCED_CT = "1.2.840.10008.5.1.4.1.1.2.1"
"""SOP class of Enhanced CT, also where a converter made it of classic images."""

_SOFT = ("study_uid", "frame_of_reference_uid", "kernel", "image_type", "modality")
"""Values that an image may lack and still be of the same stack."""

_WHOLE = {"study_uid": "study", "frame_of_reference_uid": "frame of reference"}
"""Identifiers of more than one image; where every image has its own, they tell nothing."""

_NUMBERS = re.compile(r"\d+")


def gather_series(frames: Sequence[FrameHeader]) -> tuple[list[list[FrameHeader]], list[FrameHeader]]:
    """Return the frames of every series in the order in which they were found, and copies that were left out.

    Slices with Series UIDs of their own are joined where study, series number, patient, frame of reference and place
    fit; otherwise each carries a warning. A value that some images of a series lack is taken from the others where
    that leaves one image at each place.
    """
    named: dict[Hashable, list[FrameHeader]] = defaultdict(list)
    for frame in frames:
        named[frame.series_uid or frame.path.parent].append(frame)
    gathered, copies = [], []
    for members in _join_fragments(list(named.values())):
        kept, left_out = _without_other_form(members)
        copies += left_out
        gathered.append([frame for part in same_shape(kept) for frame in _reconciled(part)])
    return gathered, copies


def _join_fragments(series: list[list[FrameHeader]]) -> list[list[FrameHeader]]:
    """Return the series, those put together that only their Series UID tells apart."""
    pools: dict[Hashable, list[list[FrameHeader]]] = defaultdict(list)
    for number, members in enumerate(series):
        first = members[0]
        whole = not all(map(placed, members)) or len(same_shape(members)) > 1
        pools[number if whole else _fragment_key(first)].append(members)
    return [found for pool in pools.values() for found in _joined(pool)]


def _fragment_key(frame: FrameHeader) -> Hashable:
    """Return what must be equal in what is joined; descriptions may count the slices."""
    shape = tuple(round(v, 2) for axis in frame.orientation or () for v in axis)
    return (
        frame.modality,
        frame.image_type[:3],
        frame.kernel,
        frame.contrast,
        _NUMBERS.sub("", frame.description),
        frame.series_number,
        shape,
    )


def _joined(pool: list[list[FrameHeader]]) -> list[list[FrameHeader]]:
    together = [frame for members in pool for frame in members]
    single = all(len(members) == 1 for members in pool)
    if len(pool) < 2 or (single and len(together) < MIN_JOINED) or len(same_shape(together)) > 1:
        return pool
    if not one_line(together) or not (single or even(together)):
        return pool
    against = _against(together)
    if not single and (against or not together[0].series_number):
        return pool
    words = f"{len(together)} images with {len(pool)} different Series Instance UIDs"
    if single:
        words = f"{len(together)} files, each with a Series Instance UID of its own"
    if against:
        return [
            _noted(members, f"{words}: they look like one stack, but are not joined: {against}.") for members in pool
        ]
    return [_noted(together, f"{words}: one stack by study, series number and place; they were joined.")]


def _against(frames: Sequence[FrameHeader]) -> str:
    """Return what speaks against one series although the places fit; empty if nothing does."""
    studies = {frame.study_uid for frame in frames}
    if len(studies) > 1 or "" in studies:
        return "their study differs or is not given"
    if _contradict(frames):
        return "their patient differs"
    places = {frame.frame_of_reference_uid for frame in frames} - {""}
    if len(places) > 1 and not _one_each(frames, "frame_of_reference_uid"):
        return "their frame of reference differs"
    return ""


def _contradict(frames: Sequence[FrameHeader]) -> bool:
    """Whether two frames name different patients; what one of them does not give is no difference."""
    marks = [frame.patient_marks or (frame.patient_key,) for frame in frames]
    return any(len(set(column) - {""}) > 1 for column in zip(*marks, strict=False))


def _one_each(frames: Sequence[FrameHeader], field: str) -> bool:
    """Whether an identifier changes from slice to slice, so that it tells nothing."""
    named = Counter(value for frame in frames if (value := getattr(frame, field)))
    return len(named) >= MIN_JOINED and 2 * len(named) > len(frames)


def _without_other_form(frames: list[FrameHeader]) -> tuple[list[FrameHeader], list[FrameHeader]]:
    """Return a series once where it lies there both as classic images and as Enhanced multi-frame."""
    kept, left_out = [], []
    for part in same_shape(frames):
        forms = [[f for f in part if (f.sop_class_uid == ENHANCED_CT) is enhanced] for enhanced in (False, True)]
        fewer, more = sorted(forms, key=len)
        if not fewer or not _same_images(fewer, more):
            kept += part
            continue
        words = "This series lies here twice, as single images and as Enhanced multi-frame"
        kept += _noted(more, f"{words}: the form with {len(more)} slices was read, the other left out.")
        left_out += fewer
    return kept, left_out


def _same_images(fewer: Sequence[FrameHeader], more: Sequence[FrameHeader]) -> bool:
    """Whether every frame of one form has its like at the same place in the other form."""
    together = [*fewer, *more]
    if not all(map(placed, together)) or _contradict(together) or not _agree(together):
        return False
    if repeated_share(fewer) > 0 or repeated_share(more) > 0:
        return False
    places = along_normal(together)
    there = places[len(fewer) :]
    return all(abs(there - place).min() < SAME_PLACE_MM for place in places[: len(fewer)])


def _agree(frames: Sequence[FrameHeader]) -> bool:
    """Whether frames may be the same reconstruction: kernel, contrast agent and the first words of the image type."""
    kernels = {frame.kernel for frame in frames} - {""}
    kinds = {frame.image_type[:2] for frame in frames} - {()}
    return len(kernels) <= 1 and len(kinds) <= 1 and len({frame.contrast for frame in frames}) == 1


def _reconciled(frames: list[FrameHeader]) -> list[FrameHeader]:
    """Return frames of one shape with absent values filled in where that makes one stack of them."""
    for field, name in _WHOLE.items():
        if len(frames) >= MIN_JOINED and _one_each(frames, field) and not _contradict(frames) and one_line(frames):
            sentence = f"{len(frames)} images with a {name} each: one stack by series and place; they were joined."
            frames = _noted([_without(frame, field) for frame in frames], sentence)
    kinds: dict[Hashable, list[FrameHeader]] = defaultdict(list)
    for frame in frames:
        kinds[frame.patient_marks, *(getattr(frame, name) for name in _SOFT)].append(frame)
    if len(kinds) < 2 or not _fit(frames) or not _one_stack(list(kinds.values())):
        return frames
    fullest = max(frames, key=lambda frame: [bool(mark) for mark in frame.patient_marks])
    values: dict[str, Any] = {
        name: next((v for f in frames if (v := getattr(f, name))), getattr(frames[0], name)) for name in _SOFT
    }
    marks = tuple(
        next((m for m in column if m), "") for column in zip(*(f.patient_marks for f in frames), strict=False)
    )
    values |= {"patient": fullest.patient, "patient_key": fullest.patient_key, "patient_marks": marks}
    sentence = "Some images of this series lack an identifier that the others have; they were taken as one series."
    return _noted([replace(frame, **values) for frame in frames], sentence)


def _without(frame: FrameHeader, field: str) -> FrameHeader:
    blank: dict[str, Any] = {field: ""}
    return replace(frame, **blank)


def _fit(frames: Sequence[FrameHeader]) -> bool:
    """Whether frames differ only in what some of them lack."""
    return not _contradict(frames) and all(len({getattr(f, name) for f in frames} - {"", ()}) <= 1 for name in _SOFT)


def _one_stack(parts: list[list[FrameHeader]]) -> bool:
    if not all(placed(frame) for part in parts for frame in part):
        return True
    return all(complete_each_other(a, b) for a, b in combinations(parts, 2))


def _noted(frames: Sequence[FrameHeader], sentence: str) -> list[FrameHeader]:
    notice = warning(NoticeCode.IDENTIFIERS_DIFFER, sentence)
    return [replace(frame, notes=(*frame.notes, notice)) for frame in frames]
