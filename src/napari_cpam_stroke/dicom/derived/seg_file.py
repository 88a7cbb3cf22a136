"""A DICOM SEG opened under limits: its segments, its frames and their pixels, as values that are checked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.pixels.utils import iter_pixels

from napari_cpam_stroke.core.notice import NoticeCode
from napari_cpam_stroke.dicom.derived.seg_faults import told_in_words
from napari_cpam_stroke.dicom.derived.seg_frames import SegFrame, read_seg_frames
from napari_cpam_stroke.dicom.derived.seg_segments import Segment, read_segments
from napari_cpam_stroke.dicom.file.elements import read_header
from napari_cpam_stroke.dicom.file.limits import MAX_EDGE
from napari_cpam_stroke.dicom.file.sources import FileSource, UnreadableError
from napari_cpam_stroke.dicom.file.syntaxes import CODECS, UNCOMPRESSED
from napari_cpam_stroke.dicom.headers.plain import plain_text
from napari_cpam_stroke.errors import InputError

MAX_SEGMENTATION_BYTES = 2 * 2**30
"""Size of a SEG file that is read, and of its frames once they are decoded."""

FRACTIONAL_THRESHOLD = 0.5
"""Share of its maximum from which a pixel of a FRACTIONAL segmentation counts as drawn."""

BIG_ENDIAN = "1.2.840.10008.1.2.2"
"""Retired: frames of one bit in swapped words."""

SegKind = Literal["BINARY", "FRACTIONAL", "LABELMAP"]


@dataclass(frozen=True, eq=False)
class SegFile:
    """One segmentation.

    Attributes
    ----------
    name
        Of the file, for people.
    shape
        Rows, columns of every frame.
    instances
        SOP instance UIDs of all images it names, for the whole or for a frame.
    content_description
        Where it was written here, the content hash of its series.
    """

    name: str
    kind: SegKind
    shape: tuple[int, int]
    frame_of_reference_uid: str
    content_description: str
    instances: frozenset[str]
    segments: tuple[Segment, ...]
    frames: tuple[SegFrame, ...]
    _pixels: Dataset
    _full: int

    def drawn(self) -> Iterator[tuple[SegFrame, int, NDArray[np.bool_]]]:
        """Yield each frame, the segment it shows, and where that is drawn, bool (rows, columns).

        A frame of a label map comes once for every segment on it, and once with segment 0 where it is empty.
        """
        with told_in_words(self.name):
            for frame, values in zip(self.frames, self._values(), strict=True):
                if frame.segment is None:
                    for number in np.unique(values).tolist():
                        if number or not values.any():
                            yield frame, int(number), (values == number) & (values > 0)
                else:
                    yield frame, frame.segment, values >= max(1, int(np.ceil(self._full * FRACTIONAL_THRESHOLD)))

    def _values(self) -> Iterator[NDArray[np.unsignedinteger]]:
        """Yield the stored values of every frame."""
        if _syntax(self._pixels) in UNCOMPRESSED:
            yield from _plain_frames(self._pixels, self.shape, len(self.frames))
        else:
            yield from (np.asarray(frame).reshape(self.shape) for frame in iter_pixels(self._pixels, raw=True))


def open_segmentation(path: Path) -> SegFile:
    """Return a SEG after its header was walked under limits.

    Raises
    ------
    InputError
        If it is no segmentation, of a kind that is not read, or damaged.
    """
    data = _bytes(path)
    with told_in_words(path.name):
        dataset = dcmread(BytesIO(data), force=True)
        _require_kind(dataset, path.name)
        shape, count = (int(dataset.Rows), int(dataset.Columns)), int(str(dataset.get("NumberOfFrames") or 1))
        _require_size(dataset, shape, count, path.name)
        kind = dataset.SegmentationType
        return SegFile(
            name=plain_text(path.name),
            kind=kind,
            shape=shape,
            frame_of_reference_uid=str(dataset.get("FrameOfReferenceUID") or ""),
            content_description=str(dataset.get("ContentDescription") or ""),
            segments=read_segments(dataset),
            frames=(frames := read_seg_frames(dataset, count, labelmap=kind == "LABELMAP")),
            instances=_instances(dataset) | {uid for frame in frames for uid, _ in frame.images},
            _pixels=dataset,
            _full=_full_value(dataset) if kind == "FRACTIONAL" else 1,
        )


def _bytes(path: Path) -> bytes:
    try:
        with closing(FileSource(path)) as source:
            read_header(source, frozenset())
            if source.size > MAX_SEGMENTATION_BYTES:
                raise UnreadableError("it is too large", NoticeCode.OVER_LIMIT)  # noqa: TRY301
            return source.read(0, source.size)
    except UnreadableError as error:
        raise InputError(f"{plain_text(path.name)} cannot be read as a segmentation", got=error) from error


def _require_kind(dataset: Dataset, name: str) -> None:
    if dataset.get("Modality") != "SEG" or "SegmentSequence" not in dataset:
        raise InputError(
            f"{plain_text(name)} is no DICOM segmentation",
            got=plain_text(str(dataset.get("Modality") or "no modality")),
        )
    syntax, kind = _syntax(dataset), dataset.get("SegmentationType")
    readable = (syntax in UNCOMPRESSED and syntax != BIG_ENDIAN) or CODECS.get(syntax) == "rle"
    if not readable or kind not in get_args(SegKind):
        raise InputError(
            f"{plain_text(name)} is a segmentation of a kind that is not read",
            got=f"{plain_text(str(kind))}, transfer syntax {plain_text(syntax) or 'not given'}",
            expected="BINARY, FRACTIONAL or LABELMAP, little endian, not compressed but by RLE",
        )


def _require_size(dataset: Dataset, shape: tuple[int, int], count: int, name: str) -> None:
    """Refuse frames that are none, or more than the file can hold."""
    bits = int(dataset.BitsAllocated)
    if not (0 < shape[0] <= MAX_EDGE and 0 < shape[1] <= MAX_EDGE and count > 0 and bits in (1, 8, 16)):
        raise InputError(
            f"{plain_text(name)} has no frames that can be read",
            got=f"{count} frames of {shape[0]} x {shape[1]} pixels, {bits} bits each",
        )
    needed = shape[0] * shape[1] * count * bits / 8
    held = len(dataset.PixelData) if _syntax(dataset) in UNCOMPRESSED else needed
    if held < needed or needed > MAX_SEGMENTATION_BYTES:
        raise InputError("The segmentation's pixel data are cut short", got=f"{held} bytes", expected=f"{needed:.0f}")


def _full_value(dataset: Dataset) -> int:
    full = int(dataset.get("MaximumFractionalValue") or 0)
    if not 0 < full < 2 ** int(dataset.BitsAllocated):
        raise InputError("The fractional segmentation does not say which value means wholly inside", got=full)
    return full


def _syntax(dataset: Dataset) -> str:
    meta = getattr(dataset, "file_meta", None)
    return "" if meta is None else str(meta.get("TransferSyntaxUID") or "")


def _instances(dataset: Dataset) -> frozenset[str]:
    """Return the images that the segmentation as a whole names."""
    series = dataset.get("ReferencedSeriesSequence") or []
    items = [item for one in series for item in one.get("ReferencedInstanceSequence") or []]
    return frozenset(str(item.get("ReferencedSOPInstanceUID") or "") for item in items) - {""}


def _plain_frames(dataset: Dataset, shape: tuple[int, int], count: int) -> Iterator[NDArray[np.unsignedinteger]]:
    """Yield the frames; one bit per pixel packs 8 into a byte, frames following each other without padding."""
    data = np.frombuffer(dataset.PixelData, dtype=np.uint8)
    size, bits = shape[0] * shape[1], int(dataset.BitsAllocated)
    for i in range(count):
        if bits == 1:
            first, last = i * size // 8, -(-(i + 1) * size // 8)
            unpacked = np.unpackbits(data[first:last], bitorder="little")
            frame = unpacked[i * size - first * 8 :][:size]
        else:
            width = bits // 8
            frame = data[i * size * width : (i + 1) * size * width].view(f"<u{width}")
        yield frame.reshape(shape)
