"""One DICOM file of a research release as Hounsfield units; such files often lack position and identity."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from cpam_train.importers.stored_values import stored_values
from napari_cpam_stroke.config import Window
from napari_cpam_stroke.core import Acquisition
from napari_cpam_stroke.core.acquisition import scanner_name
from napari_cpam_stroke.core.volume import AIR_HU
from napari_cpam_stroke.dicom.file.header_faults import HEADER_FAULTS
from napari_cpam_stroke.dicom.file.sources import UnreadableError
from napari_cpam_stroke.dicom.headers.plain import plain_text
from napari_cpam_stroke.errors import InputError
from napari_cpam_stroke.files import require_regular

MAX_HU = 32767

UNDECODABLE = (*HEADER_FAULTS, RuntimeError, UnreadableError)
"""What reading and decoding raise for a file that is no DICOM image, damaged, or compressed otherwise."""


@dataclass(frozen=True, eq=False)
class DicomSlice:
    """Pixels of one file, and how it was made.

    Attributes
    ----------
    hu
        int16 (Y, X), air where the scanner padded.
    instance_uid
        Of the file meta header, which some releases left in place; used for grouping only, never stored.
    """

    hu: NDArray[np.int16]
    instance_uid: str
    acquisition: Acquisition
    header: Dataset


def read_dicom_slice(path: Path) -> DicomSlice:
    """Read one single-frame CT file.

    Raises
    ------
    InputError
        When the file is no DICOM image or its pixels cannot be decoded.
    """
    try:
        require_regular(path)
        header = pydicom.dcmread(path)
        raw = stored_values(header)
        if raw.ndim != 2:
            raise InputError("DICOM file must hold one grey slice", got=f"{path.name} of shape {raw.shape}")
        instance_uid = str(header.file_meta.get("MediaStorageSOPInstanceUID", ""))
        return DicomSlice(to_hu(raw, header), instance_uid, _acquisition(header), header)
    except UNDECODABLE as error:
        raise InputError("DICOM slice cannot be decoded", got=path.name, remedy="copy the file again") from error


def to_hu(raw: NDArray[np.integer], header: Dataset) -> NDArray[np.int16]:
    """Return int16 (Y, X) HU of stored values; below air there is only padding.

    Raises
    ------
    ValueError, TypeError
        If slope or intercept is no finite number.
    """
    slope, intercept = float(header.get("RescaleSlope", 1)), float(header.get("RescaleIntercept", 0))
    if not (isfinite(slope) and isfinite(intercept)):
        raise ValueError("slope or intercept is not finite")
    hu = raw.astype(np.float64) * slope + intercept
    padding = header.get("PixelPaddingValue")
    if padding is not None:
        hu[raw == padding] = AIR_HU
    return np.clip(np.rint(hu), AIR_HU, MAX_HU).astype(np.int16)


def _acquisition(header: Dataset) -> Acquisition:
    spacing, thickness = header.get("PixelSpacing"), header.get("SliceThickness")
    return Acquisition(
        scanner=scanner_name(header.get("Manufacturer"), header.get("ManufacturerModelName")),
        pixel_spacing_mm=(float(spacing[0]), float(spacing[1])) if spacing is not None and len(spacing) == 2 else None,
        slice_thickness_mm=None if thickness is None else float(thickness),
        window=_window(header),
        kernel=plain_text(str(_first(header.get("ConvolutionKernel")) or "")) or None,
    )


def _window(header: Dataset) -> Window | None:
    """Return the first window that the header proposes."""
    centre, width = _first(header.get("WindowCenter")), _first(header.get("WindowWidth"))
    return None if centre is None or width is None or float(width) <= 0 else Window(float(centre), float(width))


def _first(value: Any) -> Any:
    """Return the first of several values, the value itself where there is one."""
    return next(iter(value), None) if isinstance(value, MultiValue) else value
