"""From all image planes of a scan to the series entries of its report."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from napari_cpam_stroke.config import Window
from napari_cpam_stroke.core import Acquisition, Notice, NoticeCode, VolumeGeometry
from napari_cpam_stroke.core.notice import info, refusal, warning
from napari_cpam_stroke.dicom.file.frame_header import FrameHeader
from napari_cpam_stroke.dicom.headers.plain import plain_text
from napari_cpam_stroke.dicom.headers.pseudonym import Pseudonyms
from napari_cpam_stroke.dicom.series import stacking, verdict
from napari_cpam_stroke.dicom.series.content import slice_notes
from napari_cpam_stroke.dicom.series.coverage import coverage_warnings, interleaved_acquisitions, missing_parts
from napari_cpam_stroke.dicom.series.grouping import Group, split_series
from napari_cpam_stroke.dicom.series.identity import gather_series
from napari_cpam_stroke.dicom.series.kernels import kernel_sharpness
from napari_cpam_stroke.dicom.series.rejected_file import RejectedFile
from napari_cpam_stroke.dicom.series.series_entry import SeriesEntry
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
    series, copies = gather_series(frames)
    entries, duplicates = [], _other_form(copies)
    for group in [group for members in series for group in split_series(members)]:
        stack = stacking.stack_frames(group.frames)
        named = {f.series_uid for f in stack.frames}
        missing = [f for f in lost if f.series_uid in named]
        entries.append(_entry(group, stack, missing, pseudonyms))
        duplicates += _duplicates(stack)
    return entries, duplicates


def _entry(group: Group, stack: stacking.Stack, lost: list[FrameHeader], pseudonyms: Pseudonyms) -> SeriesEntry:
    frames, first = stack.frames, stack.frames[0]
    acquisition = _acquisition(frames)
    against = verdict.refusals(group, frames)
    geometry, trouble = (None, []) if against else _geometry(frames)
    against += trouble
    against = against or verdict.limitations(group, frames, geometry) + verdict.contrast_limitation(frames)
    return SeriesEntry(
        key=pseudonyms.case(first.series_uid or first.study_uid or str(first.path.parent), *group.discriminator),
        patient_id=first.patient,
        notices=(*against, *_warnings(group, stack, lost, geometry), *_infos(group, stack, geometry, acquisition)),
        acquisition=acquisition,
        description=first.description,
        modality=first.modality,
        matrix=(first.pixels.rows, first.pixels.columns),
        slices=len(frames),
        lossy=any(f.lossy for f in frames),
        series_uid=plain_text(first.series_uid),
        geometry=geometry,
        frames=frames,
    )


def _acquisition(frames: Sequence[FrameHeader]) -> Acquisition:
    """Return what the headers say, of the first slice where they differ; thickness of the middle one."""
    first = frames[0]
    thickness = sorted(frame.thickness for frame in frames if frame.thickness is not None)
    return Acquisition(
        scanner=first.scanner,
        pixel_spacing_mm=first.spacing,
        slice_thickness_mm=thickness[len(thickness) // 2] if thickness else None,
        window=None if first.window is None else Window(*first.window),
        kernel=first.kernel or None,
    )


def _geometry(frames: Sequence[FrameHeader]) -> tuple[VolumeGeometry | None, list[Notice]]:
    try:
        return stacking.stack_geometry(frames), []
    except InputError as error:
        return None, [refusal(NoticeCode.GEOMETRY_INVALID, str(error))]


def _warnings(
    group: Group, stack: stacking.Stack, lost: list[FrameHeader], geometry: VolumeGeometry | None
) -> list[Notice]:
    found = verdict.content_warnings(stack.frames)
    if geometry is not None:
        found += stacking.gap_warnings(geometry) + verdict.geometry_warnings(stack.frames, geometry)
        found += [*coverage_warnings(geometry), *interleaved_acquisitions(stack.frames)]
    found += [*_lost_warnings(lost), *missing_parts(stack.frames), *_copy_warnings(stack), *slice_notes(stack.frames)]
    if group.apart and _doubtful(group):
        found.append(_set_apart(group, warning))
    if 1 < group.moments < verdict.PERFUSION_FROM:
        sentence = f"Repeated scan: this is number {group.moment} of {group.moments} over the same region."
        found.append(warning(NoticeCode.REPEATED_SCAN, sentence, number=group.moment, of=group.moments))
    return found


def _doubtful(group: Group) -> bool:
    """Whether the reader must know that the series was split: its parts are no whole stacks, or whose is unclear."""
    return group.halved or bool(group.contested)


def _set_apart(group: Group, say: Callable[..., Notice]) -> Notice:
    differing = ", ".join(group.apart)
    return say(NoticeCode.SET_APART, f"Set apart from other images of its series by {differing}.", differing=differing)


def _lost_warnings(lost: list[FrameHeader]) -> list[Notice]:
    if not lost:
        return []
    sentence = f"{_count(len(lost), 'slice')} could not be read, at {_places(lost)}."
    return [warning(NoticeCode.SLICES_UNREADABLE, sentence, slices=len(lost))]


def _copy_warnings(stack: stacking.Stack) -> list[Notice]:
    found = []
    for same, what in ((True, "found twice"), (False, "at one position with another")):
        frames = [frame for frame, is_same in stack.copies if is_same is same]
        if frames:
            sentence = f"{_count(len(frames), 'image')} {what}, at {_places(frames)}; one of each was left out."
            found.append(warning(NoticeCode.IMAGES_LEFT_OUT, sentence, images=len(frames), same_image=same))
    return found


def _places(frames: list[FrameHeader]) -> str:
    names = [f"z = {frame.position[2]:.1f} mm" if frame.position else "an unknown place" for frame in frames]
    more = len(names) - stacking.MAX_NAMED
    return ", ".join(names[: stacking.MAX_NAMED]) + (f" and {more} more" if more > 0 else "")


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'s' if number > 1 else ''}"


def _infos(
    group: Group, stack: stacking.Stack, geometry: VolumeGeometry | None, acquisition: Acquisition
) -> list[Notice]:
    first = stack.frames[0]
    found = [] if geometry is None else stacking.geometry_notices(geometry, stack.frames)
    found += [notice for notice in acquisition.notices if geometry is None or notice.code is NoticeCode.SCANNER]
    if first.kernel:
        sharpness = kernel_sharpness(first.kernel, first.description)
        sentence = f"Kernel {first.kernel} ({sharpness})."
        found.append(info(NoticeCode.KERNEL, sentence, kernel=first.kernel, sharpness=sharpness))
    if first.image_type:
        kinds = ", ".join(first.image_type)
        found.append(info(NoticeCode.IMAGE_TYPE, f"Image type {kinds}.", image_type=kinds))
    if group.apart and not _doubtful(group):
        found.append(_set_apart(group, info))
    if group.moments > 1:
        sentence = f"Number {group.moment} of {group.moments} images of the same places."
        found.append(info(NoticeCode.TIME_POINT, sentence, number=group.moment, of=group.moments))
    return found


def _other_form(frames: Sequence[FrameHeader]) -> list[RejectedFile]:
    copy = refusal(NoticeCode.IMAGE_COPY, "a second copy, in another form, of images of this series")
    return [RejectedFile(path, copy) for path in dict.fromkeys(frame.path for frame in frames)]


def _duplicates(stack: stacking.Stack) -> list[RejectedFile]:
    copy = refusal(NoticeCode.IMAGE_COPY, "a second copy of an image")
    other = refusal(NoticeCode.PLACE_TAKEN, "another image lies at the same position; that one was kept")
    return [RejectedFile(frame.path, copy if same else other) for frame, same in stack.copies]
