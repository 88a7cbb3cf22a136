"""The bundled stroke case: a synthetic head with one ischemia and one hemorrhage."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_cpam_stroke.core import CTVolume, NoticeCode, VolumeGeometry
from napari_cpam_stroke.core.notice import info
from napari_cpam_stroke.samples.dicom_series import write_dicom_series
from napari_cpam_stroke.samples.phantom import HEAD_CENTRE_MM, HeadPhantom
from napari_cpam_stroke.samples.planes import even_steps, stack_geometry

SLICES, THICKNESS_MM, FIELD_OF_VIEW_MM = 24, 5.0, 230.0
"""The stroke case: 24 slices of 5 mm, 230 mm wide."""

MATRIX, QUICK_MATRIX = 256, 128
"""Edge in pixels of the case on disk and of the quick one in memory."""

MIDDLE_MM = 12.0
"""The stack's middle, above the centre of the head: from the skull base to the vertex."""


def stroke_geometry(matrix: int = MATRIX) -> VolumeGeometry:
    """Return the geometry of the stroke case with `matrix` x `matrix` pixels."""
    x, y, z = HEAD_CENTRE_MM
    spacing = FIELD_OF_VIEW_MM / matrix
    return stack_geometry(
        even_steps(SLICES, THICKNESS_MM),
        shape_yx=(matrix, matrix),
        pixel_spacing_mm=(spacing, spacing),
        thickness_mm=THICKNESS_MM,
        centre_mm=(x, y, z + MIDDLE_MM),
    )


def stroke_case(folder: Path | str) -> Path:
    """Write the bundled case as DICOM files into `folder` and return the folder: 24 slices of 256 x 256."""
    geometry = stroke_geometry(MATRIX)
    return write_dicom_series(Path(folder), _rendered(MATRIX).copy(), geometry)


def phantom_volume() -> CTVolume:
    """Return the stroke case in memory with 128 x 128 pixels; `source` is empty."""
    return CTVolume(
        hu=_rendered(QUICK_MATRIX).copy(),
        geometry=stroke_geometry(QUICK_MATRIX),
        case_id="phantom",
        patient_id="phantom",
        notices=(info(NoticeCode.SYNTHETIC, "Synthetic head, no patient."),),
    )


@lru_cache(maxsize=2)
def _rendered(matrix: int) -> NDArray[np.int16]:
    return HeadPhantom.stroke().render(stroke_geometry(matrix), (matrix, matrix))
