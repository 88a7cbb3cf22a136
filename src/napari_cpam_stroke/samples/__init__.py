"""Synthetic heads with exact truth: sample data, demo and tests. No patient is in them."""

from napari_cpam_stroke.samples.dicom_series import SeriesText, save_dataset, series_datasets, write_dicom_series
from napari_cpam_stroke.samples.phantom import HeadPhantom, PhantomLesion
from napari_cpam_stroke.samples.planes import even_steps, stack_geometry
from napari_cpam_stroke.samples.shapes import Ellipsoid, Wedge
from napari_cpam_stroke.samples.stroke import phantom_volume, stroke_case, stroke_geometry

__all__ = [
    "Ellipsoid",
    "HeadPhantom",
    "PhantomLesion",
    "SeriesText",
    "Wedge",
    "even_steps",
    "phantom_volume",
    "save_dataset",
    "series_datasets",
    "stack_geometry",
    "stroke_case",
    "stroke_geometry",
    "write_dicom_series",
]
