"""Single DICOM slices of one series as a stack, with its geometry where the headers still tell it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from cpam_train.importers.dicom_slice import DicomSlice
from cpam_train.importers.images import require_same_shape
from napari_cpam_stroke.core import VolumeGeometry
from napari_cpam_stroke.errors import InputError

DIRECTION_TOLERANCE = 1e-3
"""Slices whose direction cosines differ by more are not one stack."""


def order_by_position(headers: Sequence[Dataset]) -> list[int]:
    """Return the order of slices along their normal; the order given where a header has no position."""
    if not all(_positioned(header) for header in headers):
        return list(range(len(headers)))
    normal = _normal(headers[0])
    return sorted(
        range(len(headers)), key=lambda i: float(np.dot(_numbers(headers[i], "ImagePositionPatient"), normal))
    )


def stack_hu(slices: Sequence[DicomSlice], name: str) -> NDArray[np.int16]:
    """Return int16 (Z, Y, X) of slices in order."""
    for one in slices:
        require_same_shape(slices[0].hu, one.hu, name)
    return np.stack([one.hu for one in slices])


def geometry_of(headers: Sequence[Dataset]) -> VolumeGeometry | None:
    """Return the geometry of slices in order, None where they do not tell it or do not share one orientation."""
    if not all(_positioned(header) and "PixelSpacing" in header for header in headers):
        return None
    directions = np.array([_numbers(header, "ImageOrientationPatient") for header in headers])
    if np.abs(directions - directions[0]).max() > DIRECTION_TOLERANCE:
        return None
    positions = np.array([_numbers(header, "ImagePositionPatient") for header in headers])
    if len(positions) > 1 and np.diff(positions @ _normal(headers[0])).min() <= 0:
        return None
    row_mm, column_mm = _numbers(headers[0], "PixelSpacing")
    try:
        return VolumeGeometry(
            positions_mm=positions,
            row_direction=directions[0, :3],
            column_direction=directions[0, 3:],
            pixel_spacing_mm=(row_mm, column_mm),
            thickness_mm=np.array([float(header.get("SliceThickness") or 0) for header in headers]),
        )
    except InputError:
        return None


def _positioned(header: Dataset) -> bool:
    return "ImagePositionPatient" in header and "ImageOrientationPatient" in header


def _numbers(header: Dataset, keyword: str) -> list[float]:
    return [float(value) for value in header[keyword].value]


def _normal(header: Dataset) -> NDArray[np.float64]:
    directions = _numbers(header, "ImageOrientationPatient")
    return np.cross(directions[:3], directions[3:])
