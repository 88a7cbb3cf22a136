"""One DICOM file of a research release as Hounsfield units; such files often lack position and identity."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError

from cpam_train.facts import scanner_fact, spacing_fact, thickness_fact
from napari_cpam_stroke.core.volume import AIR_HU
from napari_cpam_stroke.errors import InputError

MAX_HU = 32767


@dataclass(frozen=True, eq=False)
class DicomSlice:
    """Pixels and the few facts kept of one file.

    Attributes
    ----------
    hu
        int16 (Y, X), air where the scanner padded.
    instance_uid
        Of the file meta header, which some releases left in place; used for grouping only, never stored.
    """

    hu: NDArray[np.int16]
    instance_uid: str
    facts: tuple[str, ...]
    header: Dataset


def read_dicom_slice(path: Path) -> DicomSlice:
    """Read one single-frame CT file.

    Raises
    ------
    InputError
        When the file is no DICOM image or its pixels cannot be decoded.
    """
    try:
        header = pydicom.dcmread(path)
        raw = header.pixel_array
    except (InvalidDicomError, OSError, AttributeError, RuntimeError, ValueError, NotImplementedError) as error:
        raise InputError("DICOM slice cannot be decoded", got=path.name, remedy="copy the file again") from error
    if raw.ndim != 2:
        raise InputError("DICOM file must hold one grey slice", got=f"{path.name} of shape {raw.shape}")
    return DicomSlice(
        to_hu(raw, header), str(header.file_meta.get("MediaStorageSOPInstanceUID", "")), _facts(header), header
    )


def to_hu(raw: NDArray[np.integer], header: Dataset) -> NDArray[np.int16]:
    """Return int16 (Y, X) HU of stored values; below air there is only padding."""
    slope, intercept = float(header.get("RescaleSlope", 1)), float(header.get("RescaleIntercept", 0))
    hu = raw.astype(np.float64) * slope + intercept
    padding = header.get("PixelPaddingValue")
    if padding is not None:
        hu[raw == padding] = AIR_HU
    return np.clip(np.rint(hu), AIR_HU, MAX_HU).astype(np.int16)


def _facts(header: Dataset) -> tuple[str, ...]:
    facts = []
    if (spacing := header.get("PixelSpacing")) is not None and len(spacing) == 2:
        facts.append(spacing_fact(float(spacing[0]), float(spacing[1])))
    if (thickness := header.get("SliceThickness")) is not None:
        facts.append(thickness_fact(float(thickness)))
    if (scanner := scanner_fact(header.get("Manufacturer"), header.get("ManufacturerModelName"))) is not None:
        facts.append(scanner)
    return tuple(facts)
