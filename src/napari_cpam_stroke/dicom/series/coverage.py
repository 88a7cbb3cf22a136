"""Which tissue a stack leaves out: between its slices, beyond its ends, in parts that are not there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from napari_cpam_stroke.core import VolumeGeometry
from napari_cpam_stroke.core.notice import Notice, NoticeCode, warning
from napari_cpam_stroke.dicom.file.frame_header import FrameHeader
from napari_cpam_stroke.dicom.file.limits import GAP_FACTOR

MIN_HEAD_MM = 90.0
"""A stack shorter than this holds no whole brain; that of an adult is about 130 mm high."""

MIN_SLICES_EACH, INTERLEAVED_SHARE = 3, 0.5
"""Acquisitions interleave where each has so many slices, and more than this share of slices precede another's."""

UNREAD_STEP = 0.01
"""Rounding of steps and thickness in headers, as a share."""


def coverage_warnings(geometry: VolumeGeometry) -> list[Notice]:
    """Return what the stack leaves out, between its slices and beyond its ends, and what its ml then stand for."""
    return [] if geometry.slices < 2 else [*_between(geometry), *_beyond(geometry)]


def _between(geometry: VolumeGeometry) -> list[Notice]:
    steps, thickness = geometry.steps_mm, geometry.thickness_mm
    reach = np.maximum((thickness[:-1] + thickness[1:]) / 2, 0)
    wide = np.flatnonzero(steps > GAP_FACTOR * reach * (1 + UNREAD_STEP))
    if not wide.size:
        return []
    left_out = float((steps[wide] - reach[wide]).sum())
    step, thick = float(np.median(steps[wide])), float(np.median(reach[wide]))
    where = "" if len(wide) == len(steps) else f" at {len(wide)} of {len(steps)} places"
    sentence = (
        f"The slices are {thick:g} mm thick but {step:.4g} mm apart{where}: {left_out:.0f} mm of tissue between them "
        "are not in these images. In ml each slice stands for half the way to both its neighbours."
    )
    values = {"thickness_mm": round(thick, 3), "step_mm": round(step, 3), "left_out_mm": round(left_out, 2)}
    return [warning(NoticeCode.TISSUE_LEFT_OUT, sentence, **values)]


def _beyond(geometry: VolumeGeometry) -> list[Notice]:
    ends = (geometry.thickness_mm[0] + geometry.thickness_mm[-1]) / 2
    length = float(geometry.steps_mm.sum() + ends)
    if length >= MIN_HEAD_MM:
        return []
    sentence = (
        f"The stack is only {length:.0f} mm high, less than a whole brain (about 130 mm): "
        "ml and lesions are those of this part."
    )
    return [warning(NoticeCode.PART_OF_A_HEAD, sentence, length_mm=round(length, 2))]


def interleaved_acquisitions(frames: Sequence[FrameHeader]) -> list[Notice]:
    """Return that slices, ascending, of several acquisitions lie between each other: perhaps several scans."""
    numbers = [dict(frame.moments).get("acquisition", "") for frame in frames]
    distinct = len(set(numbers))
    changes = sum(a != b for a, b in pairwise(numbers))
    if distinct < 2 or len(frames) < MIN_SLICES_EACH * distinct or changes <= len(frames) * INTERLEAVED_SHARE:
        return []
    sentence = (
        f"Slices of {distinct} acquisitions lie between each other: they may be {distinct} scans in one series, "
        "and what is between two slices may have moved or changed."
    )
    return [warning(NoticeCode.ACQUISITIONS_INTERLEAVED, sentence, acquisitions=distinct)]


def missing_parts(frames: Sequence[FrameHeader]) -> list[Notice]:
    """Return which files are missing where the header says that an image is spread over several."""
    numbers: defaultdict[str, set[int]] = defaultdict(set)
    totals: defaultdict[str, int] = defaultdict(int)
    for frame in frames:
        if part := frame.concatenation:
            numbers[part.uid].add(part.number)
            totals[part.uid] = max(totals[part.uid], part.total or 0, part.number)
    found = []
    for uid, held in numbers.items():
        missing = sorted(set(range(1, totals[uid] + 1)) - held)
        if missing:
            found.append(_parts_notice(missing, totals[uid]))
    return found


def _parts_notice(missing: Sequence[int], total: int) -> Notice:
    named = ", ".join(map(str, missing[:8])) + (" and others" if len(missing) > 8 else "")
    what = (
        f"part {named} of {total} of this series is"
        if len(missing) == 1
        else f"parts {named} of {total} of this series are"
    )
    sentence = f"The header says that {what} missing: ml and lesions are those of the rest."
    return warning(NoticeCode.PARTS_MISSING, sentence, missing=len(missing), of=total)
