"""From all image planes of a scan to the series entries of its report."""

from __future__ import annotations

from collections.abc import Sequence

from napari_cpam_stroke.core import VolumeGeometry
from napari_cpam_stroke.dicom.file.frame_header import FrameHeader
from napari_cpam_stroke.dicom.headers.plain import plain_text
from napari_cpam_stroke.dicom.headers.pseudonym import Pseudonyms
from napari_cpam_stroke.dicom.series import stacking, verdict
from napari_cpam_stroke.dicom.series.grouping import Group, group_frames
from napari_cpam_stroke.dicom.series.kernels import kernel_sharpness
from napari_cpam_stroke.dicom.series.rejected_file import RejectedFile
from napari_cpam_stroke.dicom.series.series_entry import SeriesEntry, Verdict
from napari_cpam_stroke.errors import InputError


def describe_series(
    frames: Sequence[FrameHeader], lost: Sequence[FrameHeader], pseudonyms: Pseudonyms
) -> tuple[list[SeriesEntry], list[RejectedFile]]:
    """Return an entry per volume and the duplicate files left out.

    Parameters
    ----------
    frames
        All image planes found.
    lost
        Planes whose pixels are cut short: missing slices of their series.
    """
    entries, duplicates = [], []
    for group in group_frames(frames):
        stack = stacking.stack_frames(group.frames)
        missing = [f for f in lost if f.series_uid == stack.frames[0].series_uid]
        entries.append(_entry(group, stack, missing, pseudonyms))
        duplicates += _duplicates(stack)
    return entries, duplicates


def _entry(group: Group, stack: stacking.Stack, lost: list[FrameHeader], pseudonyms: Pseudonyms) -> SeriesEntry:
    frames, first = stack.frames, stack.frames[0]
    reasons = verdict.refusals(group, frames)
    geometry, trouble = (None, []) if reasons else _geometry(frames)
    reasons += trouble
    limits = [] if reasons else verdict.limitations(group, frames, geometry)
    contrast = verdict.contrast_reason(first)
    judged: Verdict = "refused" if reasons else "view_only" if limits or contrast else "ready"
    return SeriesEntry(
        key=pseudonyms.case(first.series_uid or first.study_uid or str(first.path.parent), *group.discriminator),
        patient_id=first.patient,
        verdict=judged,
        reasons=tuple(reasons or limits + [contrast] * bool(contrast)),
        warnings=tuple(_warnings(group, stack, lost, geometry)),
        facts=tuple(_facts(group, stack, geometry)),
        description=first.description,
        modality=first.modality,
        kernel=first.kernel,
        matrix=(first.pixels.rows, first.pixels.columns),
        slices=len(frames),
        thickness_mm=None if geometry is None else float(sorted(geometry.thickness_mm)[geometry.slices // 2]),
        lossy=any(f.lossy for f in frames),
        ai_on_request=judged == "view_only" and not limits,
        series_uid=plain_text(first.series_uid),
        geometry=geometry,
        frames=frames,
    )


def _geometry(frames: Sequence[FrameHeader]) -> tuple[VolumeGeometry | None, list[str]]:
    try:
        return stacking.stack_geometry(frames), []
    except InputError as error:
        return None, [str(error)]


def _warnings(
    group: Group, stack: stacking.Stack, lost: list[FrameHeader], geometry: VolumeGeometry | None
) -> list[str]:
    first = stack.frames[0]
    found = verdict.content_warnings(first)
    if geometry is not None:
        found += stacking.gap_warnings(geometry) + verdict.geometry_warnings(stack.frames, geometry)
    found += _lost_warnings(lost) + _copy_warnings(stack)
    found += [f"{note[0].upper()}{note[1:]}." for note in first.notes]
    if 1 < group.moments < verdict.PERFUSION_FROM:
        found.append(f"Repeated scan: this is number {group.moment} of {group.moments} over the same region.")
    return found


def _lost_warnings(lost: list[FrameHeader]) -> list[str]:
    return [f"{_count(len(lost), 'slice')} could not be read, at {_places(lost)}."] if lost else []


def _copy_warnings(stack: stacking.Stack) -> list[str]:
    found = []
    for same, what in ((True, "found twice"), (False, "at one position with another")):
        frames = [frame for frame, is_same in stack.copies if is_same is same]
        if frames:
            found.append(f"{_count(len(frames), 'image')} {what}, at {_places(frames)}; one of each was left out.")
    return found


def _places(frames: list[FrameHeader]) -> str:
    names = [f"z = {frame.position[2]:.1f} mm" if frame.position else "an unknown place" for frame in frames]
    more = len(names) - stacking.MAX_NAMED
    return ", ".join(names[: stacking.MAX_NAMED]) + (f" and {more} more" if more > 0 else "")


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'s' if number > 1 else ''}"


def _facts(group: Group, stack: stacking.Stack, geometry: VolumeGeometry | None) -> list[str]:
    first = stack.frames[0]
    found = [] if geometry is None else stacking.geometry_facts(geometry, stack.frames)
    if first.kernel:
        found.append(f"Kernel {first.kernel} ({kernel_sharpness(first.kernel, first.description)}).")
    if first.image_type:
        found.append(f"Image type {', '.join(first.image_type)}.")
    if group.apart:
        found.append(f"Set apart from other images of its series by {', '.join(group.apart)}.")
    if group.moments > 1:
        found.append(f"Number {group.moment} of {group.moments} images of the same places.")
    return found


def _duplicates(stack: stacking.Stack) -> list[RejectedFile]:
    return [
        RejectedFile(
            frame.path,
            "a second copy of an image" if same else "another image lies at the same position; that one was kept",
        )
        for frame, same in stack.copies
    ]
