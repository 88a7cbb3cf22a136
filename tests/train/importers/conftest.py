"""Writers of the file kinds that published sets consist of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from cpam_train.commands.importing import import_into
from cpam_train.importers import ImportOptions, ImportSummary
from napari_cpam_stroke.annotations import AnnotationStore

GREY_FLOOR, GREY_WIDTH = -20, 120


def write_image(path: Path, pixels: np.ndarray, **options: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(pixels, dtype=np.uint8)).save(path, **options)
    return path


def grey_of(hu: np.ndarray) -> np.ndarray:
    """8-bit picture of the window 40 / 120."""
    return np.clip(np.rint((hu - GREY_FLOOR) / GREY_WIDTH * 255), 0, 255).astype(np.uint8)


def write_dicom(path: Path, hu: np.ndarray, *, uid: str = "1.2.3.4", intercept: int = -1024, **tags: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = CTImageStorage, uid
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    file = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    file.SOPClassUID = CTImageStorage
    file.Rows, file.Columns = hu.shape
    file.SamplesPerPixel, file.PhotometricInterpretation = 1, "MONOCHROME2"
    file.BitsAllocated, file.BitsStored, file.HighBit, file.PixelRepresentation = 16, 16, 15, 1
    file.RescaleSlope, file.RescaleIntercept = 1, intercept
    for keyword, value in tags.items():
        setattr(file, keyword, value)
    file.PixelData = (hu.astype(np.int32) - intercept).astype("<i2").tobytes()
    pydicom.dcmwrite(path, file, enforce_file_format=True)
    return path


def write_nifti(path: Path, zyx: np.ndarray, *, spacing: tuple[float, float, float] = (5.0, 0.5, 0.5)) -> Path:
    """Write in the usual RAS order: x to the right, y to anterior, z up."""
    path.parent.mkdir(parents=True, exist_ok=True)
    dz, dy, dx = spacing
    values = np.ascontiguousarray(np.transpose(zyx, (2, 1, 0)))
    nib.save(nib.Nifti1Image(values, np.diag([dx, dy, dz, 1.0])), path)
    return path


@pytest.fixture
def image_writer() -> Callable[..., Path]:
    return write_image


@pytest.fixture
def dicom_writer() -> Callable[..., Path]:
    return write_dicom


@pytest.fixture
def nifti_writer() -> Callable[..., Path]:
    return write_nifti


@pytest.fixture
def to_grey() -> Callable[[np.ndarray], np.ndarray]:
    return grey_of


@pytest.fixture
def import_folder(store: AnnotationStore, tmp_path: Path) -> Callable[..., ImportSummary]:
    """Imports a folder of a format into `store`, as `cpam-train import` does: by its address."""

    def into_store(source: str, src: Path, options: ImportOptions | None = None, **more: Any) -> ImportSummary:
        return import_into(source, src, tmp_path / "store", options, **more)

    return into_store
