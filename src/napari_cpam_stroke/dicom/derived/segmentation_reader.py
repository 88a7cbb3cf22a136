"""Read DICOM SEG back onto the frames of its series: placed by geometry, classes by name and code, makers kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from napari_cpam_stroke.core import CTVolume, LesionClass
from napari_cpam_stroke.core.arrays import Mask, Region
from napari_cpam_stroke.core.label_map import LabelMap
from napari_cpam_stroke.core.label_names import Meaning
from napari_cpam_stroke.core.mask_reading import MaskReading, label_notice, left_out_notice, untouched_mask
from napari_cpam_stroke.core.notice import Notice, NoticeCode, info, warning
from napari_cpam_stroke.dicom.derived.frame_placement import REMEDY, Placement, place_frame
from napari_cpam_stroke.dicom.derived.seg_file import FRACTIONAL_THRESHOLD, SegFile, open_segmentation
from napari_cpam_stroke.dicom.derived.seg_segments import Segment, no_lesion, not_understood
from napari_cpam_stroke.errors import GeometryMismatchError, InputError

Stacks = dict[LesionClass, Region]


def read_segmentation(path: Path | str, volume: CTVolume, *, labels: LabelMap | None = None) -> Mask:
    """Return the mask of a SEG, uint8 (Z, Y, X) on the volume's frames; where classes overlap hemorrhage wins.

    Parameters
    ----------
    labels
        What the user says its segments are.

    Raises
    ------
    GeometryMismatchError
        If it was made for another series, or a frame does not lie on the series' own pixels.
    InputError
        If the file is no segmentation that can be read, a segment with voxels is not understood, or none is a lesion.
    """
    return segmentation_reading(path, volume, labels=labels).mask


def segmentation_reading(
    path: Path | str, volume: CTVolume, *, labels: LabelMap | None = None, take_automatic: bool = True
) -> MaskReading:
    """Return the mask of a SEG with the classes it speaks of, notices, and who made it.

    Parameters
    ----------
    take_automatic
        False: segments that a model drew and nobody touched are left out, and named; a SEG of such alone is refused.

    Raises
    ------
    As `read_segmentation`.
    """
    file = open_segmentation(Path(path))
    _require_series(file, volume)
    meanings = {segment.number: segment.meaning(labels or LabelMap()) for segment in file.segments}
    taken = _taken(file, meanings, take_automatic=take_automatic)
    stacks, voxels = _drawn(file, volume, taken)
    mask, overlap = _joined_classes(stacks, volume.shape)
    _require_understood(file, meanings, voxels)
    if not taken:
        raise _nothing_taken(file, meanings)
    counted = [segment for segment in file.segments if segment.number in taken]
    return MaskReading(
        mask=mask,
        drawn=frozenset(taken.values()),
        notices=tuple(_notices(file, meanings, taken, overlap)),
        makers=tuple(dict.fromkeys(segment.maker for segment in counted)),
    )


def _require_series(file: SegFile, volume: CTVolume) -> None:
    """Refuse a segmentation of another series: by content hash, frame of reference, or the images it names."""
    own = len(file.content_description) == len(volume.content_hash) and set(file.content_description) <= set(
        "0123456789abcdef"
    )
    if own and file.content_description != volume.content_hash:
        raise _other_series("its content hash differs")
    reference = volume.geometry.frame_of_reference_uid if volume.geometry is not None else ""
    same = bool(reference) and file.frame_of_reference_uid == reference
    if reference and file.frame_of_reference_uid and not same:
        raise _other_series(f"frame of reference {file.frame_of_reference_uid}, expected {reference}")
    known = {frame.sop_instance_uid for frame in volume.source}
    if known and file.instances and not file.instances & known:
        raise _other_series("it does not refer to images of this series")
    if not (own or same or file.instances & known):
        raise _other_series("it names neither images nor the frame of reference of this series")


def _other_series(got: str) -> GeometryMismatchError:
    return GeometryMismatchError("This segmentation belongs to another series", got=got, remedy=REMEDY)


def _taken(file: SegFile, meanings: Mapping[int, Meaning], *, take_automatic: bool) -> dict[int, LesionClass]:
    """Return the class of each segment that counts."""
    return {
        segment.number: found
        for segment in file.segments
        if (found := meanings[segment.number].lesion_class) is not None
        and (take_automatic or segment.maker.made_by != "AUTOMATIC")
    }


def _drawn(file: SegFile, volume: CTVolume, taken: Mapping[int, LesionClass]) -> tuple[Stacks, Counter[int]]:
    """Return where each class is drawn, and how many pixels each segment has."""
    known = {segment.number for segment in file.segments}
    stacks = {lesion_class: np.zeros(volume.shape, dtype=bool) for lesion_class in set(taken.values())}
    voxels: Counter[int] = Counter()
    empty_elsewhere: GeometryMismatchError | None = None
    placed = 0
    for frame, number, pixels in file.drawn():
        if number not in known and pixels.any():
            raise InputError("The segmentation shows a segment that it does not describe", got=number)
        voxels[number] += int(np.count_nonzero(pixels))
        try:
            place = place_frame(frame, file.shape, volume)
        except GeometryMismatchError as error:
            if pixels.any():
                raise
            empty_elsewhere = error
            continue
        placed += 1
        if number in taken:
            _draw(place, pixels, stacks[taken[number]])
    if empty_elsewhere is not None and not placed:
        raise empty_elsewhere
    return stacks, voxels


def _draw(place: Placement, pixels: Region, stack: Region) -> None:
    part = place.onto(stack)
    part |= pixels


def _joined_classes(stacks: Stacks, shape: tuple[int, int, int]) -> tuple[Mask, int]:
    """Return the mask and the number of voxels of both classes, which are hemorrhage."""
    mask = np.zeros(shape, dtype=np.uint8)
    for lesion_class in LesionClass:
        if lesion_class in stacks:
            mask[stacks[lesion_class]] = lesion_class
    both = np.count_nonzero(np.logical_and(*stacks.values())) if len(stacks) == len(LesionClass) else 0
    return mask, int(both)


def _require_understood(file: SegFile, meanings: Mapping[int, Meaning], voxels: Counter[int]) -> None:
    strange = [s for s in file.segments if meanings[s.number] is Meaning.UNKNOWN and voxels[s.number]]
    if strange:
        raise not_understood(strange)


def _nothing_taken(file: SegFile, meanings: Mapping[int, Meaning]) -> InputError:
    lesions = [segment for segment in file.segments if meanings[segment.number].lesion_class is not None]
    if not lesions:
        unknown = [segment for segment in file.segments if meanings[segment.number] is Meaning.UNKNOWN]
        return not_understood(unknown) if unknown else no_lesion(file.segments)
    return untouched_mask(file.name, lesions[0].maker.words)


def _notices(
    file: SegFile, meanings: Mapping[int, Meaning], taken: Mapping[int, LesionClass], overlap: int
) -> Iterable[Notice]:
    for segment in file.segments:
        yield from _segment_notice(segment, meanings[segment.number], taken=segment.number in taken)
    if file.kind == "FRACTIONAL":
        yield info(
            NoticeCode.FRACTIONS_CUT,
            f"The segmentation is fractional: pixels from {FRACTIONAL_THRESHOLD:.0%} of its maximum count as drawn.",
            threshold=FRACTIONAL_THRESHOLD,
        )
    if overlap:
        yield warning(
            NoticeCode.CLASSES_OVERLAP,
            f"Hemorrhage and ischemia overlap in {overlap} voxels, which count as hemorrhage.",
            voxels=overlap,
        )


def _segment_notice(segment: Segment, meaning: Meaning, *, taken: bool) -> Iterable[Notice]:
    label = f"Segment {segment.shown}"
    if meaning is Meaning.UNKNOWN:
        sentence = f"{label} is not understood; it is empty and was passed over."
        yield info(NoticeCode.LABEL_PASSED_OVER, sentence, label=label)
    elif meaning is not Meaning.IGNORE and not taken:
        yield left_out_notice(f"{label} is the untouched mask of a model and was left out.", label)
    elif not segment.written_here:
        yield label_notice(label, meaning)
