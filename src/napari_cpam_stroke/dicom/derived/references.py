"""The source images of a volume as plain datasets: what a segmentation or report must name of them, and no more.

The identifiers of study, series, image and frame of reference stay, because they are what a segmentation refers to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items

from napari_cpam_stroke.core import CTVolume, SourceFrame
from napari_cpam_stroke.dicom.derived.patient import kept_patient, pseudonymous_patient
from napari_cpam_stroke.dicom.file.frame_header import FrameHeader
from napari_cpam_stroke.dicom.file.limits import MAX_HEADER_BYTES, SAME_PLACE_MM
from napari_cpam_stroke.dicom.file.open_bytes import OpenFiles
from napari_cpam_stroke.dicom.file.sources import UnreadableError
from napari_cpam_stroke.dicom.headers.frames import Origin, read_frames
from napari_cpam_stroke.dicom.headers.plain import plain_text
from napari_cpam_stroke.dicom.headers.pseudonym import Pseudonyms
from napari_cpam_stroke.errors import CpamError, SeriesError, UnreferableError

_UID = re.compile(r"[0-9]+(\.[0-9]+)+")
_ONE_EACH = frozenset({"study_uid", "series_uid", "frame_of_reference_uid"})
_NEEDED = {
    "StudyInstanceUID (0020,000D)": "study_uid",
    "SeriesInstanceUID (0020,000E)": "series_uid",
    "SOPInstanceUID (0008,0018)": "sop_instance_uid",
    "SOPClassUID (0008,0016)": "sop_class_uid",
    "FrameOfReferenceUID (0020,0052)": "frame_of_reference_uid",
}


def source_images(volume: CTVolume, *, keep_patient: bool = False) -> list[Dataset]:
    """Return the volume's source images without pixels: one dataset per file.

    Raises
    ------
    UnreferableError
        If the volume did not come from files, or the headers lack what a DICOM segmentation must name.
    SeriesError
        If a file is gone or another one.
    """
    if not volume.source or volume.geometry is None:
        raise UnreferableError(
            "This case has no DICOM source with positions to refer to",
            remedy="open the series itself, or export NIfTI",
        )
    with OpenFiles() as files:
        headers, all_frames = _headers(volume.source, files)
        _check(headers, volume)
        patient = kept_patient(volume, files).attributes if keep_patient else pseudonymous_patient(volume)
    if len({frame.path for frame in volume.source}) == len(volume.source):
        return [_single(header, patient) for header in headers]
    return [_multi_frame(all_frames, patient)]


def frame_indices(volume: CTVolume, images: Sequence[Dataset]) -> list[int]:
    """Return for each slice its index among the frames of `source_images`."""
    if len(images) == volume.shape[0]:
        return list(range(volume.shape[0]))
    return [source.frame_number - 1 for source in volume.source]


@contextmanager
def referring(what: str) -> Iterator[None]:
    """Turn what the DICOM libraries object to in a source's attributes into one sentence.

    Raises
    ------
    UnreferableError
        For any failure that is neither ours nor the disk's.
    """
    try:
        yield
    except (CpamError, OSError):
        raise
    except Exception as error:
        raise UnreferableError(
            f"The {what} could not be made from the attributes of this series",
            got=plain_text(f"{type(error).__name__}: {error}"),
            remedy="export NIfTI",
        ) from error


def _headers(sources: Sequence[SourceFrame], files: OpenFiles) -> tuple[list[FrameHeader], tuple[FrameHeader, ...]]:
    """Return the header of every source slice, and of every frame of the first file."""
    known: dict[Path, tuple[FrameHeader, ...]] = {}
    for source in sources:
        if source.path not in known:
            known[source.path] = _read(source.path, files)
    if len(known) not in (1, len(sources)):
        raise UnreferableError(
            "A volume put together from several multi-frame files cannot be referred to in one segmentation",
            remedy="export NIfTI",
        )
    try:
        chosen = [known[source.path][source.frame_number - 1] for source in sources]
    except IndexError as error:
        raise _changed() from error
    if any(h.sop_instance_uid != s.sop_instance_uid for h, s in zip(chosen, sources, strict=True)):
        raise _changed()
    return chosen, known[sources[0].path]


def _read(path: Path, files: OpenFiles) -> tuple[FrameHeader, ...]:
    try:
        with closing(files.open(path, limit=MAX_HEADER_BYTES)) as source:
            return read_frames(source, Origin(path, (0, 0)), Pseudonyms(b""))
    except UnreadableError as error:
        raise SeriesError(
            "A source file of this series can no longer be read",
            got=f"{plain_text(path.name)}: {error}",
            remedy="put the series back where it was opened from, or export NIfTI",
        ) from error


def _changed() -> SeriesError:
    return SeriesError("The source files have changed since the series was opened", remedy="open the series again")


def _check(headers: Sequence[FrameHeader], volume: CTVolume) -> None:
    for name, field in _NEEDED.items():
        values = {str(getattr(header, field)) for header in headers}
        if any(not _UID.fullmatch(value) or len(value) > 64 for value in values):
            raise UnreferableError(
                f"The source series has no valid {name}, which a DICOM segmentation must name", remedy="export NIfTI"
            )
        if len(values) > 1 and field in _ONE_EACH:
            raise UnreferableError(
                f"The source slices name {len(values)} different values of {name}, a DICOM segmentation only one",
                remedy="export NIfTI",
            )
    images = {(header.sop_instance_uid, header.frame_number) for header in headers}
    if len(images) != len(headers):
        raise UnreferableError("Two source images have the same SOPInstanceUID (0008,0018)", remedy="export NIfTI")
    if volume.geometry is not None:
        for header, position in zip(headers, volume.geometry.positions_mm, strict=True):
            if header.position is None or max(abs(position - header.position)) > SAME_PLACE_MM:
                raise _changed()


def _common(header: FrameHeader, patient: Dataset) -> Dataset:
    image = Dataset()
    image.update(patient)
    image.SOPClassUID, image.SOPInstanceUID = header.sop_class_uid, header.sop_instance_uid
    image.StudyInstanceUID, image.SeriesInstanceUID = header.study_uid, header.series_uid
    image.FrameOfReferenceUID, image.PositionReferenceIndicator = header.frame_of_reference_uid, ""
    image.Modality = header.modality or "CT"
    image.Rows, image.Columns = header.pixels.rows, header.pixels.columns
    image.ImageType = list(header.image_type) or ["ORIGINAL", "PRIMARY"]
    return image


def _single(header: FrameHeader, patient: Dataset) -> Dataset:
    image = _common(header, patient)
    image.update(_plane_position(header))
    image.update(_plane_orientation(header))
    image.update(_pixel_measures(header))
    return image


def _multi_frame(headers: Sequence[FrameHeader], patient: Dataset) -> Dataset:
    image = _common(headers[0], patient)
    image.NumberOfFrames = len(headers)
    groups = []
    for header in headers:
        group = Dataset()
        group.PlanePositionSequence = Items([_plane_position(header)])
        group.PlaneOrientationSequence = Items([_plane_orientation(header)])
        group.PixelMeasuresSequence = Items([_pixel_measures(header)])
        groups.append(group)
    image.PerFrameFunctionalGroupsSequence = Items(groups)
    shared = Dataset()
    shared.PlaneOrientationSequence = Items([_plane_orientation(headers[0])])
    shared.PixelMeasuresSequence = Items([_pixel_measures(headers[0])])
    image.SharedFunctionalGroupsSequence = Items([shared])
    return image


def _plane_position(header: FrameHeader) -> Dataset:
    item = Dataset()
    item.ImagePositionPatient = [decimal(v) for v in header.position or ()]
    return item


def _plane_orientation(header: FrameHeader) -> Dataset:
    item = Dataset()
    item.ImageOrientationPatient = [decimal(v) for vector in header.orientation or () for v in vector]
    return item


def _pixel_measures(header: FrameHeader) -> Dataset:
    item = Dataset()
    item.PixelSpacing = [decimal(v) for v in header.spacing or ()]
    item.SliceThickness = decimal(header.thickness) if header.thickness else None
    return item


def decimal(value: float) -> str:
    """Return a decimal string of at most 16 characters, as DICOM wants it."""
    for digits in range(14, 0, -1):
        text = f"{value:.{digits}g}"
        if len(text) <= 16:
            return text
    return f"{value:.0f}"[:16]
