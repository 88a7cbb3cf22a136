"""Write HU as the files of a CT scanner would look, with invented names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian, generate_uid

from napari_cpam_stroke.core import VolumeGeometry
from napari_cpam_stroke.files import write_whole

UID_PREFIX = "1.2.826.0.1.3680043.8.498."
"""Root of every UID written here (pydicom's, free for such use)."""


@dataclass(frozen=True)
class SeriesText:
    """Everything about a series that is not geometry or pixels; all of it invented."""

    patient_name: str = "Phantom^Ada"
    patient_id: str = "PHANTOM-1"
    study: str = "study-1"
    series: str = "series-1"
    description: str = "HEAD 5.0 STANDARD"
    kernel: str = "STANDARD"
    image_type: tuple[str, ...] = ("ORIGINAL", "PRIMARY", "AXIAL")

    def uid(self, name: str) -> str:
        """Return the UID that belongs to a name, the same every time."""
        return str(generate_uid(UID_PREFIX, entropy_srcs=[self.study, self.series, name]))


def series_datasets(
    hu: NDArray[np.int16],
    geometry: VolumeGeometry,
    *,
    text: SeriesText | None = None,
    slope: float = 1.0,
    intercept: float = -1024.0,
) -> list[Dataset]:
    """Return one CT Image dataset per slice: 16 bits allocated, 12 stored, unsigned, uncompressed.

    Parameters
    ----------
    hu
        int16 (Z, Y, X); stored as (hu - intercept) / slope, which must fit 12 bits.
    """
    text = text or SeriesText()
    stored = np.clip(np.rint((hu - intercept) / slope), 0, 4095).astype(np.uint16)
    return [_slice(i, stored[i], geometry, text, slope, intercept) for i in range(len(stored))]


def write_dicom_series(
    folder: Path, hu: NDArray[np.int16], geometry: VolumeGeometry, *, text: SeriesText | None = None
) -> Path:
    """Write one file per slice of `hu` (Z, Y, X) into `folder` (made if missing) and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, dataset in enumerate(series_datasets(hu, geometry, text=text), start=1):
        save_dataset(folder / f"slice_{number:03d}.dcm", dataset)
    return folder


def save_dataset(path: Path, dataset: Dataset, *, transfer_syntax: str = ExplicitVRLittleEndian) -> Path:
    """Write a dataset whose pixels already are in `transfer_syntax` as a DICOM file and return its path."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = UID(transfer_syntax)
    dataset.file_meta = meta
    write_whole(path, lambda file: dataset.save_as(file, enforce_file_format=True))
    return path


def _slice(
    i: int, stored: NDArray[np.uint16], geometry: VolumeGeometry, text: SeriesText, slope: float, intercept: float
) -> Dataset:
    dataset = Dataset()
    _identify(dataset, text, geometry, i)
    dataset.ImageType = list(text.image_type)
    dataset.ConvolutionKernel = text.kernel
    dataset.KVP = "120"
    dataset.SliceThickness = f"{geometry.thickness_mm[i]:.6g}"
    dataset.PatientPosition = "HFS"
    dataset.ImagePositionPatient = [f"{v:.10g}"[:16] for v in geometry.positions_mm[i]]
    cosines = [*geometry.row_direction, *geometry.column_direction]
    dataset.ImageOrientationPatient = [f"{v:.9f}"[:16] for v in cosines]
    dataset.PixelSpacing = [f"{v:.10g}"[:16] for v in geometry.pixel_spacing_mm]
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows, dataset.Columns = stored.shape
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 12, 11, 0
    dataset.RescaleSlope, dataset.RescaleIntercept, dataset.RescaleType = f"{slope:g}", f"{intercept:g}", "HU"
    dataset.WindowCenter, dataset.WindowWidth = "40", "80"
    dataset.PixelData = stored.astype("<u2").tobytes()
    return dataset


def _identify(dataset: Dataset, text: SeriesText, geometry: VolumeGeometry, i: int) -> None:
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID, dataset.SOPInstanceUID = CTImageStorage, text.uid(f"instance-{i}")
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = text.uid("study"), text.uid("series")
    dataset.FrameOfReferenceUID = geometry.frame_of_reference_uid
    dataset.PatientName, dataset.PatientID = text.patient_name, text.patient_id
    dataset.PatientBirthDate = dataset.PatientSex = ""
    dataset.StudyDate, dataset.StudyTime, dataset.StudyID, dataset.AccessionNumber = "20240229", "101500", "1", ""
    dataset.ReferringPhysicianName = ""
    dataset.Modality, dataset.Manufacturer, dataset.BodyPartExamined = "CT", "Phantom", "HEAD"
    dataset.SeriesNumber, dataset.InstanceNumber = 2, i + 1
    dataset.AcquisitionNumber = 1
    dataset.SeriesDescription = text.description
    dataset.PositionReferenceIndicator = ""
