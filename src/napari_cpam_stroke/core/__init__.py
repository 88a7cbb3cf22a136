"""Domain values and pure functions on numpy arrays: no torch, no DICOM, no Qt."""

from napari_cpam_stroke.core.acquisition import Acquisition
from napari_cpam_stroke.core.annotation import Annotation
from napari_cpam_stroke.core.geometry import VolumeGeometry
from napari_cpam_stroke.core.labels import CLASS_NAMES, LesionClass
from napari_cpam_stroke.core.lesions import Lesion, LesionTable, measure_lesions
from napari_cpam_stroke.core.notice import Notice, NoticeCode
from napari_cpam_stroke.core.volume import CTVolume, SourceFrame
from napari_cpam_stroke.core.windowing import apply_window

__all__ = [
    "CLASS_NAMES",
    "Acquisition",
    "Annotation",
    "CTVolume",
    "Lesion",
    "LesionClass",
    "LesionTable",
    "Notice",
    "NoticeCode",
    "SourceFrame",
    "VolumeGeometry",
    "apply_window",
    "measure_lesions",
]
