"""The one builder of DICOM SEG: a segment for each class, who made them, and what the file says of itself."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import highdicom as hd
import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from skimage.color import rgb2lab

from napari_cpam_stroke.core import LesionClass
from napari_cpam_stroke.core.labels import CLASS_COLOURS
from napari_cpam_stroke.dicom.derived import codes
from napari_cpam_stroke.dicom.derived.algorithm import (
    MANUFACTURER,
    SERIES_NUMBER,
    Algorithm,
    AlgorithmType,
    written_series,
)

CONTENT_LABEL = "STROKE"
"""Content label of what is written."""


def segmentation_object(
    images: Sequence[Dataset],
    planes: NDArray[np.uint8],
    algorithm: Algorithm,
    *,
    algorithm_type: AlgorithmType,
    series: tuple[int, str],
    content_description: str,
    **how: Any,
) -> hd.seg.Segmentation:
    """Return a SEG of both classes that refers to `images`.

    Parameters
    ----------
    images
        Source images without pixels, from `source_images`.
    planes
        uint8 (plane, Y, X): 0 background, 1 ischemia, 2 hemorrhage; a plane per source frame, or as `how` places it.
    series
        How many numbers its own series comes after `SERIES_NUMBER`, and the series description.
    how
        What else highdicom takes: the segmentation type (BINARY by default), the place of the planes.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # unusual names: highdicom says so on standard error
        made = hd.seg.Segmentation(
            source_images=images,
            pixel_array=planes,
            segment_descriptions=[_segment(c, algorithm_type, algorithm) for c in LesionClass],
            device_serial_number=algorithm.serial_number,
            content_label=CONTENT_LABEL,
            content_description=content_description,
            **{"segmentation_type": "BINARY", "omit_empty_frames": bool(planes.any()), **how},
            **written_series(SERIES_NUMBER + series[0], series[1]),
        )
    made.DeviceUID = algorithm.uid
    return made


def _segment(lesion_class: LesionClass, kind: AlgorithmType, algorithm: Algorithm) -> hd.seg.SegmentDescription:
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
