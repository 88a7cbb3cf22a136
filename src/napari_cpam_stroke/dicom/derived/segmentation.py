"""Write a mask as DICOM SEG on the native frames of its series, and read one back."""

from __future__ import annotations

import warnings
from pathlib import Path

import highdicom as hd
import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import generate_uid
from skimage.color import rgb2lab

from napari_cpam_stroke.core import CTVolume, LesionClass
from napari_cpam_stroke.core.labels import CLASS_COLOURS
from napari_cpam_stroke.dicom.derived import codes
from napari_cpam_stroke.dicom.derived.algorithm import (
    MANUFACTURER,
    SERIES_NUMBER,
    Algorithm,
    AlgorithmType,
    ModelRun,
    written_series,
)
from napari_cpam_stroke.dicom.derived.export_checks import check_segmentation
from napari_cpam_stroke.dicom.derived.references import decimal, frame_indices, referring, source_images
from napari_cpam_stroke.errors import GeometryMismatchError
from napari_cpam_stroke.files import write_whole

SERIES_DESCRIPTION = "Stroke segmentation (research)"
"""Series description of what is written."""


def write_segmentation(  # noqa: PLR0913 - everything a segmentation says, by name
    path: Path | str,
    mask: NDArray[np.uint8],
    volume: CTVolume,
    *,
    algorithm_type: AlgorithmType,
    algorithm_name: str,
    algorithm_version: str,
    run: ModelRun | None = None,
    labelmap: bool = False,
    keep_patient: bool = False,
) -> Path:
    """Write a mask as DICOM SEG with references to every source image, and return its path.

    Parameters
    ----------
    mask
        uint8 (Z, Y, X) on the volume's frames; 0 background, 1 ischemia, 2 hemorrhage.
    volume
        Read from DICOM files that are still where they were.
    run
        What else is known of the model; names its weights and its thresholds in the file.
    labelmap
        False: SEG BINARY, which every viewer reads. True: the newer label map, for those that can.
    keep_patient
        False: the file carries the keyed pseudonym as patient name and number, nothing else of the patient; it still
        refers to the source images by their UIDs. True, on the user's explicit wish to send it back to the PACS: the
        patient and study attributes of the source are taken over.

    Raises
    ------
    UnreferableError
        If the source files lack what a segmentation must name.
    SeriesError
        If the source files are missing or others.
    GeometryMismatchError
        If mask and volume have different shapes.
    """
    if mask.shape != volume.shape:
        raise GeometryMismatchError(
            "The mask has another shape than the series", got=mask.shape, expected=f"{volume.shape}"
        )
    images = source_images(volume, keep_patient=keep_patient)
    algorithm = Algorithm(algorithm_name, algorithm_version, None if algorithm_type == "MANUAL" else run)
    with referring("segmentation"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an empty mask, unusual names: highdicom says so on standard error
        segmentation = hd.seg.Segmentation(
            source_images=images,
            pixel_array=_on_source_frames(mask, volume, images),
            segmentation_type="LABELMAP" if labelmap else "BINARY",
            segment_descriptions=[describe_segment(c, algorithm_type, algorithm) for c in LesionClass],
            device_serial_number=algorithm.serial_number,
            content_label="STROKE",
            content_description=volume.content_hash,
            **written_series(SERIES_NUMBER, SERIES_DESCRIPTION),
        )
        segmentation.DeviceUID = algorithm.uid
        _state_thickness(segmentation, volume)
    check_segmentation(segmentation, volume)
    return save_dataset(Path(path), segmentation)


def save_dataset(path: Path, dataset: Dataset) -> Path:
    """Write a dataset with an empty preamble, whole or not at all."""
    dataset.preamble = bytes(128)
    write_whole(path, lambda file: dataset.save_as(file, enforce_file_format=True), durable=True)
    return path


def describe_segment(lesion_class: LesionClass, kind: AlgorithmType, algorithm: Algorithm) -> hd.seg.SegmentDescription:
    """Return what a SEG says of one class; a drawn one names no algorithm."""
    return hd.seg.SegmentDescription(
        segment_number=int(lesion_class),
        segment_label=codes.SEGMENT_TYPE[lesion_class].meaning,
        segmented_property_category=codes.ABNORMAL_STRUCTURE,
        segmented_property_type=codes.SEGMENT_TYPE[lesion_class],
        algorithm_type=kind,
        algorithm_identification=None if kind == "MANUAL" else _identification(algorithm),
        tracking_uid=generate_uid(prefix=None),
        tracking_id=lesion_class.label,
        anatomic_regions=[codes.BRAIN],
        display_color=_display_colour(lesion_class),
    )


def _identification(algorithm: Algorithm) -> hd.AlgorithmIdentificationSequence:
    return hd.AlgorithmIdentificationSequence(
        name=algorithm.name,
        family=codes.ARTIFICIAL_INTELLIGENCE,
        version=algorithm.full_version,
        source=MANUFACTURER,
        parameters=algorithm.parameters,
    )


def _display_colour(lesion_class: LesionClass) -> hd.color.CIELabColor:
    """Return the colour that the class has in the viewer."""
    text = CLASS_COLOURS[lesion_class.label].lstrip("#")
    rgb = np.array([[[int(text[i : i + 2], 16) / 255 for i in (0, 2, 4)]]])
    return hd.color.CIELabColor(*(float(v) for v in rgb2lab(rgb)[0, 0]))


def _on_source_frames(mask: NDArray[np.uint8], volume: CTVolume, images: list[Dataset]) -> NDArray[np.uint8]:
    """Return the mask with one plane per source frame; frames of the file that are not in the volume stay empty."""
    count = len(images) if len(images) > 1 else int(images[0].get("NumberOfFrames", 1))
    frames = np.zeros((count, *mask.shape[1:]), dtype=np.uint8)
    frames[frame_indices(volume, images)] = mask
    return frames


def _state_thickness(segmentation: Dataset, volume: CTVolume) -> None:
    """Give every frame its own slice thickness where it varies; highdicom writes the first image's for all."""
    geometry = volume.geometry
    if geometry is None or np.ptp(geometry.thickness_mm) == 0:
        return
    thickness = {tuple(np.round(p, 3)): t for p, t in zip(geometry.positions_mm, geometry.thickness_mm, strict=True)}
    shared = segmentation.SharedFunctionalGroupsSequence[0]
    spacing = shared.PixelMeasuresSequence[0].PixelSpacing
    for group in segmentation.PerFrameFunctionalGroupsSequence:
        position = np.array(group.PlanePositionSequence[0].ImagePositionPatient, dtype=float)
        measures = Dataset()
        measures.PixelSpacing = spacing
        measures.SliceThickness = decimal(thickness[tuple(np.round(position, 3))])
        group.PixelMeasuresSequence = Items([measures])
    del shared.PixelMeasuresSequence
