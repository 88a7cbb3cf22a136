"""Write a mask as DICOM SEG on the native frames of its series."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items

from napari_cpam_stroke.core import CTVolume
from napari_cpam_stroke.core.volume import require_mask_shape
from napari_cpam_stroke.dicom.derived.algorithm import Algorithm, AlgorithmType, ModelRun
from napari_cpam_stroke.dicom.derived.export_checks import check_segmentation
from napari_cpam_stroke.dicom.derived.object_file import save_dataset
from napari_cpam_stroke.dicom.derived.references import decimal, frame_indices, referring, source_images
from napari_cpam_stroke.dicom.derived.seg_object import segmentation_object

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
    require_mask_shape(mask, volume)
    images = source_images(volume, keep_patient=keep_patient)
    algorithm = Algorithm(algorithm_name, algorithm_version, None if algorithm_type == "MANUAL" else run)
    with referring("segmentation"):
        segmentation = segmentation_object(
            images,
            _on_source_frames(mask, volume, images),
            algorithm,
            algorithm_type=algorithm_type,
            series=(0, SERIES_DESCRIPTION),
            content_description=volume.content_hash,
            segmentation_type="LABELMAP" if labelmap else "BINARY",
        )
        _state_thickness(segmentation, volume)
    check_segmentation(segmentation, volume)
    return save_dataset(Path(path), segmentation)


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
