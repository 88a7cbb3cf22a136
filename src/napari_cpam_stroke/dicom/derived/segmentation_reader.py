"""Read a DICOM SEG back onto the frames of its series."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.dataset import Dataset

from napari_cpam_stroke.core import CTVolume, LesionClass
from napari_cpam_stroke.core.notice import NoticeCode
from napari_cpam_stroke.dicom.derived import codes
from napari_cpam_stroke.dicom.file.elements import read_header
from napari_cpam_stroke.dicom.file.limits import SAME_PLACE_MM
from napari_cpam_stroke.dicom.file.sources import FileSource, UnreadableError
from napari_cpam_stroke.dicom.file.syntaxes import UNCOMPRESSED
from napari_cpam_stroke.errors import GeometryMismatchError, InputError

MAX_SEGMENTATION_BYTES = 2 * 2**30
"""Size of a SEG file that is read."""

_WORDS = {
    LesionClass.HEMORRHAGE: ("HEMORRHAGE", "HAEMORRHAGE", "BLEED", "HEMATOMA"),
    LesionClass.ISCHEMIA: ("INFARCT", "ISCHEMIA", "ISCHAEMIA", "STROKE"),
}
"""Segments of other programs are known by these words where their codes are not ours."""


def read_segmentation(path: Path | str, volume: CTVolume) -> NDArray[np.uint8]:
    """Return the mask of a SEG, uint8 (Z, Y, X) on the volume's frames.

    Raises
    ------
    GeometryMismatchError
        If it was made for another series: by the content hash where it was written here, by source images and
        positions otherwise.
    InputError
        If the file is no segmentation that can be read.
    """
    segmentation = _open(Path(path))
    _check_series(segmentation, volume)
    classes = _classes(segmentation)
    mask = np.zeros(volume.shape, dtype=np.uint8)
    slices = _slice_lookup(volume)
    for group, frame in zip(segmentation.PerFrameFunctionalGroupsSequence, _frames(segmentation), strict=True):
        z = _slice_of(group, volume, slices)
        if segmentation.get("SegmentationType") == "LABELMAP":
            for number, lesion_class in classes.items():
                mask[z][frame == number] = lesion_class
        else:
            number = int(group.SegmentIdentificationSequence[0].ReferencedSegmentNumber)
            mask[z][frame > 0] = classes.get(number, 0)
    return mask


def _open(path: Path) -> Dataset:
    """Return the dataset after the header was walked under limits."""
    try:
        with closing(FileSource(path)) as source:
            read_header(source, frozenset())
            if source.size > MAX_SEGMENTATION_BYTES:
                raise UnreadableError("it is too large", NoticeCode.OVER_LIMIT)  # noqa: TRY301
            data = source.read(0, source.size)
    except UnreadableError as error:
        raise InputError(f"{path.name} cannot be read as a segmentation", got=error) from error
    segmentation = dcmread(BytesIO(data), force=True)
    syntax = str(segmentation.file_meta.get("TransferSyntaxUID", "")) if "file_meta" in dir(segmentation) else ""
    if segmentation.get("Modality") != "SEG" or "PerFrameFunctionalGroupsSequence" not in segmentation:
        raise InputError(f"{path.name} is no DICOM segmentation", got=segmentation.get("Modality") or "no modality")
    if syntax not in UNCOMPRESSED or segmentation.get("SegmentationType") not in ("BINARY", "LABELMAP"):
        raise InputError(
            f"{path.name} is a segmentation of a kind that is not read",
            got=f"{segmentation.get('SegmentationType')}, transfer syntax {syntax}",
            expected="BINARY or LABELMAP, not compressed",
        )
    return segmentation


def _check_series(segmentation: Dataset, volume: CTVolume) -> None:
    description = str(segmentation.get("ContentDescription", ""))
    own = len(description) == len(volume.content_hash) and set(description) <= set("0123456789abcdef")
    if own and description != volume.content_hash:
        raise _other_series("its content hash differs")
    if (segmentation.Rows, segmentation.Columns) != volume.shape[1:]:
        raise _other_series(f"{segmentation.Rows} x {segmentation.Columns} pixels")
    if own:
        return
    named = {uid for group in segmentation.PerFrameFunctionalGroupsSequence for uid, _ in _source_images(group)}
    known = {frame.sop_instance_uid for frame in volume.source}
    if not named or not named <= known:
        raise _other_series("it does not refer to images of this series")


def _other_series(got: str) -> GeometryMismatchError:
    return GeometryMismatchError(
        "This segmentation belongs to another series", got=got, remedy="open the series it was made for"
    )


def _classes(segmentation: Dataset) -> dict[int, LesionClass]:
    """Return the lesion class of each segment that shows one."""
    found = {}
    for segment in segmentation.SegmentSequence:
        kind = segment.SegmentedPropertyTypeCodeSequence[0]
        label = f"{kind.get('CodeMeaning', '')} {segment.get('SegmentLabel', '')}".upper()
        for lesion_class in LesionClass:
            coded = kind.get("CodeValue") == codes.SEGMENT_TYPE[lesion_class].value
            if coded or any(word in label for word in _WORDS[lesion_class]):
                found[int(segment.SegmentNumber)] = lesion_class
                break
    return found


def _frames(segmentation: Dataset) -> Iterator[NDArray[np.uint8]]:
    """Yield the frames; BINARY packs 8 pixels into a byte, frames following each other without padding."""
    rows, columns, count = segmentation.Rows, segmentation.Columns, int(segmentation.NumberOfFrames)
    data = np.frombuffer(segmentation.PixelData, dtype=np.uint8)
    size, bits = rows * columns, int(segmentation.BitsAllocated)
    if len(data) * 8 < size * bits * count:
        raise InputError("The segmentation's pixel data are cut short", got=f"{len(data)} bytes")
    for i in range(count):
        if bits == 1:
            first, last = i * size // 8, -(-(i + 1) * size // 8)
            unpacked = np.unpackbits(data[first:last], bitorder="little")
            frame = unpacked[i * size - first * 8 :][:size]
        else:
            width = bits // 8
            frame = data[i * size * width : (i + 1) * size * width].view(f"<u{width}").astype(np.uint8)
        yield frame.reshape(rows, columns)


def _slice_lookup(volume: CTVolume) -> dict[tuple[str, int], int]:
    return {(frame.sop_instance_uid, frame.frame_number): z for z, frame in enumerate(volume.source)}


def _slice_of(group: Dataset, volume: CTVolume, slices: dict[tuple[str, int], int]) -> int:
    """Return the slice that a frame belongs to: by its source image, else by its position."""
    for image in _source_images(group):
        if image in slices:
            return slices[image]
    if volume.geometry is None or "PlanePositionSequence" not in group:
        raise _other_series("a frame that lies on none of its slices")
    position = np.array(group.PlanePositionSequence[0].ImagePositionPatient, dtype=float)
    distance = np.linalg.norm(volume.geometry.positions_mm - position, axis=1)
    if distance.min() > SAME_PLACE_MM:
        raise _other_series("a frame that lies on none of its slices")
    return int(distance.argmin())


def _source_images(group: Dataset) -> list[tuple[str, int]]:
    images = [
        image
        for derivation in group.get("DerivationImageSequence", [])
        for image in derivation.get("SourceImageSequence", [])
    ]
    return [(str(i.ReferencedSOPInstanceUID), _first(i.get("ReferencedFrameNumber", 1))) for i in images]


def _first(value: object) -> int:
    return int(value[0]) if isinstance(value, (list, tuple)) else int(str(value))
