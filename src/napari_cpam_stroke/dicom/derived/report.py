"""Write measurements as a DICOM structured report (TID 1500): volumes in ml from what each slice stands for."""

from __future__ import annotations

import warnings
from pathlib import Path

from highdicom import sr
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.sr.codedict import codes as dicom_codes
from pydicom.uid import generate_uid

from napari_cpam_stroke import __version__
from napari_cpam_stroke.core import CTVolume, LesionClass, LesionTable
from napari_cpam_stroke.dicom.derived import codes
from napari_cpam_stroke.dicom.derived.algorithm import MANUFACTURER, SERIES_NUMBER, AlgorithmType, written_series
from napari_cpam_stroke.dicom.derived.references import source_images
from napari_cpam_stroke.dicom.derived.segmentation import save_dataset
from napari_cpam_stroke.errors import InputError

SERIES_DESCRIPTION = "Stroke measurements (research)"
"""Series description of what is written."""


def write_report(
    path: Path | str,
    table: LesionTable,
    volume: CTVolume,
    segmentation_path: Path | str,
    *,
    algorithm_type: AlgorithmType,
    algorithm_name: str,
    algorithm_version: str,
    keep_patient: bool = False,
) -> Path:
    """Write the volume of each class found as a TID 1500 report on a segmentation, and return its path.

    An empty mask gives 0 ml for each class: a report needs a measurement.

    Other programs compute volumes of a SEG with one mean slice distance; the report says what they really are.

    Parameters
    ----------
    table
        From `measure_lesions` on the same mask.
    segmentation_path
        The SEG just written for the same mask; the report refers to its segments.
    keep_patient
        As in `write_segmentation`.

    Raises
    ------
    SeriesError
        If the source files are missing or lack what a report must name.
    InputError
        If there is no segmentation at `segmentation_path`.
    """
    images = source_images(volume, keep_patient=keep_patient)
    try:
        segmentation = dcmread(segmentation_path)
    except (OSError, InvalidDicomError) as error:
        raise InputError("The segmentation to report on cannot be read", got=Path(segmentation_path).name) from error
    algorithm = None if algorithm_type == "MANUAL" else (algorithm_name, algorithm_version or "unknown")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # unusual names: highdicom says so on standard error
        report = sr.Comprehensive3DSR(
            evidence=[*images, segmentation],
            content=_measurements(table, segmentation, algorithm)[0],
            is_complete=True,
            is_final=False,
            is_verified=False,
            **written_series(SERIES_NUMBER + 1, SERIES_DESCRIPTION),
        )
    return save_dataset(Path(path), report)


def _measurements(table: LesionTable, segmentation: Dataset, algorithm: tuple[str, str] | None) -> sr.MeasurementReport:
    found = [c for c in LesionClass if table.volumes_ml[c.label]] or list(LesionClass)
    return sr.MeasurementReport(
        observation_context=sr.ObservationContext(observer_device_context=_device()),
        procedure_reported=codes.CT_OF_HEAD,
        imaging_measurements=[_group(c, table.volumes_ml[c.label] or 0.0, segmentation, algorithm) for c in found],
        title=dicom_codes.DCM.ImagingMeasurementReport,
    )


def _device() -> sr.ObserverContext:
    return sr.ObserverContext(
        observer_type=dicom_codes.DCM.Device,
        observer_identifying_attributes=sr.DeviceObserverIdentifyingAttributes(
            uid=generate_uid(prefix=None), name=MANUFACTURER, manufacturer_name=MANUFACTURER, model_name=__version__
        ),
    )


def _group(
    lesion_class: LesionClass, volume_ml: float, segmentation: Dataset, algorithm: tuple[str, str] | None
) -> sr.VolumetricROIMeasurementsAndQualitativeEvaluations:
    """Return the measurement group of one class: its volume, and which segment shows it."""
    segment = next(s for s in segmentation.SegmentSequence if s.SegmentNumber == int(lesion_class))
    return sr.VolumetricROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(uid=segment.TrackingUID, identifier=segment.TrackingID),
        referenced_segment=sr.ReferencedSegment.from_segmentation(segmentation, segment_number=int(lesion_class)),
        finding_type=codes.FINDING[lesion_class],
        finding_category=codes.ABNORMAL_STRUCTURE,
        finding_sites=[sr.FindingSite(anatomic_location=codes.BRAIN)],
        algorithm_id=sr.AlgorithmIdentification(name=algorithm[0], version=algorithm[1]) if algorithm else None,
        measurements=[sr.Measurement(name=codes.VOLUME, value=round(volume_ml, 3), unit=codes.MILLILITRE)],
    )
