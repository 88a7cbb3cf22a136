"""Order the images of a group along their normal; drop copies, find gaps, and say what the stack looks like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_cpam_stroke.core import VolumeGeometry
from napari_cpam_stroke.core.geometry import TILT_FROM_DEGREES
from napari_cpam_stroke.core.notice import Notice, NoticeCode, info, warning
from napari_cpam_stroke.dicom.file.frame_header import FrameHeader
from napari_cpam_stroke.dicom.file.limits import GAP_FACTOR, SAME_PLACE_MM
from napari_cpam_stroke.dicom.series.grouping import along_normal, placed

CONTIGUOUS_SHARE = 0.1
"""Slices whose typical step is this near their thickness touch each other, so that a longer step is a gap."""


MAX_NAMED = 5
"""Slices named one by one in a sentence."""


@dataclass(frozen=True)
class Stack:
    """Frames in order, and what was left out.

    Attributes
    ----------
    copies
        (frame left out, whether it is the same image as the one kept).
    """

    frames: tuple[FrameHeader, ...]
    copies: tuple[tuple[FrameHeader, bool], ...]


def stack_frames(frames: Sequence[FrameHeader]) -> Stack:
    """Return frames ascending along the normal, one per place; without positions in instance order."""
    if not all(map(placed, frames)):
        return _first_of_each(sorted(frames, key=lambda f: (f.instance_number, f.path.name, f.frame_number)), None)
    distance = along_normal(frames)
    order = sorted(range(len(frames)), key=lambda i: (distance[i], frames[i].instance_number, str(frames[i].path)))
    return _first_of_each([frames[i] for i in order], distance[order])


def _first_of_each(frames: list[FrameHeader], distance: NDArray[np.float64] | None) -> Stack:
    kept: list[FrameHeader] = []
    copies: list[tuple[FrameHeader, bool]] = []
    seen: set[tuple[str, int]] = set()
    last = -np.inf
    for i, frame in enumerate(frames):
        identity = (frame.sop_instance_uid, frame.frame_number)
        same_image = bool(frame.sop_instance_uid) and identity in seen
        same_place = distance is not None and distance[i] - last < SAME_PLACE_MM
        if same_place or (distance is None and same_image):
            copies.append((frame, same_image))
            continue
        seen.add(identity)
        kept.append(frame)
        last = last if distance is None else float(distance[i])
    return Stack(tuple(kept), tuple(copies))


def stack_geometry(frames: Sequence[FrameHeader]) -> VolumeGeometry | None:
    """Return the geometry of ordered frames, or None where positions, spacing or a single slice's thickness lack."""
    spacing = frames[0].spacing
    if spacing is None or not all(map(placed, frames)):
        return None
    axes = np.array([f.orientation for f in frames], dtype=np.float64).mean(axis=0)
    row = axes[0] / np.linalg.norm(axes[0])
    column = axes[1] - (axes[1] @ row) * row
    thickness = _thickness(frames)
    if thickness is None:
        return None
    return VolumeGeometry(
        positions_mm=np.array([f.position for f in frames], dtype=np.float64),
        row_direction=row,
        column_direction=column / np.linalg.norm(column),
        pixel_spacing_mm=spacing,
        thickness_mm=thickness,
        frame_of_reference_uid=frames[0].frame_of_reference_uid,
    )


def _thickness(frames: Sequence[FrameHeader]) -> NDArray[np.float64] | None:
    """Return mm per slice as the header says; where it says nothing, the typical step."""
    given = np.array([np.nan if f.thickness is None else f.thickness for f in frames])
    missing = np.isnan(given)
    if missing.any():
        if len(frames) < 2:
            return None
        given[missing] = np.median(np.diff(along_normal(frames)))
    return given


def gaps(geometry: VolumeGeometry) -> list[int]:
    """Return the index of each slice after which slices are missing.

    A step counts as a gap when it is `GAP_FACTOR` times longer than both neighbouring steps, or, in a stack of
    touching slices, than the two slices' thickness.
    """
    steps = geometry.steps_mm
    if len(steps) < 2:
        return []
    before, after = np.r_[steps[1], steps[:-1]], np.r_[steps[1:], steps[-2]]
    found = steps > GAP_FACTOR * np.maximum(before, after)
    thickness = (geometry.thickness_mm[:-1] + geometry.thickness_mm[1:]) / 2
    if abs(np.median(steps / thickness) - 1) < CONTIGUOUS_SHARE:
        found |= steps > GAP_FACTOR * np.maximum(geometry.thickness_mm[:-1], geometry.thickness_mm[1:])
    return [int(i) for i in np.flatnonzero(found)]


def gap_warnings(geometry: VolumeGeometry) -> list[Notice]:
    """Return one warning per gap, with the places (patient z, mm) of the missing slices."""
    z, steps = geometry.positions_mm[:, 2], geometry.steps_mm
    found = []
    for i in gaps(geometry):
        beside = [steps[k] for k in (i - 1, i + 1) if 0 <= k < len(steps)]
        missing = max(1, round(float(steps[i] / max(min(beside), SAME_PLACE_MM))) - 1)
        places = np.linspace(z[i], z[i + 1], missing + 2)[1:-1]
        named = ", ".join(f"{place:.1f}" for place in places) if missing <= MAX_NAMED else f"{missing} places"
        sentence = (
            f"Slices are missing between z = {z[i]:.1f} and z = {z[i + 1]:.1f} mm (at {named}): "
            f"a gap of {steps[i]:.1f} mm."
        )
        place = {"from_z_mm": round(float(z[i]), 2), "to_z_mm": round(float(z[i + 1]), 2)}
        found.append(
            warning(NoticeCode.SLICES_MISSING, sentence, **place, slices=missing, gap_mm=round(float(steps[i]), 2))
        )
    return found


def geometry_notices(geometry: VolumeGeometry, frames: Sequence[FrameHeader]) -> list[Notice]:
    """Return what is merely so of slice distance, thickness and tilt."""
    found = [_distance_notice(geometry)] if geometry.slices > 1 else []
    thickness = sorted({round(float(t), 2) for t in geometry.thickness_mm})
    sentence = f"Slice thickness {', '.join(f'{t:g}' for t in thickness)} mm."
    found.append(info(NoticeCode.SLICE_THICKNESS, sentence, thinnest_mm=thickness[0], thickest_mm=thickness[-1]))
    tilt = geometry.tilt_degrees
    if tilt >= TILT_FROM_DEGREES:
        sentence = f"Gantry tilt {tilt:.1f} degrees, found from the slice positions{_tag_remark(frames, tilt)}."
        found.append(info(NoticeCode.GANTRY_TILT, sentence, tilt_degrees=round(tilt, 2)))
    return found


def _distance_notice(geometry: VolumeGeometry) -> Notice:
    steps = geometry.steps_mm
    values = {"shortest_mm": round(float(steps.min()), 3), "longest_mm": round(float(steps.max()), 3)}
    return info(NoticeCode.SLICE_DISTANCE, _distance_sentence(geometry), uniform=geometry.uniform, **values)


def _distance_sentence(geometry: VolumeGeometry) -> str:
    steps = geometry.steps_mm
    if geometry.uniform:
        return f"Slices {steps.mean():.2f} mm apart."
    counted: dict[float, int] = {}
    for step in np.round(steps, 1):
        counted[float(step)] = counted.get(float(step), 0) + 1
    common = sorted(counted.items(), key=lambda item: -item[1])[:6]
    listed = ", ".join(f"{step:g} mm ({count} times)" for step, count in common)
    return f"Variable slice distance: {listed}{' and others' if len(counted) > len(common) else ''}."


def _tag_remark(frames: Sequence[FrameHeader], tilt: float) -> str:
    said = frames[0].tilt_tag
    if said is None or abs(abs(said) - tilt) < 1:
        return ""
    return f"; the header's tilt tag says {said:g} and is not used"
